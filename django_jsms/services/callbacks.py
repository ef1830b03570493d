"""Callbacks: what JSMS posts is stored before it is believed, and believed only as far as it can be.

A notification can change delivery, audits, replies and opt-outs of what is ours already, and nothing else
(docs: «Delivery reports and replies»).
"""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any, Final, Literal

from django.db import IntegrityError, router

from .. import conf
from ..client import callbacks as wire
from ..client.told import Pulled, Reply, Report
from ..models.base import durably, now
from ..models.callbacks import Callback, digest
from . import records, replies, reports, reviews
from .hours import aware

logger = logging.getLogger("django_jsms")

#: What is kept of a body. The longest reply, percent-encoded, fits.
MOST_BYTES: Final = 256 * 1024
NONCE_REUSED: Final = "nonce_reused"
Verdict = Literal["stored", "repeated", "forbidden", "unreadable"]


def app_of(token: str) -> str | None:
    """The app whose ``CALLBACK_TOKENS`` hold that token, found in constant time; None for nobody's."""
    given, found = token.encode("utf-8", "surrogatepass"), None
    for alias, entry in conf.app_entries().items():
        for each in entry.get("CALLBACK_TOKENS") or ():
            if hmac.compare_digest(each.encode(), given):
                found = alias
    return found


def receive(body: bytes, *, app: str) -> Verdict:
    """Take in one notification for ``app``: verify it, store it, apply it; answers what became of it.

    ``forbidden``: nobody who knows the secret signed it lately, or its nonce was used for another body
    (that one is stored, and changes nothing). ``repeated``: it is stored already. ``unreadable``: it is
    stored, and says nothing. One transaction holds the row and its effect; a DatabaseError leaves
    neither, so that JSMS may try again.

    JSMS: https://docs.jiguang.cn/jsms/server/callback
    """
    config = conf.app(app)
    form = wire.Form.read(body)
    at = now()
    signed = wire.verify(form, app_key=config.app_key, master_secret=config.master_secret, at=aware(at))
    if not signed:
        logger.warning("A callback for app %s was not signed by JSMS, or too long ago", app)
        records.record("callback", app=config.alias, verdict="forbidden", reason="unsigned")
        return "forbidden"
    return _store(config.alias, form, body, at)


def _store(app: str, form: wire.Form, body: bytes, at: datetime) -> Verdict:
    values: dict[str, Any] = {
        "app": app,
        "kind": form.type[:32].replace("\0", ""),
        "body": body[:MOST_BYTES],
        "digest": digest(app, form.type, form.nonce, form.timestamp, body),
    }
    signed_as = f"{app}:{form.nonce}:{form.timestamp}"
    try:
        callback, announce = _committed(lambda: _insert(form, at, signed_as=signed_as, **values))
    except IntegrityError:
        return _seen_before(values)
    announce()
    return _told("unreadable" if callback.error == "unreadable" else "stored", callback)


def _told(verdict: Verdict, callback: Callback) -> Verdict:
    told = {"app": callback.app, "kind": callback.kind, "id": callback.pk, "reason": callback.error}
    records.record("callback", verdict=verdict, **told)
    return verdict


def _committed(work: Callable[[], Any]) -> Any:
    return durably(work, using=router.db_for_write(Callback))


def _insert(form: wire.Form, at: datetime, **values: Any) -> tuple[Callback, Callable[[], None]]:
    callback = Callback.objects.primary().create(created_at=at, updated_at=at, applied_at=at, **values)
    return callback, _apply(callback, form, at)


def _seen_before(values: dict[str, Any]) -> Verdict:
    """The same again is fine; another body under a nonce that was used is somebody's replay."""
    stored = Callback.objects.primary()
    known = stored.filter(digest=values["digest"]).defer("body").first()
    if known is None:
        logger.error("A callback for app %s came with another body under a nonce that was used", values["app"])
        known = Callback(error=NONCE_REUSED, **values)
        with suppress(IntegrityError):  # it came twice at once
            _committed(lambda: known.save(using=stored.db))
    return _told("forbidden" if known.error == NONCE_REUSED else "repeated", known)


def _apply(callback: Callback, form: wire.Form, at: datetime) -> Callable[[], None]:
    """Its effect, in the open transaction; answers what to announce after the commit."""
    try:
        said = wire.parse(form)
    except wire.Unreadable as error:
        logger.warning("Callback %s of app %s cannot be read: %s", callback.pk, callback.app, error)
        callback.settle(at, "unreadable")
        return _nothing
    effect = _EFFECTS.get(type(said))
    if effect is None:
        callback.settle(at, "unknown_kind")
        return _nothing
    fault, announce = effect(callback, said, at)
    if fault:
        callback.settle(at, fault)
    return announce


def apply_records(callback: Callback, pulled: Iterable[Any], at: datetime) -> list[Callable[[], None]]:
    """The effects of what was pulled, in the open transaction; answers what to announce after the commit."""
    return [_EFFECTS[type(record)](callback, record, at)[1] for record in pulled]


def reprocess_callback(callback: Callback) -> str:
    """Apply what is stored and changed nothing yet, once more; answers why it still does not, or ``""``.

    A gap holds nothing, and one whose nonce was used for another body is not believed: both stay as they are.
    """
    if callback.applied_at or callback.error in _FINAL:
        return callback.error
    at = now()

    def again() -> list[Callable[[], None]]:
        if not callback.take(at):  # another process was quicker
            return []
        if callback.kind in PULLED:
            return apply_records(callback, _records(callback), at)
        return [_apply(callback, wire.Form.read(bytes(callback.body)), at)]

    for announce in _committed(again):
        announce()
    return callback.error


def _records(callback: Callback) -> tuple[Any, ...]:
    """What stands in a pulled body; it was an array of JSON when it was stored."""
    raw = bytes(callback.body).decode()
    return Pulled.read(raw, json.loads(raw), PULLED[callback.kind]).records


def _nothing() -> None:
    """Nobody has to hear of it."""


#: The kinds of what was pulled, and what its entries are.
PULLED: Final[dict[str, Callable[[Any], Any]]] = {"pull report": Report.parse, "pull reply": Reply.parse}
_FINAL: Final = (NONCE_REUSED, "gap")
_EFFECTS: Final[dict[type, Callable[[Callback, Any, datetime], tuple[str, Callable[[], None]]]]] = {
    Report: reports.apply_report,
    Reply: replies.apply_reply,
    wire.Review: reviews.apply_review,
}
