"""What creating, changing and reading a schedule share: it is claimed, what came of a call is recorded and told."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import router

from .. import signals
from ..exceptions import JSMSError
from ..models.base import database_now, durably, now
from ..models.schedules import Schedule
from . import delivery, records

logger = logging.getLogger("django_jsms")

#: Our clock and JSMS's may differ by this much: one that is closed so near its time was sent.
_SKEW: Final = timedelta(seconds=30)
#: After a call that told nothing, look again in so many seconds.
_SOON, _LATER = 30.0, 120.0


def past(schedule: Schedule) -> bool:
    """Whether its time has come, by a clock that may be a little behind JSMS's."""
    return now() >= schedule.send_at - _SKEW


def using() -> str:
    return router.db_for_write(Schedule)


def claim(schedule: Schedule) -> bool:
    return durably(lambda: schedule.claim(database_now(using())), using=using())


def record(schedule: Schedule, work: Callable[[], object], remote_id: str = "") -> None:
    """Write down what came of a call, whatever it takes, and tell of it."""
    delivery.record(schedule, work, remote_id)
    records.record("schedule", **records.of_row(schedule))


def release(schedule: Schedule, error: JSMSError) -> None:
    reason, code, due_at = error.reason, error.code, later(error)
    record(schedule, lambda: schedule.release(now(), reason=reason, code=code, due_at=due_at))


def mark_unknown(schedule: Schedule, error: JSMSError, due_at: datetime) -> None:
    reason, code = error.reason, error.code
    record(schedule, lambda: schedule.mark_unknown(now(), reason=reason, code=code, due_at=due_at))


def later(error: JSMSError) -> datetime:
    """When to look again: soon where the answer was lost, or when JSMS says."""
    return delivery.after(now(), getattr(error, "retry_after", None) or (_SOON if error.code is None else _LATER))


def announce(signal: Any, schedule: Schedule) -> None:
    if signal is not signals.schedule_fired:
        logger.error("Schedule %s is %s: %s (%s)", schedule.pk, schedule.status, schedule.reason, schedule.error_code)
    if signal is signals.schedule_unknown:
        logger.error(
            "JSMS may hold schedule %s: look in its console, then jsms_schedule adopt or dismiss", schedule.pk
        )
    signal.send_robust(sender=Schedule, instance=schedule)
