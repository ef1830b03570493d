"""How far a batch is, and why it waits where it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Min
from django.utils.timezone import is_aware, localtime
from django.utils.translation import gettext

from .. import conf
from ..models.accounts import Pause
from ..models.base import now
from ..models.batches import Batch, Chunk
from ..models.jobs import JobLease
from .hours import next_window
from .language import service
from .reasons import explain
from .sweep import LATE


@dataclass(frozen=True)
class Progress:
    """Recipients of a batch by what became of them, each counted once; ``note`` says why it waits, or is empty."""

    status: str
    total: int
    pending: int
    sending: int
    sent: int
    failed: int
    unknown: int
    #: Cancelled, or expired unsent.
    cancelled: int
    rejected: int
    note: str

    @property
    def done(self) -> int:
        """Those that nothing happens to any more by itself."""
        return self.sent + self.failed + self.unknown + self.cancelled


@service
def batch_progress(batch: Batch) -> Progress:
    """How a batch stands now: status, counts, and why it waits. Reads the row anew; 2 statements, some more where
    it waits. Sends and writes nothing."""
    batch.refresh_from_db(using=Batch.objects.primary().db)
    counts = batch.counts()
    waits = batch.status == Batch.Status.RUNNING and counts["pending"] and not counts["sending"]
    note = next(filter(None, (why(batch) for why in _NOTES)), "") if waits else ""
    return Progress(batch.status, batch.total, **counts, rejected=batch.rejected, note=note)


def _not_yet(batch: Batch) -> str:
    if batch.start_at is None or batch.start_at <= now():
        return ""
    return gettext("It starts at %(time)s.") % {"time": _local(batch.start_at)}


def _paused(batch: Batch) -> str:
    fingerprint = conf.app(batch.app).fingerprint
    pause = Pause.objects.primary().binding(batch.app, batch.template_id, fingerprint).first()
    if pause is None:
        return ""
    why = explain(pause.reason, pause.code)
    return gettext("App %(app)s does not send: %(why)s") % {"app": batch.app, "why": why}


def _at_night(batch: Batch) -> str:
    opens = next_window(now()) if batch.message_class == "marketing" else None
    return gettext("Marketing goes on at %(time)s.") % {"time": _local(opens)} if opens else ""


def _later(batch: Batch) -> str:
    pending = Chunk.objects.primary().filter(batch=batch, status="pending")
    if pending.due(now()).exists():
        return ""
    earliest = pending.aggregate(at=Min("not_before"))["at"]
    return gettext("The next try is at %(time)s.") % {"time": _local(earliest)} if earliest else ""


def _no_worker(batch: Batch) -> str:
    last = JobLease.objects.ran_at("tick")
    if max(last or batch.updated_at, batch.updated_at) > now() - LATE:
        return ""
    return gettext("No worker has run for 5 minutes. Start one: python manage.py jsms_worker")


_NOTES: Final[tuple[Callable[[Batch], str], ...]] = (_not_yet, _paused, _at_night, _later, _no_worker)


def _local(at: datetime) -> str:
    return f"{localtime(at) if is_aware(at) else at:%Y-%m-%d %H:%M:%S}"
