"""What a served sandbox says in its terminal: each text with its code and its phone's address."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress

from .ledger import Entry
from .records import Message

_SHOWN = 5


def say(line: str) -> None:
    """One line, at once; what the terminal cannot show stands there as an escape."""
    encoding = sys.stdout.encoding or "utf-8"
    print(line.encode(encoding, "backslashreplace").decode(encoding), flush=True)


def printable(text: str) -> str:
    """Without line breaks and escape sequences: what an application sends does not steer the terminal."""
    return "".join(mark if mark.isprintable() else " " for mark in text)


def teller(
    url: str, out: Callable[[str], None] = say
) -> tuple[Callable[[list[Message]], None], Callable[[Entry], None]]:
    """The two listeners for ``SandboxServer.watch``. A terminal that is gone fails no call."""

    def tell(line: str) -> None:
        with suppress(OSError, ValueError):
            out(line)

    def on_messages(messages: list[Message]) -> None:
        for each in messages[:_SHOWN]:
            code = f"  [{each.code}]" if each.code else ""
            text = printable(f"{each.mobile}{code}  {each.text}")
            tell(f"{each.sent_at:%H:%M:%S}  {text}  {url}/_sandbox/#{each.mobile}")
        if len(messages) > _SHOWN:
            tell(f"          … +{len(messages) - _SHOWN}")

    def on_call(entry: Entry) -> None:
        if entry.code:
            hint = f"  ({entry.hint})" if entry.hint else ""
            asked = printable(f"{entry.method} {entry.path}")
            tell(f"{entry.time[11:19]}  {asked}  {entry.status} {entry.code}{hint}")
        elif entry.callback and (entry.callback["error"] or not 200 <= (entry.status or 0) < 300):
            told = printable(f"{entry.event} {entry.callback['kind']} {entry.callback['url']}")
            tell(f"{entry.time[11:19]}  {told}  {entry.status or entry.callback['error']}")

    return on_messages, on_call
