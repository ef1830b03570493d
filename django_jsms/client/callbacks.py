"""Callbacks: what JSMS posts to an address of ours. Pure functions: sign, verify, read.

JSMS: https://docs.jiguang.cn/jsms/server/callback
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Self
from urllib.parse import parse_qsl, unquote_plus

from .shapes import Payload, WrongShape, integer, loads, number_id, record, storable
from .told import Reply, Report

#: JSMS repeats a failed callback for 12 h and 3 min more, perhaps with the first timestamp (jsms-api 3.3).
OLDEST: Final = timedelta(hours=14)
#: Clocks differ.
AHEAD: Final = timedelta(minutes=5)
REPORT, REPLY, TEMPLATE, SIGNATURE = "SMS_REPORT", "SMS_REPLY", "SMS_TEMPLATE", "SMS_SIGN"

_ECHO: Final = re.compile(r"[A-Za-z0-9]{1,32}", re.ASCII)
#: Java's ``Random.nextLong()``: it may be negative. Digits alone also shut out SHA-1 length extension.
_NONCE: Final = re.compile(r"-?[0-9]{1,19}", re.ASCII)
_TIMESTAMP: Final = re.compile(r"[0-9]{13}", re.ASCII)
_BARE: Final = re.compile(r"(?:^|&)data=(?=\{)")
_FIELDS: Final = ("nonce", "timestamp", "signature", "type", "data")


@dataclass(frozen=True, slots=True)
class Form:
    """The five fields of a notification, as they came; what is missing is ``""``, and what is no UTF-8 U+FFFD."""

    nonce: str = ""
    timestamp: str = ""
    signature: str = field(default="", repr=False)
    type: str = ""
    data: str = field(default="", repr=False)

    @classmethod
    def read(cls, body: bytes) -> Self:
        """From a body of ``application/x-www-form-urlencoded``; never raises. A field given twice is missing."""
        # As Latin-1 every byte comes through, percent-encoded or not.
        text, bare = _apart(body.decode("latin-1"))
        try:
            pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=20, encoding="latin-1")
        except ValueError:
            return cls()
        given: dict[str, str] = {}
        for name, value in (*pairs, *bare):
            key = _utf8(name)
            given[key] = "" if key in given else _utf8(value)
        return cls(**{name: given[name] for name in _FIELDS if name in given})


@dataclass(frozen=True, slots=True)
class Review:
    """The end of an audit: of template or signature ``remote_id``. ``status`` 1 approved, 2 rejected."""

    remote_id: int
    status: int
    reason: str

    @classmethod
    def of_template(cls, payload: Payload) -> Self:
        return cls(number_id(payload, "tempId"), integer(payload, "status"), _reason(payload))

    @classmethod
    def of_signature(cls, payload: Payload) -> Self:
        return cls(number_id(payload, "signId"), integer(payload, "status"), _reason(payload))


Notice = Report | Reply | Review
_READERS: Final[Mapping[str, Callable[[Payload], Notice]]] = {
    REPORT: Report.parse,
    "SMS_STATE": Report.parse,  # what an early page called it
    REPLY: Reply.parse,
    TEMPLATE: Review.of_template,
    SIGNATURE: Review.of_signature,
}
#: The types of notifications that are known here.
KINDS: Final = frozenset(_READERS)


def sign(app_key: str, master_secret: str, nonce: str, timestamp: str) -> str:
    """The signature of a notification: 40 lower-case hexadecimal digits (page «callback»)."""
    base = f"appKey={app_key}&appMasterSecret={master_secret}&nonce={nonce}&timestamp={timestamp}"
    return hashlib.sha1(base.encode(), usedforsecurity=False).hexdigest()


def verify(form: Form, *, app_key: str, master_secret: str, at: datetime) -> bool:
    """Whether somebody who knows the secret wrote nonce and timestamp, and not too long before ``at`` (aware).

    JSMS signs neither ``type`` nor ``data``: they stay a claim.
    """
    if not (_NONCE.fullmatch(form.nonce) and _TIMESTAMP.fullmatch(form.timestamp)):
        return False
    expected = sign(app_key, master_secret, form.nonce, form.timestamp)
    if not hmac.compare_digest(expected.encode(), form.signature.encode("utf-8", "surrogatepass")):
        return False
    age = at.timestamp() - int(form.timestamp) / 1000
    return -AHEAD.total_seconds() <= age <= OLDEST.total_seconds()


def echo(text: str) -> str | None:
    """What to answer the handshake's ``echostr`` with; None where it is not one of JSMS's."""
    return text if _ECHO.fullmatch(text) else None


def parse(form: Form) -> Notice | None:
    """What a notification says; None for a type that is not known here. Raises WrongShape."""
    read = _READERS.get(form.type)
    if read is None:
        return None
    try:
        payload = loads(form.data)
    except (ValueError, RecursionError):
        raise WrongShape("data", "json") from None
    return read(record(payload, "data"))


def _apart(text: str) -> tuple[str, list[tuple[str, str]]]:
    """The form without JSON that was not percent-encoded, as in JSMS's own samples, and that: a reply may hold «&»."""
    begins = _BARE.search(text)
    ends = text.rfind("}") + 1
    if begins is None or ends <= begins.end():
        return text, []
    return text[: begins.start()] + text[ends:], [("data", _bare(text[begins.end() : ends]))]


def _bare(data: str) -> str:
    """As it stands where that is JSON: its «+» and «%» are what somebody wrote. Else only its braces were bare."""
    try:
        loads(data)
    except (ValueError, RecursionError):
        return unquote_plus(data, "latin-1")
    return data


def _utf8(value: str) -> str:
    return value.encode("latin-1").decode("utf-8", "replace")


def _reason(payload: Payload) -> str:
    """Absent, or null, where the audit was passed."""
    given = payload.get("refuseReason")
    return storable(given) if isinstance(given, str) else ""
