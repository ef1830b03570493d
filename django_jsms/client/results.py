"""What the client answers with: frozen dataclasses, and how each is read from JSMS's JSON.

Ids are text (a template's and a signature's: integers, as JSMS has them); where the sources disagree
both readings are accepted (jsms-api, section 6). Every ``parse`` raises WrongShape for anything else.
No ``repr`` shows a whole number or a parameter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from . import times
from .outcomes import LISTS, outcomes_in, read
from .outcomes import RecipientResult as RecipientResult
from .shapes import (
    LARGEST_BALANCE,
    LARGEST_SMALL,
    Payload,
    WrongShape,
    error_code,
    integer,
    items,
    natural,
    number_id,
    optional_integer,
    readable,
    storable,
    text,
    text_id,
)

#: What the columns hold of a remark and of a signature.
_LONGEST_REMARK = 500
_LONGEST_SIGN = 16


@dataclass(frozen=True, slots=True)
class Sent:
    """JSMS took the send; ``msg_id`` is what its delivery report will carry."""

    msg_id: str

    @classmethod
    def parse(cls, payload: Payload) -> Sent:
        return cls(text_id(payload, "msg_id"))


@dataclass(frozen=True, slots=True)
class CodeCheck:
    """Whether the code was right. ``code`` says why not: 50010 wrong, 50011 expired, 50012 used, 50026, 50015."""

    is_valid: bool
    code: int | None = None

    @classmethod
    def parse(cls, payload: Payload) -> CodeCheck:
        verdict, code = payload.get("is_valid"), error_code(payload)
        if verdict is True and code is None:
            return cls(True)
        if verdict is False or (verdict is None and code is not None):
            return cls(False, code)
        raise WrongShape("is_valid")


@dataclass(frozen=True, slots=True)
class BatchResult:
    """The answer to a batch. A recipient without an outcome may have got it, whatever the counts say."""

    success_count: int
    failure_count: int
    recipients: tuple[RecipientResult, ...]
    #: Entries that settle nothing, as they came: not readable, or at odds with another about the same number.
    unread: tuple[Any, ...] = field(default=(), repr=False, hash=False)
    #: By number, what the answer says of it, and says in one way only.
    outcomes: dict[str, RecipientResult] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, payload: Payload, asked: int | None = None) -> BatchResult:
        """``asked``: how many recipients the request had; None: as many as the answer counts."""
        entries = read(items(payload, *LISTS))
        sent, failed = _counts(payload)
        outcomes = outcomes_in(entries, sent, sent + failed if asked is None else asked)
        return cls(
            sent,
            failed,
            tuple(one for _, one in entries if one),
            tuple(entry for entry, one in entries if one is None or one.mobile not in outcomes),
            outcomes,
        )


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A schedule that JSMS holds. The counts are None for one of a single recipient."""

    schedule_id: str
    success_count: int | None = None
    failure_count: int | None = None
    failures: tuple[RecipientResult, ...] = ()

    @classmethod
    def parse(cls, payload: Payload) -> Scheduled:
        return cls(text_id(payload, "schedule_id"))

    @classmethod
    def parse_batch(cls, payload: Payload) -> Scheduled:
        sent, failed = _counts(payload)
        settled = outcomes_in(read(items(payload, *LISTS)), sent, sent + failed)
        return cls(
            text_id(payload, "schedule_id"),
            sent,
            failed,
            tuple(one for one in settled.values() if not one.ok),
        )


@dataclass(frozen=True, slots=True)
class ScheduleInfo:
    """What JSMS holds. Each recipient's ``msg_id`` is the only bridge to its report: keep it (jsms-api 2.10)."""

    schedule_id: str
    send_at: datetime
    temp_id: int
    recipients: tuple[RecipientResult, ...]

    @classmethod
    def parse(cls, payload: Payload) -> ScheduleInfo:
        listed = payload.get("recipients")
        if not isinstance(listed, list):
            raise WrongShape("recipients")
        return cls(
            text_id(payload, "schedule_id"),
            _time(times.from_wire, payload, "send_time"),
            number_id(payload, "temp_id"),
            tuple(readable(listed, RecipientResult.parse)),
        )


@dataclass(frozen=True, slots=True)
class Balance:
    """Segments (条) left, by pool. None: nothing of that kind was ever allotted, which is not zero."""

    all_purpose: int | None = None
    voice: int | None = None
    industry: int | None = None
    market: int | None = None

    @classmethod
    def parse_account(cls, payload: Payload) -> Balance:
        return cls._parse(payload, "dev_")

    @classmethod
    def parse_app(cls, payload: Payload) -> Balance:
        return cls._parse(payload, "app_")

    @classmethod
    def _parse(cls, payload: Payload, prefix: str) -> Balance:
        if error_code(payload) is not None:  # 50033: draws from the account's pool, has none of its own
            return cls()
        names = [f"{prefix}{pool}" for pool in ("balance", "voice", "industry", "market")]
        if not any(name in payload for name in names):
            raise WrongShape(names[0])
        return cls(*(optional_integer(payload, name, largest=LARGEST_BALANCE) for name in names))


@dataclass(frozen=True, slots=True)
class TemplateSaved:
    """JSMS took the text of a template; its audit begins."""

    temp_id: int

    @classmethod
    def parse(cls, payload: Payload) -> TemplateSaved:
        return cls(number_id(payload, "temp_id"))


@dataclass(frozen=True, slots=True)
class TemplateInfo:
    """A template at JSMS. ``type`` 1 code, 2 notice, 3 marketing; ``status`` 0 in audit, 1 approved, 2 rejected."""

    temp_id: int
    template: str
    type: int
    ttl: int | None
    remark: str
    status: int

    @classmethod
    def parse(cls, payload: Payload) -> TemplateInfo:
        return cls(
            temp_id=number_id(payload, "temp_id"),
            template=text(payload, "template"),
            type=natural(payload, "type", largest=LARGEST_SMALL),
            ttl=natural(payload, "ttl") or None if payload.get("ttl") is not None else None,
            remark=storable(str(payload.get("remark") or ""))[:_LONGEST_REMARK],
            status=integer(payload, "status"),
        )


@dataclass(frozen=True, slots=True)
class SignatureSaved:
    """JSMS took a signature; its audit begins."""

    sign_id: int

    @classmethod
    def parse(cls, payload: Payload) -> SignatureSaved:
        return cls(number_id(payload, "sign_id"))


@dataclass(frozen=True, slots=True)
class SignatureInfo:
    """A signature at JSMS; ``status`` 0 in audit, 1 approved, 2 rejected."""

    sign_id: int
    sign: str
    status: int
    is_default: bool
    in_use: bool

    @classmethod
    def parse(cls, payload: Payload) -> SignatureInfo:
        sign = text(payload, "sign")
        if len(sign) > _LONGEST_SIGN:
            raise WrongShape("sign")
        return cls(
            sign_id=number_id(payload, "sign_id"),
            sign=sign,
            status=integer(payload, "status"),
            is_default=optional_integer(payload, "is_default") == 1,
            in_use=optional_integer(payload, "use_status") == 1,
        )


def nothing(payload: Payload) -> None:
    """A deletion answers with nothing."""


def _counts(payload: Payload) -> tuple[int, int]:
    return integer(payload, "success_count"), integer(payload, "failure_count")


def _time(read: Callable[[Any], datetime], payload: Payload, name: str) -> datetime:
    try:
        return read(payload.get(name))
    except (ValueError, TypeError, OverflowError):
        raise WrongShape(name) from None
