"""Daemon threads of this process: they send what was just committed, and sweep for the rest."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Final

from . import periodic
from .pool import Job, PerProcess, Pool, run

THREADS: Final = 8


def _begin(pool: Pool) -> None:
    for seconds, job in periodic:
        pool.start(functools.partial(_repeat, pool, seconds, job))


def _repeat(pool: Pool, seconds: float, job: Callable[[], object]) -> None:
    while not pool.closing.wait(seconds):
        run(job, getattr(job, "__name__", "a periodic job"))


_pools: Final = PerProcess(THREADS, begin=_begin)


def wake(job: Job, pk: int, queue: str) -> None:
    """Run ``job(pk)`` in a thread of this process."""
    _pools.get().submit(job, pk)
