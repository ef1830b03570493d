"""What no wake-up reached: dead claims, expired and waiting rows of every noun, the most urgent first."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, Final

from django.db import router
from django.db.models import QuerySet

from .. import dispatch
from ..models.base import DatabaseTime, database_now, durably
from ..models.batches import Batch, Chunk
from ..models.codes import VerificationCode
from ..models.jobs import JobLease
from ..models.keys import question
from . import accounts
from .chunks import finish_batches
from .feed import NOUNS, Feed, Line, ask
from .periodic import run_periodic

logger = logging.getLogger("django_jsms")

#: How often one process of all looks for what no wake-up reached.
TICK: Final = timedelta(seconds=30)
#: Without a sweep for this long, rows that no wake-up reached wait for nobody.
LATE: Final = timedelta(minutes=5)
_QUEUES: Final = {VerificationCode: "jsms.codes", Chunk: "jsms.bulk"}


def reap() -> int:
    """Turn claims whose lease ended into ``unknown``, and rows that waited too long into ``expired``.

    Answers how many rows changed. One UPDATE each, safe to run anywhere and at any time.
    """
    return sum(_reap(model) for model, *_ in NOUNS)


def _reap(model: Any) -> int:
    using = router.db_for_write(model)
    at = database_now(using)
    rows = model.objects.primary()
    return durably(lambda: int(rows.reap(at)) + int(rows.expire(at)), using=using)


def tidy() -> None:
    """What a sweep does beside sending: end dead claims and finished batches, ask about paused apps.

    One statement, which writes nothing, finds out whether there is anything of it to do.
    """
    if not any(question(*(rows[:1] for rows in _untidy())).ask()):
        return
    reap()
    accounts.probe()
    finish_batches()


def _untidy() -> Iterator[QuerySet[Any]]:
    at = DatabaseTime()
    for model, *_ in NOUNS:
        yield model.objects.primary().dead(at) | model.objects.primary().late(at)
    yield accounts.to_probe()
    yield Batch.objects.primary().done()


def never() -> bool:
    return False


def tick(stopping: Callable[[], bool] = never) -> int:
    """What has to happen every 30 s, in one process of many: answers how many rows were tried.

    The first that wait are woken again, so that all workers share in what a lost wake-up left; then what
    waits is sent here, for 30 s at most, as the next tick goes on; then comes what is to be done from time
    to time.
    """
    if not beat():
        return 0
    wake_again()
    until = time.monotonic() + TICK.total_seconds()
    tried = run_pending(lambda: stopping() or time.monotonic() > until)
    run_periodic(stopping)
    return tried


def wake_again() -> None:
    """Hand out at most 100 wake-ups a noun. Most are not needed, and a row that was taken meanwhile costs a look."""
    lines = [Line(*noun) for noun in NOUNS]
    for line, found in zip(lines, ask(lines), strict=True):
        for pk in found:
            dispatch.wake(line.job, pk, _QUEUES.get(line.model, "jsms.notices"))


def beat() -> bool:
    """Leave a trace of a sweep; answers whether this process is the one whose turn it is."""
    return "tick" not in JobLease.objects.held() and JobLease.objects.take("tick", every=TICK)


def last_sweep() -> timedelta | None:
    """How long ago a sweep began, in whatever process; None = never."""
    ran_at = JobLease.objects.ran_at("tick")
    return database_now(router.db_for_write(JobLease)) - ran_at if ran_at else None


def nobody_sends() -> bool:
    """Whether something has been due for 5 minutes, and no worker has looked meanwhile. Reads only."""
    age = last_sweep()
    if age is not None and age <= LATE:
        return False
    at = database_now(router.db_for_write(JobLease)) - LATE
    return any(
        model.objects.primary().due(at).filter(**{f"{waits_since(model)}__lte": at}).exists() for model, *_ in NOUNS
    )


def waits_since(model: Any) -> str:
    """The column of when a row began to wait."""
    return "batch__started_at" if model is Chunk else "created_at"


dispatch.periodic.append((TICK.total_seconds(), tick))


def run_pending(stopping: Callable[[], bool] = never) -> int:
    """Send in this thread everything that waits and is due; answers how many rows were tried.

    ``stopping`` is asked before each row: once it answers True, nothing new is begun.
    """
    tidy()
    feed = Feed()
    while not stopping() and (item := feed.take()):
        feed.deliver(item)
    finish_batches()
    return feed.tried
