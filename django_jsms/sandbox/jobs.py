"""Work with a time on the sandbox's clock: schedules that fire, audits that end, callbacks tried again."""

from __future__ import annotations

import heapq
import itertools
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import Final

from .clock import Clock

#: When more wait than this, the earliest go before their time: nothing is lost, and memory stays bounded.
MOST: Final = 200_000


@dataclass(order=True, slots=True)
class Job:
    """Sorts by its time, then by the order of asking; ``run`` is None once it was dropped."""

    when: float
    number: int
    run: Callable[[], None] | None = field(compare=False)


class Jobs:
    """Runs each job once, the earliest first, one at a time, whichever thread calls ``settle``.

    Hold no other lock around ``settle`` or ``running``: jobs take the state's lock themselves.
    """

    def __init__(self, clock: Clock) -> None:
        self.running = threading.RLock()
        #: No job is earlier. It stays in the past until the last due job is done, so that others wait for it.
        self.due_at = inf
        self._clock = clock
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._heap: list[Job] = []
        self._dropped = 0

    def __len__(self) -> int:
        return len(self._heap) - self._dropped

    def at(self, when: float, run: Callable[[], None]) -> Job:
        """Run it at ``when`` (seconds since the epoch) or, when that is past, as soon as possible."""
        job = Job(when, next(self._numbers), run)
        with self._lock:
            heapq.heappush(self._heap, job)
            sooner = when < self.due_at or len(self) > MOST
            if sooner:
                self.due_at = -inf if len(self) > MOST else when
        if sooner:
            self._clock.wake()
        return job

    def drop(self, job: Job) -> None:
        """Do not run it after all; one that has run, or was dropped before, is left alone."""
        with self._lock:
            if job.run is None:
                return
            job.run = None
            self._dropped += 1
            if self._dropped > len(self._heap) // 2:
                self._heap = [each for each in self._heap if each.run]
                heapq.heapify(self._heap)
                self._dropped = 0

    def settle(self) -> None:
        """Run what is due; on return it is done, by this thread or by another. Cheap when nothing is."""
        if self._clock.time() < self.due_at:
            return
        with self.running:
            while run := self._next():
                _attempt(run)

    def clear(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._heap.clear()
            self._dropped = 0
            self.due_at = inf

    def _next(self) -> Callable[[], None] | None:
        now = self._clock.time()
        with self._lock:
            while self._heap and (self._heap[0].when <= now or len(self) > MOST or not self._heap[0].run):
                job = heapq.heappop(self._heap)
                run, job.run = job.run, None
                if run:
                    return run
                self._dropped -= 1
            self.due_at = self._heap[0].when if self._heap else inf
            return None


def _attempt(run: Callable[[], None]) -> None:
    try:
        run()
    except Exception:  # one broken job may not keep the others, or the clock, from going on
        traceback.print_exc(file=sys.stderr)
