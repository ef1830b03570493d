"""What is kept of a callback, for a person: why it changed nothing, and its body with the numbers masked."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from django.utils.translation import get_language

from ..client import callbacks as wire
from ..client.mobile import mask, number_in
from ..client.shapes import loads, storable
from ..models.callbacks import Callback
from .told import ANSWER, PULLED, UNREADABLE, entries, explain

#: Characters of a body that a page shows.
_MOST: Final = 20_000
#: Members that say what a record is about, and when. All other digits may be a number.
_SHOWN: Final = frozenset(
    {"msgId", "msg_id", "schedule_id", "tempId", "signId", "receiveTime", "replyTime", "id", "attempt"}
)
_PLAIN: Final = re.compile(r"[0-9A-Za-z-]+", re.ASCII)
#: Also where something stands between the digits.
_DIGITS: Final = re.compile(r"\d(?:\W{0,3}\d){6,}")


def why(callback: Callback) -> str:
    """Its reason; of what cannot be read also the member, in the reader's language."""
    if callback.error != UNREADABLE:
        return callback.error
    faults = explain((read for _, read in entries(callback)), get_language() or "en")
    return f"{callback.error}: {faults}"


def masked_body(callback: Callback) -> str:
    """What was told, as indented JSON where it is some. Of a notification its data: the rest proves who sent it."""
    whole = callback.kind in PULLED or callback.kind == ANSWER
    body = bytes(callback.body)
    text = body.decode("utf-8", "replace") if whole else wire.Form.read(body).data
    try:
        said = loads(text)
        if callback.kind == ANSWER:
            said = {**said, "answer": _parsed(said["answer"])}
        text = json.dumps(_masked(said), ensure_ascii=False, indent=1)
    except (ValueError, RecursionError):
        text = _without_numbers(text)
    return storable(text[:_MOST] + "…" * (len(text) > _MOST))


def _parsed(text: str) -> Any:
    try:
        return loads(text)
    except (ValueError, RecursionError):
        return text


def _masked(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {_without_numbers(key): _masked(each, key) for key, each in value.items()}
    if isinstance(value, list):
        return [_masked(each, name) for each in value]
    if value is None or isinstance(value, bool):
        return value
    text = str(value)
    told = name in _SHOWN and _PLAIN.fullmatch(text) and number_in(text) is None
    return value if told or not _DIGITS.search(text) else _without_numbers(text)


def _without_numbers(text: str) -> str:
    return _DIGITS.sub(lambda found: mask(re.sub(r"\D", "", found[0])), text)
