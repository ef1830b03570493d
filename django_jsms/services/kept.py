"""What is kept of a callback, for a person: why it changed nothing, and its body with the numbers masked."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from django.utils.translation import get_language

from ..client import callbacks as wire
from ..client.mobile import mask
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
#: A number in such a member: the digits that stand together are one, perhaps with what is dialled before it.
_NUMBER: Final = re.compile(r"(?<!\d)0{0,2}(?:86)?0?1[3-9]\d{9}(?!\d)", re.ASCII)
#: Also where something stands between the digits.
_DIGITS: Final = re.compile(r"\d(?:\D{0,4}\d){6,}")
#: As JSON may write any character, where it could not be read.
_ESCAPED: Final = re.compile(r"\\u([0-9A-Fa-f]{4})")


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
        text = without_numbers(text)
    return storable(text[:_MOST] + "…" * (len(text) > _MOST))


def _parsed(text: str) -> Any:
    try:
        return loads(text)
    except (ValueError, RecursionError):
        return text


def _masked(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {without_numbers(key): _masked(each, key) for key, each in value.items()}
    if isinstance(value, list):
        return [_masked(each, name) for each in value]
    if value is None or isinstance(value, bool):
        return value
    text = str(value)
    if name in _SHOWN and _PLAIN.fullmatch(text) and not _NUMBER.search(text.replace("-", "")):
        return value
    shown = without_numbers(text)
    return value if shown == text else shown


def without_numbers(text: str) -> str:
    """With what may be a number masked, and digits that were written as ``\\u0031`` as such."""
    text = _ESCAPED.sub(lambda found: sign if (sign := chr(int(found[1], 16))).isdecimal() else found[0], text)
    return _DIGITS.sub(lambda found: mask(re.sub(r"\D", "", found[0])), text)
