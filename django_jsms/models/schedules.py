"""Schedules: what JSMS holds until its time, and where each change of it stands."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, ClassVar, Final, Self

from django.conf import settings
from django.db import models, router
from django.db.models import Case, CharField, F, Q, Value, When
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from .base import LEASE, DatabaseClock, Moment, Row
from .batches import Batch, Chunk
from .identifiers import Identifier
from .messages import Message
from .users import UserKey

#: A call that is under way, or waits for a worker → what it is when nobody knows how it ended.
UNKNOWN: Final = {"creating": "create_unknown", "updating": "update_unknown", "cancelling": "cancel_unknown"}
#: What JSMS may hold and can still be changed or cancelled.
HELD: Final = ("active", "update_unknown", "cancel_unknown")
#: What is over.
CLOSED: Final = ("fired", "cancelled", "failed")


class ScheduleQuerySet(models.QuerySet["Schedule"]):
    def primary(self) -> Self:
        """Where rows are written: what is read to decide must not come from a replica."""
        return self.using(router.db_for_write(self.model))

    def with_clock(self) -> Self:
        return self.annotate(clock=DatabaseClock())

    def due(self, at: Moment) -> Self:
        """Those that somebody has to look at now, and nobody does."""
        return self.filter(~Q(status__in=UNKNOWN) | Q(attempt=None), due_at__lte=at)

    def dead(self, at: Moment) -> Self:
        """Calls whose holder died."""
        return self.filter(status__in=UNKNOWN, attempt__isnull=False, due_at__lte=at)

    def late(self, at: Moment) -> Self:
        """None: who looks at a schedule sees that its time has passed."""
        return self.none()

    def reap(self, at: datetime) -> int:
        """Nobody knows how the calls of the dead ended. One UPDATE."""
        ends = Case(*(When(status=op, then=Value(end)) for op, end in UNKNOWN.items()), output_field=CharField())
        return self.dead(at).update(status=ends, reason="lease_ended", updated_at=at)

    def expire(self, at: datetime) -> int:
        """Nothing to do here."""
        return 0

    def cancel(self, batch: Batch, at: datetime) -> int:
        """Have workers delete what JSMS holds of a batch; what was not asked for yet never is."""
        unasked = self.filter(batch=batch, status="creating", attempt=None)
        unasked.update(status="cancelled", due_at=None, updated_at=at)
        held = self.filter(batch=batch, status__in=HELD)
        return held.update(status="cancelling", attempt=None, due_at=at, wanted=None, updated_at=at)


class Schedule(Row):
    """One schedule at JSMS, of one message or of one chunk. Its status changes only by the verbs below.

    Each verb is one conditional UPDATE on the attempt and answers whether it won; where it lost, the row
    is read again and shows what somebody else made of it.
    """

    class Kind(models.TextChoices):
        SINGLE = "single", pgettext_lazy("schedule", "single")
        BATCH = "batch", pgettext_lazy("schedule", "batch")

    class Status(models.TextChoices):
        CREATING = "creating", pgettext_lazy("schedule", "being created")
        ACTIVE = "active", pgettext_lazy("schedule", "scheduled")
        UPDATING = "updating", pgettext_lazy("schedule", "being changed")
        CANCELLING = "cancelling", pgettext_lazy("schedule", "being cancelled")
        CANCELLED = "cancelled", pgettext_lazy("schedule", "cancelled")
        FIRED = "fired", pgettext_lazy("schedule", "fired")
        FAILED = "failed", pgettext_lazy("schedule", "not created")
        CREATE_UNKNOWN = "create_unknown", pgettext_lazy("schedule", "unknown (may be at JSMS)")
        UPDATE_UNKNOWN = "update_unknown", pgettext_lazy("schedule", "change unknown")
        CANCEL_UNKNOWN = "cancel_unknown", pgettext_lazy("schedule", "cancelling unknown")

    #: JSMS's ``schedule_id``; None until it is known.
    remote_id = Identifier(_("schedule id"), max_length=64, null=True)
    kind = models.CharField(_("kind"), max_length=6, choices=Kind, default=Kind.SINGLE)
    status = models.CharField(_("status"), max_length=14, choices=Status, default=Status.CREATING)
    send_at = models.DateTimeField(_("send at"))
    template_id = models.IntegerField(_("template"))
    signature_id = models.IntegerField(_("signature"), null=True)
    message_class = models.CharField(_("class"), max_length=10, choices=Message.Class, default=Message.Class.NOTICE)
    tag = Identifier(_("tag"), max_length=10, blank=True, default="")
    #: The message of a single one. No constraint: messages are purged by millions.
    message = models.OneToOneField(
        Message,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        related_name="schedule",
        verbose_name=_("message"),
    )
    #: The recipients of one of many.
    chunk = models.OneToOneField(Chunk, models.CASCADE, null=True, related_name="schedule", verbose_name=_("chunk"))
    batch = models.ForeignKey(Batch, models.CASCADE, null=True, related_name="schedules", verbose_name=_("batch"))
    reason = models.CharField(_("reason"), max_length=32, blank=True, default="")
    error_code = models.IntegerField(_("JSMS code"), null=True)
    #: What JSMS says and we do not, by field; no numbers in it.
    drift = models.JSONField(_("differs at JSMS"), default=dict)
    #: What a change under way asks for; gone when it is over.
    wanted = models.JSONField(null=True, editable=False)
    attempt = models.UUIDField(null=True, editable=False)
    #: When a worker has to look at it: the end of the lease while a call is under way. None: not any more.
    due_at = models.DateTimeField(null=True, editable=False)
    refreshed_at = models.DateTimeField(_("read at"), null=True)
    fired_at = models.DateTimeField(_("fired at"), null=True)
    created_by = UserKey(to=settings.AUTH_USER_MODEL, verbose_name=_("created by"))

    objects: ClassVar[Any] = ScheduleQuerySet.as_manager()

    class Meta:
        verbose_name = _("schedule")
        verbose_name_plural = _("schedules")
        constraints = [models.UniqueConstraint(fields=["app", "remote_id"], name="jsms_schedule_remote")]
        indexes = [
            models.Index(fields=["due_at"], name="jsms_schedule_due"),
            models.Index(fields=["send_at"], name="jsms_schedule_send_at"),
        ]

    def __str__(self) -> str:
        return f"{self.remote_id or f'#{self.pk}'} {self.status}"

    @property
    def messages(self) -> Any:
        """Its messages, those that a change took out included: by the keys that have an index."""
        rows = Message.objects.primary()
        return rows.filter(chunk_id=self.chunk_id) if self.chunk_id else rows.filter(pk=self.message_id)

    def is_due(self, at: datetime) -> bool:
        """Whether a worker has to look at it now; as ``due``, for a row that was read."""
        waits = self.status not in UNKNOWN or self.attempt is None
        return waits and self.due_at is not None and self.due_at <= at

    # -- taking it -----------------------------------------------------------------------------------------

    def claim(self, at: datetime) -> bool:
        """Take a row that is due, for one look or one call; the last thing before the wire."""
        same = {"status": self.status, "attempt": self.attempt}
        return self._win(same, at, attempt=uuid.uuid4(), due_at=at + LEASE)

    def begin_update(self, at: datetime, wanted: dict[str, Any]) -> bool:
        """Take it for a change. What a person asks for goes before a look that is under way."""
        values = {"status": "updating", "attempt": uuid.uuid4(), "due_at": at + LEASE, "wanted": wanted}
        return self._win({"status__in": ("active", "update_unknown")}, at, **values)

    def begin_cancel(self, at: datetime) -> bool:
        """Take it to be cancelled. Of two who ask at once, one calls."""
        values = {"status": "cancelling", "attempt": uuid.uuid4(), "due_at": at + LEASE}
        return self._win({"status__in": HELD}, at, **values)

    def renew(self, at: datetime) -> bool:
        """Hold it longer, for another try of the same call."""
        return self._win({"status__in": UNKNOWN, "attempt": self.attempt}, at, due_at=at + LEASE)

    # -- what became of it -------------------------------------------------------------------------------

    def mark_active(self, at: datetime, *, due_at: datetime, reason: str = "", **values: Any) -> bool:
        """JSMS holds it, as the row says or as ``drift`` does."""
        return self._end(at, status="active", due_at=due_at, reason=reason, error_code=None, wanted=None, **values)

    def mark_fired(self, at: datetime, *, fired_at: datetime, **values: Any) -> bool:
        """Its time came, and JSMS sent it."""
        return self._end(at, status="fired", due_at=None, fired_at=fired_at, wanted=None, **values)

    def mark_cancelled(self, at: datetime, *, reason: str) -> bool:
        """JSMS does not hold it any more, and did not send it."""
        return self._end(at, status="cancelled", due_at=None, reason=reason, error_code=None, wanted=None)

    def mark_failed(self, at: datetime, *, reason: str, code: int | None) -> bool:
        """It was never created, and nobody of ours will try again."""
        return self._end(at, status="failed", due_at=None, reason=reason, error_code=code)

    def mark_unknown(self, at: datetime, *, reason: str, code: int | None, due_at: datetime) -> bool:
        """The call may have been done: a read settles it, or, for one that was to be created, a person."""
        status = UNKNOWN.get(self.status, self.status)
        return self._end(at, status=status, reason=reason, error_code=code, due_at=due_at)

    def release(self, at: datetime, *, reason: str, code: int | None, due_at: datetime) -> bool:
        """The call, or the look, was surely not done, and waits for another try by a worker."""
        return self._end(at, attempt=None, reason=reason, error_code=code, due_at=due_at)

    def watch(self, at: datetime, due_at: datetime | None) -> bool:
        """Look at a lost one again then, with its attempt as it is: a late answer may still find it."""
        same = {"status": "create_unknown", "attempt": self.attempt, "due_at": self.due_at}
        return self._win(same, at, due_at=due_at)

    def cancel_unasked(self, at: datetime) -> bool:
        """JSMS was not asked to create it yet, and never will be."""
        return self._win({"status": "creating", "attempt": None}, at, status="cancelled", due_at=None)

    def adopt(self, at: datetime, remote_id: str) -> bool:
        """A person found it at JSMS, under this id; it is read next."""
        values = {"status": "active", "remote_id": remote_id, "attempt": uuid.uuid4(), "due_at": at + LEASE}
        return self._win({"status": "create_unknown"}, at, **values)

    def dismiss(self, at: datetime) -> bool:
        """A person looked, and it is not at JSMS."""
        values = {"status": "failed", "reason": "not_created", "attempt": None, "due_at": None}
        return self._win({"status": "create_unknown"}, at, **values)

    # -- its messages, in the transaction that changed it --------------------------------------------------

    def end_messages(self, status: str, at: datetime, *, reason: str, code: int | None = None) -> int:
        """Those that wait share one fate, and their chunk with them. Answers how many there were."""
        ended = int(self._open().update(status=status, reason=reason, error_code=code, updated_at=at))
        counted: dict[str, Any] = {status: F(status) + ended} if status in ("failed", "unknown") else {}
        over = "done" if status == "failed" else status
        self._chunk("pending", status=over, **counted, reason=reason, error_code=code)
        return ended

    def send_messages(self, at: datetime, sent_at: datetime) -> None:
        """It fired: what JSMS listed is sent, and of the rest nobody knows."""
        listed = self._open().exclude(msg_id="")
        listed.update(status="sent", sent_at=sent_at, reason="", error_code=None, updated_at=at)
        lost = self._open().update(status="unknown", reason="not_listed", updated_at=at)
        if self.chunk_id:  # counted, for a report may have been faster
            sent = self.messages.filter(status="sent").count()
            self._chunk("pending", status="done", sent=sent, unknown=lost)

    def reopen_messages(self, at: datetime) -> None:
        """What was given up waits again: a person found the schedule."""
        self._open().update(status="waiting", reason="", updated_at=at)
        self._chunk("unknown", status="pending", unknown=0, reason="")

    def replace_messages(self, messages: list[Message], at: datetime) -> None:
        """What was to be sent is not any more; these take its place."""
        self._open().update(status="cancelled", reason="replaced", updated_at=at)
        Message.objects.primary().bulk_create(messages)
        self._chunk("pending", size=len(messages), failed=0)
        if not self.chunk_id:
            self._end(at, message_id=messages[0].pk)

    def forget_ids(self, at: datetime) -> None:
        """JSMS may give new msg_ids to what was changed; they are read again."""
        self._open().update(msg_id="", updated_at=at)

    def count_failed(self, failed: int) -> None:
        """So many of its recipients JSMS did not take."""
        self._chunk("pending", failed=F("failed") + failed)

    def _open(self) -> Any:
        return self.messages.filter(status__in=("waiting", "unknown"))

    def _chunk(self, from_: str, **values: Any) -> None:
        if self.chunk_id:
            Chunk.objects.primary().filter(pk=self.chunk_id, status=from_).update(**values)

    def _end(self, at: datetime, **values: Any) -> bool:
        """For the attempt that asked, also where its reaper was faster."""
        mine = {"attempt": self.attempt}
        live = {"status__in": (*UNKNOWN, *UNKNOWN.values(), "active")}
        return self._win({**mine, **live}, at, **values)

    def _win(self, where: dict[str, Any], at: datetime, **values: Any) -> bool:
        rows = type(self).objects.primary().filter(pk=self.pk, **where)
        if not rows.update(updated_at=at, **values):
            self.refresh_from_db(using=router.db_for_write(type(self)))
            return False
        for name, value in values.items():
            setattr(self, name, value)
        return True
