"""Daemon threads of this process: they send what was just committed, and sweep for the rest."""

from __future__ import annotations

import functools
import logging
import sys
from typing import Final

from django.db import connections

from . import Periodic, periodic
from .pool import Job, PerProcess, Pool, close, close_at_exit, run

logger = logging.getLogger("django_jsms")

#: Queues apart, as Celery has them: a campaign never delays a code.
THREADS: Final = {"jsms.codes": 2, "jsms.notices": 2, "jsms.bulk": 8}


def _begin(pool: Pool) -> None:
    _warn_of_uwsgi()
    for seconds, job in periodic:
        pool.start(functools.partial(_repeat, pool, seconds, job))


def _repeat(pool: Pool, seconds: float, job: Periodic) -> None:
    while not pool.closing.wait(seconds):
        run(functools.partial(job, pool.closing.is_set), getattr(job, "__name__", "a periodic job"))
        connections.close_all()


def _warn_of_uwsgi() -> None:
    """uWSGI without threads freezes ours between two requests. Its module exists inside of it only."""
    options = getattr(sys.modules.get("uwsgi"), "opt", None)
    if options is not None and not {"enable-threads", "threads", b"enable-threads", b"threads"} & set(options):
        logger.error("uWSGI runs without enable-threads, so no thread of ours sends: set it, or run jsms_worker")


_sweeper: Final = PerProcess(0, begin=_begin)
_pools: Final = {queue: PerProcess(threads) for queue, threads in THREADS.items()}
_all: Final = [_sweeper, *_pools.values()]
close_at_exit(_all)


def stop() -> None:
    """End the threads of this process: what is under way ends, nothing new begins. A wake-up starts them again."""
    close(_all)


def wake(job: Job, pk: int, queue: str) -> None:
    """Run ``job(pk)`` in a thread of this process; a queue of somebody else's goes with the bulk."""
    _sweeper.get()
    _pools.get(queue, _pools["jsms.bulk"]).get().submit(job, pk)
