"""What JSMS tells of its own accord, by callback or pull: delivery reports and replies.

JSMS hands each record out once. A member that cannot be read is set to a default, so that the rest is not lost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from . import times
from .shapes import UNREADABLE, Payload, WrongShape, number, phone, readable, text, text_id

Record = TypeVar("Record", "Report", "Reply")


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one message: ``status`` 4001 is delivered, all others are not (jsms-api 3.5).

    ``status`` is 0 where it is no number that a column holds, ``received_at`` None where it is no time.
    """

    msg_id: str
    mobile: str = field(repr=False)
    status: int
    received_at: datetime | None

    @classmethod
    def parse(cls, item: Payload) -> Report:
        return cls(text_id(item, "msgId"), phone(item, "phone"), _status(item), _moment(item.get("receiveTime")))


@dataclass(frozen=True, slots=True)
class Reply:
    """What a recipient wrote back. There is no msg_id: number and time are all that ties it to a send.

    What no database stores is U+FFFD in ``content``; ``replied_at`` is None where it is no time.
    """

    mobile: str = field(repr=False)
    content: str = field(repr=False)
    replied_at: datetime | None

    @classmethod
    def parse(cls, item: Payload) -> Reply:
        return cls(phone(item, "phone"), text(item, "content"), _moment(item.get("replyTime")))


@dataclass(frozen=True, slots=True)
class Pulled(Generic[Record]):
    """One pull. JSMS hands each record out once: store ``raw`` first, work on ``records`` after.

    ``raw`` is the JSON as it came; ``unreadable`` counts the entries of it that are in no known form.
    """

    raw: str = field(repr=False)
    records: tuple[Record, ...]
    unreadable: int = 0

    @classmethod
    def read(cls, raw: str, entries: list[Any], parse: Callable[[Payload], Record]) -> Pulled[Record]:
        records = tuple(readable(entries, parse))
        return cls(raw, records, len(entries) - len(records))


def _status(item: Payload) -> int:
    value = item.get("status")
    if not isinstance(value, int | str) or isinstance(value, bool):
        raise WrongShape("status")
    found = number(value)
    return UNREADABLE if found is None else found


def _moment(value: object) -> datetime | None:
    try:
        return times.from_wire(value)
    except (ValueError, TypeError, OverflowError):
        return None
