"""Callbacks: what JSMS posts is stored before it is believed, and believed only as far as it can be.

A notification can change delivery, audits, replies and opt-outs of what is ours already, and nothing else
(docs: «Delivery reports and replies»).
"""

from __future__ import annotations

import hmac
import logging
from typing import Final, Literal

from django.db import IntegrityError, router

from .. import conf
from ..client import callbacks as wire
from ..client.errors import clean
from ..client.shapes import WrongShape
from ..models.base import durably, now
from ..models.callbacks import UNREAD, Callback, digest
from . import records
from .hours import aware
from .kept import without_numbers
from .told import UNREADABLE, apply_stored

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

    ``forbidden``: it has no fresh and valid signature, or its nonce was used for another body about the
    same (that one is stored, and a person may apply it). ``repeated``: it is stored already. ``unreadable``: it
    is stored, and says nothing. It is committed before it is applied: a DatabaseError of the first leaves nothing,
    so that JSMS may try again, and what fails after it is applied by the sweep or by a person.

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
    callback = Callback(
        app=config.alias,
        kind=_kind(form.type),
        body=body[:MOST_BYTES],
        digest=digest(config.alias, form.type, form.nonce, form.timestamp, body),
        error=UNREAD,
        created_at=at,
        updated_at=at,
    )
    return _store(callback, form)


def _kind(given: str) -> str:
    """JSMS does not sign it, and what was pulled has kinds of our own: another one never looks like them,
    nor shows it a number."""
    return given if given in wire.KINDS else f"other {without_numbers(clean(given))}"[:32]


def _store(callback: Callback, form: wire.Form) -> Verdict:
    signed_as = f"{callback.app}:{form.nonce}:{form.timestamp}"
    if _inserted(callback, signed_as):
        return _taken_in(callback)
    known = Callback.objects.primary().filter(digest=callback.digest).defer("body").first()
    if known is None:
        return _under_a_used_nonce(callback, form, signed_as)
    if known.error == UNREAD:  # whoever stored it may have died
        return _taken_in(known, "repeated")
    return _told("forbidden" if known.error == NONCE_REUSED else "repeated", known)


def _inserted(callback: Callback, signed_as: str | None) -> bool:
    callback.signed_as = signed_as
    using = router.db_for_write(Callback)
    try:
        durably(lambda: callback.save(force_insert=True, using=using), using=using)
    except IntegrityError:
        return False
    return True


def _taken_in(callback: Callback, verdict: Verdict = "stored") -> Verdict:
    """It is committed, and JSMS need not say it again whatever happens now."""
    try:
        apply_stored(callback)
    except Exception as error:
        logger.error("Callback %s is stored, and not applied yet (%s)", callback.pk, type(error).__name__)
    return _told("unreadable" if callback.error == UNREADABLE else verdict, callback)


def _told(verdict: Verdict, callback: Callback) -> Verdict:
    told = {"app": callback.app, "kind": callback.kind, "id": callback.pk, "reason": callback.error}
    records.record("callback", verdict=verdict, **told)
    return verdict


def _under_a_used_nonce(callback: Callback, form: wire.Form, signed_as: str) -> Verdict:
    """About something else it is believed, as JSMS's own test programs use a nonce for all kinds. The same record
    in other words is the same; another one about the same may be somebody's replay, and waits for a person."""
    about, said = _about(form)
    first = _holder(signed_as)
    if first is None or _about(first)[0] != about:
        signed_as = f"{signed_as}:{digest(*about)[:16]}"
        if _inserted(callback, signed_as):
            logger.warning("Callback %s for app %s came under a nonce that was used", callback.pk, callback.app)
            return _taken_in(callback)
        first = _holder(signed_as)
    if first is not None and _about(first)[1] == said:
        return _told("repeated", callback)
    callback.error = NONCE_REUSED
    _inserted(callback, None)  # False: it came twice at once
    logger.error("A callback for app %s came with another body under a nonce that was used", callback.app)
    return _told("forbidden", callback)


def _holder(signed_as: str) -> wire.Form | None:
    found = Callback.objects.primary().filter(signed_as=signed_as).first()
    return wire.Form.read(bytes(found.body)) if found else None


def _about(form: wire.Form) -> tuple[tuple[str, str], object]:
    """Kind and subject of a notification, and all that it says."""
    try:
        said = wire.parse(form)
    except WrongShape:
        said = None
    subject = next((str(getattr(said, name)) for name in _SUBJECTS if hasattr(said, name)), "")
    return (form.type, subject), said or form.data


#: What a report, an audit and a reply are about, the nearer first.
_SUBJECTS: Final = ("msg_id", "remote_id", "mobile")
