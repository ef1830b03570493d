"""What the sandbox remembers: apps, accounts, templates, signatures, messages, codes, schedules."""

from __future__ import annotations

import hmac
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

from .clock import BEIJING
from .jobs import Job
from .refusals import Refusal

AUDITING, APPROVED, REJECTED = 0, 1, 2
CODE, NOTICE, MARKETING = 1, 2, 3
POOLS: Final = ("balance", "voice", "industry", "market")
GENEROUS: Final = {"balance": 10_000_000, "voice": 1_000_000, "industry": 10_000_000, "market": 10_000_000}
_PULLED_KEPT: Final = 200_000

Pools = dict[str, int | None]


@dataclass(slots=True)
class Template:
    """A text with placeholders; ``type`` 1 code, 2 notice, 3 marketing; ``ttl`` of its codes in seconds."""

    temp_id: int
    text: str
    type: int
    ttl: int = 300
    status: int = APPROVED
    remark: str = ""
    reason: str | None = None
    handed_in: int = 0


@dataclass(slots=True)
class Signature:
    """What stands in front of a text in 【】."""

    sign_id: int
    text: str
    status: int = APPROVED
    type: int | None = None
    remark: str = ""
    reason: str | None = None
    handed_in: int = 0


@dataclass(slots=True)
class Account:
    """A developer: the keys of ``GET /accounts/dev`` and the pools that apps without an allotment share."""

    key: str
    secret: str
    pools: Pools = field(default_factory=lambda: dict(GENEROUS))


def _queues() -> dict[str, deque[dict[str, Any]]]:
    return {kind: deque(maxlen=_PULLED_KEPT) for kind in ("SMS_REPORT", "SMS_REPLY")}


@dataclass(frozen=True, slots=True)
class Outcome:
    """A rule: the status of a report, None for «never one», after so many seconds, None for the usual."""

    status: int | None = 4001
    delay: float | None = None


@dataclass(slots=True)
class App:
    """One application of an account, with everything that belongs to it alone."""

    key: str
    secret: str
    account: Account
    pools: Pools = field(default_factory=lambda: dict(GENEROUS))
    templates: dict[int, Template] = field(default_factory=dict)
    signatures: dict[int, Signature] = field(default_factory=dict)
    default_sign: int | None = None
    enabled: bool = True
    blacklisted: bool = False
    allowed_ips: frozenset[str] = frozenset()
    opted_out: set[str] = field(default_factory=set)
    #: (mobile or «*», channel) → what becomes of messages to it
    outcomes: dict[tuple[str, str], Outcome] = field(default_factory=dict)
    callback_urls: dict[str, str] = field(default_factory=dict)
    callbacks: Callable[[App, str, dict[str, Any]], None] = lambda app, kind, data: None
    waiting: dict[str, deque[dict[str, Any]]] = field(default_factory=_queues)
    pulled_at: dict[str, float] = field(default_factory=dict)


def opens(owner: App | Account, key: str, secret: str) -> bool:
    """Whether these are its credentials."""
    return hmac.compare_digest(owner.key.encode(), key.encode()) and hmac.compare_digest(
        owner.secret.encode(), secret.encode("utf-8", "surrogatepass")
    )


@dataclass(slots=True)
class Message:
    """One text or call that reached a phone; ``code`` when there is one to read off."""

    seq: int
    msg_id: str
    app_key: str
    mobile: str
    kind: str
    text: str
    sent: float
    segments: int
    code: str | None = None
    temp_id: int | None = None
    tag: str | None = None
    schedule_id: str | None = None
    #: That of its report, once there is one.
    status: int | None = None

    @property
    def sent_at(self) -> datetime:
        return datetime.fromtimestamp(self.sent, BEIJING)

    def as_json(self) -> dict[str, Any]:
        return {
            "seq": self.seq,
            "msg_id": self.msg_id,
            "app_key": self.app_key,
            "mobile": self.mobile,
            "kind": self.kind,
            "text": self.text,
            "code": self.code,
            "temp_id": self.temp_id,
            "tag": self.tag,
            "schedule_id": self.schedule_id,
            "segments": self.segments,
            "status": self.status,
            "sent_at": self.sent_at.isoformat(timespec="milliseconds"),
        }


@dataclass(slots=True)
class Reply:
    """What a phone answered."""

    seq: int
    app_key: str
    mobile: str
    content: str
    sent: float
    opted_out: bool

    def as_json(self) -> dict[str, Any]:
        return {
            "seq": self.seq,
            "app_key": self.app_key,
            "mobile": self.mobile,
            "content": self.content,
            "opted_out": self.opted_out,
            "sent_at": datetime.fromtimestamp(self.sent, BEIJING).isoformat(timespec="milliseconds"),
        }


class Report(NamedTuple):
    """What became of a message, once that was reported."""

    seq: int
    app_key: str
    msg_id: str
    mobile: str
    status: int
    received: float

    def as_json(self) -> dict[str, Any]:
        return {
            "seq": self.seq,
            "app_key": self.app_key,
            "msg_id": self.msg_id,
            "mobile": self.mobile,
            "status": self.status,
            "received_at": datetime.fromtimestamp(self.received, BEIJING).isoformat(timespec="milliseconds"),
        }


@dataclass(slots=True)
class Code:
    """A code somebody may check: under its msg_id, once, until it expires."""

    app_key: str
    digits: str
    expires: float
    verified: bool = False
    wrong_tries: int = 0


@dataclass(slots=True)
class Recipient:
    """One number of a call, and what became of it on the way through the steps."""

    mobile: str
    params: Mapping[str, str]
    given: Any = None
    msg_id: str = ""
    text: str = ""
    units: int = 0
    segments: int = 1
    refusal: Refusal | None = None


@dataclass(slots=True)
class Schedule:
    """A send that waits for its time; ``status`` pending, sent or deleted."""

    schedule_id: str
    app: App
    due: float
    template: Template
    signature: Signature
    recipients: list[Recipient]
    many: bool
    tag: str | None = None
    status: str = "pending"
    job: Job | None = None
