"""What JSMS told us: the callbacks as they came, the reports and replies in them, and who opted out."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, Self

from django.db import models, router
from django.utils.translation import gettext_lazy as _

from ..client.mobile import mask
from .base import LEASE, Row
from .identifiers import Identifier

#: How long an unknown row and a report without a row may find each other.
ADOPTION: Final = timedelta(hours=72)
#: Why a stored body changed nothing yet: it was not read so far, or the answer to a pull was lost.
UNREAD: Final = "unread"
GAP: Final = "gap"


class ToldQuerySet(models.QuerySet[Any]):
    def primary(self) -> Self:
        return self.using(router.db_for_write(self.model))


class Callback(Row):
    """One notification, stored before it is believed. It can change delivery, audits, replies and opt-outs only."""

    kind = Identifier(_("kind"), max_length=32)
    #: Bytes: whatever came must fit, in any encoding of the database.
    body = models.BinaryField(editable=False)
    #: The same notification again is the same row.
    digest = Identifier(max_length=64, unique=True, editable=False)
    #: Nonce and timestamp of the first that came with them, and for further ones what they are about; another
    #: body about the same stays without.
    signed_as = Identifier(max_length=120, unique=True, null=True, editable=False)
    #: Or dismissed: then ``error`` says why it changed nothing.
    applied_at = models.DateTimeField(_("applied at"), null=True, editable=False)
    #: Our stable word for why it changed nothing, or not yet.
    error = models.CharField(_("error"), max_length=32, blank=True, default="", editable=False)

    objects: ClassVar[Any] = ToldQuerySet.as_manager()

    class Meta:
        verbose_name = _("callback")
        verbose_name_plural = _("callbacks")
        indexes = [models.Index(fields=["error", "updated_at"], name="jsms_callback_unread")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    def take(self, at: datetime) -> bool:
        """Whether this caller is the one that applies it now; in the transaction of its effect."""
        mine = type(self).objects.primary().filter(pk=self.pk, applied_at=None, error=self.error)
        if mine.update(applied_at=at, error="", updated_at=at):
            self.applied_at, self.error = at, ""
            return True
        self.refresh_from_db(fields=["applied_at", "error"], using=router.db_for_write(type(self)))
        return False

    def settle(self, at: datetime, error: str, *, applied: bool = False) -> None:
        """Say why it changed nothing, in the transaction of its effect."""
        self.applied_at, self.error = at if applied else None, error
        mine = type(self).objects.primary().filter(pk=self.pk)
        mine.update(applied_at=self.applied_at, error=error, updated_at=at)

    def dismiss(self, at: datetime) -> bool:
        """Whether it was left until now. For as long as a call takes a gap may be a pull that is under way, and
        somebody may be reading what is unread."""
        left = type(self).objects.primary().filter(pk=self.pk, applied_at=None).exclude(error="")
        busy = {"error__in": (GAP, UNREAD), "created_at__gt": at - LEASE}
        if not left.exclude(**busy).update(applied_at=at, updated_at=at):
            return False
        self.applied_at = at
        return True

    def keep(self, at: datetime, body: bytes) -> None:
        """What a pull brought, before it is read."""
        type(self).objects.primary().filter(pk=self.pk).update(body=body, error=UNREAD, updated_at=at)
        self.body, self.error = body, UNREAD

    def withdraw(self) -> None:
        """The pull was refused, never left or brought nothing: nothing can be missing."""
        type(self).objects.primary().filter(pk=self.pk, applied_at=None).delete()


def digest(*parts: str | bytes) -> str:
    """One value for all parts, whatever stands in them."""
    whole = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        whole.update(len(data).to_bytes(8, "big") + data)
    return whole.hexdigest()


class Report(Row):
    """One delivery report; every one is kept. Without ``applied_at`` it waits for its row."""

    msg_id = Identifier(_("msg_id"), max_length=128)
    mobile_hash = Identifier(max_length=32, editable=False)
    #: JSMS's number: 4001 is delivered.
    status = models.IntegerField(_("status"))
    received_at = models.DateTimeField(_("received at"))
    callback = models.ForeignKey(Callback, models.SET_NULL, null=True, related_name="reports")
    applied_at = models.DateTimeField(_("applied at"), null=True)

    objects: ClassVar[Any] = ToldQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery report")
        verbose_name_plural = _("delivery reports")
        indexes = [
            models.Index(fields=["msg_id"], name="jsms_report_msg_id"),
            models.Index(fields=["applied_at", "received_at"], name="jsms_report_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.msg_id}: {self.status}"


class Reply(Row):
    """What a recipient wrote back. Only number and time tie it to what was sent."""

    mobile = models.CharField(_("mobile"), max_length=11, null=True, editable=False)  # noqa: DJ001
    mobile_hash = Identifier(max_length=32, editable=False)
    content = models.TextField(_("content"))
    replied_at = models.DateTimeField(_("replied at"))
    callback = models.ForeignKey(Callback, models.SET_NULL, null=True, related_name="replies")

    objects: ClassVar[Any] = ToldQuerySet.as_manager()

    class Meta:
        verbose_name = _("reply")
        verbose_name_plural = _("replies")
        indexes = [models.Index(fields=["mobile_hash"], name="jsms_reply_number")]

    def __str__(self) -> str:
        return self.masked_mobile

    @property
    def masked_mobile(self) -> str:
        """``138****8000``, or a dash once the number has been purged."""
        return mask(self.mobile) if self.mobile else "—"


class OptOut(Row):
    """A number that wants no more messages of a class. It keeps its number: a new HASH_KEY must not forget it."""

    class Source(models.TextChoices):
        REPLY = "reply", _("reply")
        REFUSAL = "refusal", _("JSMS refused (50024)")
        PERSON = "person", _("entered by a person")

    mobile = models.CharField(_("mobile"), max_length=11, editable=False)
    mobile_hash = Identifier(max_length=32, editable=False)
    message_class = models.CharField(_("class"), max_length=10, default="marketing")
    source = models.CharField(_("source"), max_length=10, choices=Source)
    #: What it rests on: the reply's text, or the message JSMS refused.
    evidence = models.CharField(_("evidence"), max_length=100, blank=True, default="")
    since = models.DateTimeField(_("since"))

    objects: ClassVar[Any] = ToldQuerySet.as_manager()

    class Meta:
        verbose_name = _("opt-out")
        verbose_name_plural = _("opt-outs")
        constraints = [
            models.UniqueConstraint(fields=["app", "mobile_hash", "message_class"], name="jsms_optout_number")
        ]

    def __str__(self) -> str:
        return f"{mask(self.mobile)} {self.message_class}"
