"""Template messages: one row per recipient."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from .base import Moment
from .delivery import REPORT_WAIT
from .identifiers import Identifier
from .outgoing import Outgoing, OutgoingQuerySet

#: What stands in place of a code's parameters once its fate is known.
HIDDEN = "•"
#: The reason of a message that a person took for lost.
LOST = "lost"


class MessageQuerySet(OutgoingQuerySet):
    """The arrows that many take at once, with a code's parameters forgotten on the way."""

    # What is in a chunk is never claimed by itself; saying so lets the index be used.

    def due(self, at: Moment) -> Self:
        return super().due(at).filter(chunk=None)

    def dead(self, at: Moment) -> Self:
        return super().dead(at).filter(chunk=None)

    def late(self, at: Moment) -> Self:
        return super().late(at).filter(chunk=None)

    def reap(self, at: datetime) -> int:
        self.dead(at).filter(message_class="code").update(params={})
        return super().reap(at)

    def expire(self, at: datetime) -> int:
        self.late(at).filter(message_class="code").update(params={})
        return super().expire(at)

    def undecided(self) -> Self:
        """Nobody knows whether they were sent, and nobody has decided what to do about it."""
        return self.filter(status="unknown", resent_at=None)

    def to_decide(self, at: datetime) -> Self:
        """Undecided for so long that no report will settle them: a person has to."""
        return self.undecided().filter(updated_at__lte=at - REPORT_WAIT)

    def mark_lost(self, at: datetime) -> int:
        """A person takes undecided ones for lost: they count as failed, and are never sent again."""
        return self.undecided().update(status="failed", reason=LOST, updated_at=at)

    def take_for_resend(self, at: datetime) -> int:
        """Those that were not taken before, each for one new row. Purged numbers cannot be sent to."""
        return self.filter(resent_at=None, mobile__isnull=False).update(resent_at=at, updated_at=at)


class Message(Outgoing):
    """One template message to one number. ``waiting`` ones belong to a chunk, whose claim is theirs."""

    class Status(models.TextChoices):
        PENDING = "pending", pgettext_lazy("message", "pending")
        WAITING = "waiting", pgettext_lazy("message", "waiting")
        SENDING = "sending", pgettext_lazy("message", "sending")
        SENT = "sent", pgettext_lazy("message", "sent")
        FAILED = "failed", pgettext_lazy("message", "failed")
        UNKNOWN = "unknown", pgettext_lazy("message", "unknown (may have been sent)")
        CANCELLED = "cancelled", pgettext_lazy("message", "cancelled")
        EXPIRED = "expired", pgettext_lazy("message", "expired unsent")

    class Class(models.TextChoices):
        CODE = "code", _("verification code")
        NOTICE = "notice", _("notice")
        MARKETING = "marketing", _("marketing")

    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.PENDING)
    message_class = models.CharField(_("class"), max_length=10, choices=Class, default=Class.NOTICE)
    params = models.JSONField(_("parameters"), default=dict)
    tag = Identifier(_("tag"), max_length=10, blank=True, default="")
    reference = Identifier(_("reference"), max_length=64, blank=True, default="")
    segments = models.PositiveSmallIntegerField(_("segments"), default=1)
    #: The line of the list it came from, counted from 1.
    line = models.PositiveIntegerField(_("line"), null=True)
    #: No constraint: a million rows go in without a look-up each, and only our own code writes it.
    chunk = models.ForeignKey(
        "Chunk",
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="messages",
        verbose_name=_("chunk"),
    )
    #: How often JSMS asked it to wait (50009).
    deferrals = models.PositiveSmallIntegerField(default=0)
    resend_of = models.ForeignKey(
        "self", models.SET_NULL, null=True, db_constraint=False, db_index=False, verbose_name=_("sent again for")
    )
    #: When a person, or a batch's retry, had it sent again as a row of its own.
    resent_at = models.DateTimeField(_("sent again at"), null=True, editable=False)

    objects: ClassVar[Any] = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        permissions = [("decide_message", "Can decide about messages that may have been sent")]
        indexes = [
            # Both a chunk's messages and, where chunk is NULL, what waits alone.
            models.Index(fields=["chunk", "status", "not_before"], name="jsms_message_due"),
            models.Index(fields=["msg_id"], name="jsms_message_msg_id"),
            models.Index(fields=["mobile_hash"], name="jsms_message_number"),
            models.Index(fields=["reference"], name="jsms_message_reference"),
        ]

    def _win(self, where: Mapping[str, Any], at: datetime, **values: Any) -> bool:
        """A code's parameters live only until its fate is known: they are what proves a login elsewhere."""
        if self.message_class == self.Class.CODE and values["status"] not in ("pending", "sending"):
            values["params"] = dict.fromkeys(self.params, HIDDEN)
        return super()._win(where, at, **values)

    def __str__(self) -> str:
        return f"{self.masked_mobile} {self.template_id} {self.status}"
