"""Whom an answer names, and what became of each. If an answer says two things of a number, its outcome is not known.

So it may have been sent, and nothing of it is sent again by itself (docs: «Why a send can be unknown»).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from .mobile import mask, number_in
from .shapes import Payload, WrongShape, code_of, number, phone, readable, storable, text_id

#: The ids that JSMS gives to what it sends or holds, also as its callbacks write them, and the lists of those it
#: sends to.
IDS: Final = ("msg_id", "schedule_id", "msgId", "scheduleId")
LISTS: Final = ("recipients", "failure_recipients")
#: What an answer repeats of the request: its names are the project's.
_ECHO: Final = "temp_para"
#: A member that names a send, and is not empty, in what is no JSON as a whole.
_NAMED: Final = re.compile(rf'"(?:{"|".join(IDS)}|success_count)"\s*:\s*(?!null|false|""|"?0+\b(?!-))["\w-]')


def told_of(payload: object) -> Iterator[Payload]:
    """Whatever of an answer may hold an id: every object in it, the outer ones first."""
    found = [payload]
    for each in found:
        if isinstance(each, Mapping):
            yield each
            found += (value for name, value in each.items() if name != _ECHO)
        elif isinstance(each, list):
            found += each


def tells_of_a_send(payload: object) -> bool:
    """Whether an answer names something that was sent or is held: an id whose own entry holds no error, or, in a
    text that is no JSON, any id."""
    if isinstance(payload, str):
        return bool(_NAMED.search(payload))
    return any(_names_a_send(each) or number(each.get("success_count")) for each in told_of(payload))


def _names_a_send(entry: Payload) -> bool:
    """Of those that failed a batch names ids, too (jsms-api 2.5)."""
    return any(map(entry.get, IDS)) and code_of(entry.get("error_code")) is None


@dataclass(frozen=True, slots=True)
class RecipientResult:
    """One recipient of a batch or a schedule. ``code`` None: taken; a number: refused, or 0: refused unreadably."""

    mobile: str = field(repr=False)
    msg_id: str | None = None
    code: int | None = None
    message: str = ""
    params: dict[str, str] | None = field(default=None, repr=False, hash=False)

    @property
    def ok(self) -> bool:
        """By the error alone: failed items carry a ``msg_id`` too (jsms-api 2.5)."""
        return self.code is None

    @property
    def masked(self) -> str:
        return mask(self.mobile)

    @property
    def outcome(self) -> tuple[int | None, str | None]:
        """What became of it: of one that was refused the id is no matter."""
        return self.code, self.msg_id if self.ok else None

    @classmethod
    def parse(cls, item: Payload) -> RecipientResult:
        given, code = phone(item, "mobile"), code_of(item.get("error_code"))
        return cls(
            # As rows hold it, so that it finds its row; what is no mobile number stays as it came.
            mobile=number_in(given) or given,
            msg_id=_msg_id(item, taken=code is None),
            code=code,
            message=storable(str(item.get("error_message") or "")),
            params=_params(item.get("temp_para")),
        )


def read(listed: list[Any]) -> list[tuple[Any, RecipientResult | None]]:
    """Each as it came, and as it is read; None where it cannot be."""
    return [(entry, next(readable([entry], RecipientResult.parse), None)) for entry in listed]


def outcomes_in(
    entries: list[tuple[Any, RecipientResult | None]], success_count: int, asked: int
) -> dict[str, RecipientResult]:
    """By number. One that is listed as sent and as refused may be either, and is left out.

    If the answer counts more sends than it names, of ``asked`` recipients, one of those listed as refused got it. So
    all of these are left out, too.
    """
    by_number: dict[str, list[RecipientResult | None]] = {}
    for entry, one in entries:
        by_number.setdefault(one.mobile if one else _number(entry), []).append(one)
    settled = {
        mobile: first
        for mobile, (first, *others) in by_number.items()
        if first and all(one and one.outcome == first.outcome for one in others)
    }
    sent = {mobile: one for mobile, one in settled.items() if one.ok}
    proven, refused = max(success_count, len(sent)), len(settled) - len(sent)
    to_nobody = (isinstance(entry, dict) and _names_a_send(entry) and not _number(entry) for entry, _ in entries)
    return sent if any(to_nobody) or (proven and proven + refused > asked) else settled


def _number(entry: Any) -> str:
    """Whom an entry is about, as ``RecipientResult`` reads it, also where the rest cannot be read; or nobody."""
    if isinstance(entry, dict):
        with suppress(WrongShape):
            return number_in(phone(entry, "mobile")) or ""
    return ""


def _msg_id(item: Payload, *, taken: bool) -> str | None:
    """One that was taken can be checked by its id or by nothing; of one that was refused the id is no matter."""
    if item.get("msg_id") in (None, ""):
        return None
    try:
        return text_id(item, "msg_id")
    except WrongShape:
        if taken:
            raise
        return None


def _params(given: object) -> dict[str, str] | None:
    """PHP's clients made ``[]`` of an empty object; so may an echo of it."""
    if not isinstance(given, dict) or not given:
        return None
    return {storable(name): storable(str(value)) for name, value in given.items()}
