"""Batches and their chunks."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models, router
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from .base import LEASE, DatabaseClock, Moment, Row
from .identifiers import Identifier
from .messages import LOST, Message
from .users import UserKey


class BatchQuerySet(models.QuerySet["Batch"]):
    def primary(self) -> Self:
        return self.using(router.db_for_write(self.model))

    def same_source(self, batch: Batch, *, since: datetime) -> Self:
        """Other batches of the same file and template, but not those that send nothing: to nobody, or cancelled."""
        same = self.filter(
            app=batch.app, template_id=batch.template_id, source_digest=batch.source_digest, created_at__gte=since
        )
        nobody = Q(status="ready", total=0) | Q(status="cancelled", started_at=None)
        return same.exclude(pk=batch.pk).exclude(nobody).order_by("pk")

    def done(self) -> Self:
        """Running and scheduled batches all of whose chunks are over."""
        open_ = Chunk.objects.filter(batch=OuterRef("pk"), status__in=("pending", "sending"))
        return self.filter(~Exists(open_), status__in=("running", "scheduled"))

    def finish_done(self, at: datetime) -> int:
        """What is done is finished."""
        return self.done().update(status="finished", finished_at=at, updated_at=at)


class Batch(Row):
    """A bulk send of any size: a list of messages in chunks of at most 1000, and where it stands."""

    class Status(models.TextChoices):
        LOADING = "loading", pgettext_lazy("batch", "loading")
        READY = "ready", pgettext_lazy("batch", "ready")
        #: JSMS holds it, or is asked to, until its time.
        SCHEDULED = "scheduled", pgettext_lazy("batch", "scheduled")
        RUNNING = "running", pgettext_lazy("batch", "running")
        PAUSED = "paused", pgettext_lazy("batch", "paused")
        FINISHED = "finished", pgettext_lazy("batch", "finished")
        CANCELLED = "cancelled", pgettext_lazy("batch", "cancelled")

    name = models.CharField(_("name"), max_length=100, blank=True, default="")
    template_id = models.IntegerField(_("template"))
    signature_id = models.IntegerField(_("signature"), null=True)
    message_class = models.CharField(_("class"), max_length=10, default="notice")
    tag = Identifier(_("tag"), max_length=10, blank=True, default="")
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.LOADING)
    #: sha256 of the file it came from, so that the same file is not sent twice by mistake.
    source_digest = Identifier(max_length=64, blank=True, default="", db_index=True)
    total = models.PositiveIntegerField(_("recipients"), default=0)
    rejected = models.PositiveIntegerField(_("rejected rows"), default=0)
    segments = models.PositiveIntegerField(_("segments"), default=0)
    start_at = models.DateTimeField(_("starts at"), null=True)
    started_at = models.DateTimeField(_("started at"), null=True)
    finished_at = models.DateTimeField(_("finished at"), null=True)
    created_by = UserKey(to=settings.AUTH_USER_MODEL, verbose_name=_("created by"))

    objects = BatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("batch")
        verbose_name_plural = _("batches")
        permissions = [
            ("start_batch", "Can start, resume and repeat batches"),
            ("stop_batch", "Can pause and cancel batches"),
            ("see_numbers", "Can see mobile numbers in full"),
        ]
        indexes = [models.Index(fields=["status"], name="jsms_batch_status")]

    def __str__(self) -> str:
        return self.name or f"#{self.pk}"

    def move(self, to: str, at: datetime, *, from_: tuple[str, ...], **values: Any) -> bool:
        """One conditional UPDATE; where it lost, the row is read again."""
        values |= {"status": to, "updated_at": at}
        if not type(self).objects.primary().filter(pk=self.pk, status__in=from_).update(**values):
            self.refresh_from_db(using=router.db_for_write(type(self)))
            return False
        for name, value in values.items():
            setattr(self, name, value)
        return True

    def counts(self) -> dict[str, int]:
        """How its messages stand, summed from the chunks: ``pending sending sent failed unknown cancelled``."""
        chunks = Chunk.objects.primary().filter(batch=self)
        found: dict[str, int] = chunks.aggregate(
            pending=Sum("size", filter=Q(status="pending"), default=0),
            sending=Sum("size", filter=Q(status="sending"), default=0),
            cancelled=Sum("size", filter=Q(status__in=("cancelled", "expired")), default=0),
            sent=Sum("sent", default=0),
            failed=Sum("failed", default=0),
            unknown=Sum("unknown", default=0),
        )
        return found


def _messages(**which: Any) -> Coalesce:
    """How many messages of the outer chunk are such."""
    found = Message.objects.filter(chunk=OuterRef("pk"), **which).order_by().values("chunk")
    return Coalesce(Subquery(found.annotate(rows=Count("*")).values("rows")), 0)


class ChunkQuerySet(models.QuerySet["Chunk"]):
    def primary(self) -> Self:
        return self.using(router.db_for_write(self.model))

    def with_clock(self) -> Self:
        return self.annotate(clock=DatabaseClock())

    def due(self, at: Moment) -> Self:
        """Waiting chunks of running batches whose time has come."""
        return self.filter(
            Q(not_before=None) | Q(not_before__lte=at),
            Q(expires_at=None) | Q(expires_at__gt=at),
            status="pending",
            batch__status="running",
        )

    def dead(self, at: Moment) -> Self:
        """Calls whose holder died."""
        return self.filter(status="sending", lease_until__lte=at)

    def late(self, at: Moment) -> Self:
        """Waiting chunks whose time has passed."""
        return self.filter(status="pending", expires_at__lte=at)

    def reap(self, at: datetime) -> int:
        """Nobody knows what the dead have written, so chunk and messages are unknown."""
        return self._end(self.dead(at), "unknown", "lease_ended", at)

    def expire(self, at: datetime) -> int:
        """What is late will not be sent any more."""
        return self._end(self.late(at), "expired", "expired", at)

    def cancel(self, batch: Batch, at: datetime) -> int:
        """What a batch has not begun to send is never sent; what JSMS may hold ends with its schedule."""
        held = self.filter(batch=batch).exclude(schedule=None).exclude(schedule__status="cancelled")
        free = self.filter(batch=batch, status="pending").exclude(pk__in=held.values("pk"))
        return self._end(free, "cancelled", "cancelled", at)

    def forget(self, resent_at: datetime) -> None:
        """Count messages out that were taken for a new row at that time: the new row counts."""
        taken = {"resent_at": resent_at}
        self.update(
            size=F("size") - _messages(**taken),
            failed=F("failed") - _messages(status="failed", **taken),
            unknown=F("unknown") - _messages(status="unknown", **taken),
        )

    def count_lost(self, lost_at: datetime) -> None:
        """Messages that were marked lost at that time count as failed."""
        lost = _messages(status="failed", reason=LOST, updated_at=lost_at)
        self.update(failed=F("failed") + lost, unknown=F("unknown") - lost)

    def _end(self, chunks: Self, status: str, reason: str, at: datetime) -> int:
        """End chunks and their messages together. The first statement is a write, for SQLite's sake."""
        mark = uuid.uuid4()
        counted = {"unknown": F("size")} if status == "unknown" else {}
        if not chunks.update(status=status, reason=reason, attempt=mark, lease_until=None, **counted):
            return 0
        messages = Message.objects.primary().filter(chunk__attempt=mark, status="waiting")
        return int(messages.update(status=status, reason=reason, updated_at=at))


class Chunk(models.Model):
    """One call of at most 1000 recipients. Its claim is the claim of its messages."""

    class Status(models.TextChoices):
        PENDING = "pending", pgettext_lazy("chunk", "pending")
        SENDING = "sending", pgettext_lazy("chunk", "sending")
        DONE = "done", pgettext_lazy("chunk", "done")
        UNKNOWN = "unknown", pgettext_lazy("chunk", "unknown (may have been sent)")
        CANCELLED = "cancelled", pgettext_lazy("chunk", "cancelled")
        EXPIRED = "expired", pgettext_lazy("chunk", "expired unsent")

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="chunks", verbose_name=_("batch"))
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.PENDING)
    size = models.PositiveSmallIntegerField(_("recipients"), default=0)
    sent = models.PositiveSmallIntegerField(_("sent"), default=0)
    failed = models.PositiveSmallIntegerField(_("failed"), default=0)
    unknown = models.PositiveSmallIntegerField(_("unknown"), default=0)
    #: How often its recipients were asked to wait (50009).
    deferrals = models.PositiveSmallIntegerField(default=0)
    reason = models.CharField(_("reason"), max_length=32, blank=True, default="")
    error_code = models.IntegerField(_("JSMS code"), null=True)
    attempt = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    not_before = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(_("expires at"), null=True)

    objects: ClassVar[Any] = ChunkQuerySet.as_manager()

    class Meta:
        verbose_name = _("chunk")
        verbose_name_plural = _("chunks")
        indexes = [models.Index(fields=["status", "not_before"], name="jsms_chunk_due")]

    def __str__(self) -> str:
        return f"{self.batch_id}/{self.pk} {self.status}"

    def claim(self, at: datetime) -> bool:
        """Take it for one call, if it still waits and its batch still runs."""
        attempt = uuid.uuid4()
        mine = (
            type(self)
            .objects.primary()
            .filter(pk=self.pk)
            .filter(
                Q(not_before=None) | Q(not_before__lte=at),
                Exists(Batch.objects.filter(pk=OuterRef("batch_id"), status="running")),
                status="pending",
            )
        )
        if not mine.update(status="sending", attempt=attempt, lease_until=at + LEASE):
            return False
        self.status, self.attempt = "sending", attempt
        return True

    def close(self, to: str, **values: Any) -> bool:
        """End this attempt. False: somebody else ended it, and nothing may be written for it."""
        held = type(self).objects.primary().filter(pk=self.pk, attempt=self.attempt, status="sending")
        return bool(held.update(status=to, lease_until=None, **values))

    def shrink(self, size: int) -> bool:
        """Some of its recipients left it before the call."""
        held = type(self).objects.primary().filter(pk=self.pk, attempt=self.attempt, status="sending")
        return bool(held.update(size=size))

    def end_messages(self, status: str, at: datetime, *, reason: str, code: int | None = None) -> None:
        """All messages that still wait in it share one fate."""
        waiting = Message.objects.primary().filter(chunk=self, status="waiting")
        waiting.update(status=status, reason=reason, error_code=code, updated_at=at)

    def postpone(self, until: datetime) -> bool:
        """Let a waiting chunk wait longer."""
        waiting = type(self).objects.primary().filter(pk=self.pk, status="pending")
        return bool(waiting.update(not_before=until))
