"""What no wake-up reached: dead claims, expired and waiting rows of every noun, the most urgent first."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from django.db import router
from django.db.models import Exists

from .. import dispatch
from ..models.accounts import Pause
from ..models.base import database_now, durably
from ..models.batches import Chunk
from ..models.codes import VerificationCode
from ..models.jobs import JobLease
from ..models.messages import Message
from ..models.schedules import Schedule
from . import accounts
from .chunks import deliver_chunk, finish_batches
from .codes import deliver_code
from .messages import deliver_message
from .periodic import run_periodic
from .scheduling import deliver_schedule

logger = logging.getLogger("django_jsms")

#: How many waiting rows are chosen at a time.
SLICE: Final = 100
#: Seconds until rows of a kind are looked for again, where the last look found nothing to send.
REST: Final = 1.0
#: How often one process of all looks for what no wake-up reached.
TICK: Final = timedelta(seconds=30)
#: Without a sweep for this long, rows that no wake-up reached wait for nobody.
LATE: Final = timedelta(minutes=5)
#: The most urgent first: a campaign never delays a code. The word leads to app and template_id; None:
#: a pause is not in the way, as what JSMS holds can be read and cancelled all the same.
_NOUNS: Final[tuple[tuple[Any, Callable[[int], bool], str | None], ...]] = (
    (VerificationCode, deliver_code, ""),
    (Message, deliver_message, ""),
    (Schedule, deliver_schedule, None),
    (Chunk, deliver_chunk, "batch__"),
)
_QUEUES: Final = {VerificationCode: "jsms.codes", Chunk: "jsms.bulk"}


def reap() -> int:
    """Turn claims whose lease ended into ``unknown``, and rows that waited too long into ``expired``.

    Answers how many rows changed. One UPDATE each, safe to run anywhere and at any time.
    """
    return sum(_reap(model) for model, *_ in _NOUNS)


def _reap(model: Any) -> int:
    using = router.db_for_write(model)
    at = database_now(using)
    rows = model.objects.primary()
    return durably(lambda: int(rows.reap(at)) + int(rows.expire(at)), using=using)


def tidy() -> None:
    """What a sweep does beside sending: end dead claims and finished batches, ask about paused apps."""
    reap()
    accounts.probe()
    finish_batches()


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
    for model, job, outer in _NOUNS:
        for pk in Line(model, job, outer, REST).due():
            dispatch.wake(job, pk, _QUEUES.get(model, "jsms.notices"))


def beat() -> bool:
    """Leave a trace of a sweep; answers whether this process is the one whose turn it is."""
    return JobLease.objects.take("tick", every=TICK)


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
        model.objects.primary().due(at).filter(**{f"{waits_since(model)}__lte": at}).exists() for model, *_ in _NOUNS
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


# -- handing out --------------------------------------------------------------------------------------------


class Line:
    """The due rows of one noun, oldest first. It rests where a whole look led to no send."""

    def __init__(self, model: Any, job: Callable[[int], bool], outer: str | None, rest: float) -> None:
        self.model, self.job, self.outer, self.rest = model, job, outer, rest
        self.keys: deque[int] = deque()
        self.last = 0
        self.rests_until = 0.0
        self.looked = False

    def take(self) -> int | None:
        if not self.keys and not self.resting():
            self._look()
        return self.keys.popleft() if self.keys else None

    def resting(self) -> bool:
        return time.monotonic() < self.rests_until

    def pause(self) -> None:
        self.rests_until = time.monotonic() + self.rest

    def _look(self) -> None:
        self.looked = False
        self.keys.extend(self.due())
        more = len(self.keys) == SLICE
        self.last, self.looked = (self.keys[-1] if more else 0), True
        if not more:
            self.pause()

    def due(self) -> list[int]:
        """The next keys; what a pause stands in the way of is left alone, however much it is."""
        rows = self.model.objects.primary().due(database_now(router.db_for_write(self.model)))
        if self.outer is not None:
            rows = rows.filter(~Exists(Pause.objects.in_the_way(accounts.fingerprints(), self.outer)))
        return list(rows.filter(pk__gt=self.last).order_by("pk").values_list("pk", flat=True)[:SLICE])


class Feed:
    """Hands out what is due to any number of threads: codes before notices before chunks of batches.

    More urgent rows that come meanwhile are seen within ``rest`` seconds.
    """

    def __init__(self, rest: float = REST) -> None:
        self._lines = [Line(*noun, rest) for noun in _NOUNS]
        self._lock = threading.Lock()
        self._under_way = 0
        self.tried = 0

    def take(self, *, bulk: bool = True) -> tuple[Line, int] | None:
        """The next row to be tried, if any. Where the database fails, it is let alone for a while."""
        with self._lock:
            try:
                for line in self._lines if bulk else self._lines[:-1]:
                    pk = line.take()
                    if pk is not None:
                        self._under_way += 1
                        return line, pk
            except Exception:
                for line in self._lines:
                    line.pause()
                raise
        return None

    def deliver(self, item: tuple[Line, int]) -> None:
        """Try one row. One that cannot be tried must not keep the others waiting."""
        line, pk = item
        tried = False
        try:
            tried = line.job(pk)
        except Exception:
            logger.exception("%s %s failed; the next sweep finds it", line.job.__name__, pk)
        with self._lock:
            self._under_way -= 1
            if tried:
                self.tried += 1
                line.rests_until = 0.0  # there may be more

    def idle(self) -> bool:
        """Whether nothing is under way, and the last look at each noun led to nothing."""
        with self._lock:
            return not self._under_way and all(
                line.looked and not line.keys and line.resting() for line in self._lines
            )
