"""Measuring two ways of doing one thing, so that a busy machine disturbs both alike."""

from __future__ import annotations

import gc
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

Call = Callable[[], object]


@dataclass(frozen=True)
class Sample:
    """Seconds per call, over all callers: CPU of this process, and the clock on the wall."""

    cpu: float
    wall: float


class Callers:
    """Threads that make calls at once and stay between samples, as a server's do. One is the main thread."""

    def __init__(self, pool: ThreadPoolExecutor | None, number: int) -> None:
        self._pool = pool
        self.number = number

    def sample(self, call: Call, calls: int) -> Sample:
        gc.collect()
        cpu, wall = time.process_time(), time.perf_counter()
        made = self.make(call, calls)
        return Sample((time.process_time() - cpu) / made, (time.perf_counter() - wall) / made)

    def make(self, call: Call, calls: int) -> int:
        """Make about ``calls`` calls, shared out evenly; answers how many it were."""
        share = max(1, calls // self.number)
        if self._pool is None:
            _repeat(call, share)
        else:
            start = threading.Barrier(self.number)
            shares = [self._pool.submit(_repeat, call, share, start) for _ in range(self.number)]
            for one in shares:
                one.result()
        return share * self.number


def _repeat(call: Call, times: int, start: threading.Barrier | None = None) -> None:
    if start:
        start.wait()
    for _ in range(times):
        call()


@contextmanager
def callers(number: int, *, farewell: Call = lambda: None) -> Iterator[Callers]:
    """``number`` callers; each thread of more than one says ``farewell`` before it ends."""
    if number == 1:
        yield Callers(None, 1)
        return
    with ThreadPoolExecutor(number) as pool:
        crowd = Callers(pool, number)
        try:
            yield crowd
        finally:
            crowd.make(farewell, number)


@dataclass(frozen=True)
class Pair:
    """Samples of ours and of the baseline, round by round."""

    ours: list[Sample]
    theirs: list[Sample]

    def ratio(self, unit: str) -> float:
        """The median over the rounds of ours against the baseline: what disturbed one round disturbed both."""
        rounds = zip(self.ours, self.theirs, strict=True)
        return float(statistics.median(getattr(ours, unit) / getattr(theirs, unit) for ours, theirs in rounds))

    def best(self, unit: str) -> tuple[float, float]:
        """The least that each of them took."""
        ours, theirs = ([getattr(sample, unit) for sample in side] for side in (self.ours, self.theirs))
        return min(ours), min(theirs)


def interleave(ours: Call, theirs: Call, crowd: Callers, *, calls: int, rounds: int) -> Pair:
    """Sample both in turn, the first of a round being the second of the next."""
    pair = Pair([], [])
    for call in (ours, theirs):
        crowd.make(call, crowd.number)
    for number in range(rounds):
        sides = [(pair.ours, ours), (pair.theirs, theirs)]
        for samples, call in sides if number % 2 else sides[::-1]:
            samples.append(crowd.sample(call, calls))
    return pair
