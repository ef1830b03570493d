"""Daemon threads in this process: started at first use and after a fork, joined for a while at exit."""

from __future__ import annotations

import atexit
import logging
import os
import queue as queues
import threading
import time
from collections.abc import Callable
from typing import Final

from django.db import close_old_connections, connections

logger = logging.getLogger("django_jsms")

THREADS: Final = 8
#: Wake-ups kept in memory; one more is dropped, and the next sweep finds its row.
LONGEST_QUEUE: Final = 10_000
#: What an exit waits for calls that are under way, in seconds: the longest a call can take.
EXIT_SECONDS: Final = 15.0

_Job = tuple[Callable[[int], None], int]


class Pool:
    """A bounded pool of one process. Threads start one by one, as jobs come."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.jobs: queues.Queue[_Job | None] = queues.Queue(LONGEST_QUEUE)
        self.threads: list[threading.Thread] = []
        self.idle = threading.Semaphore(0)
        self.lock = threading.Lock()
        self.closing = False

    def submit(self, job: Callable[[int], None], pk: int) -> None:
        self.jobs.put_nowait((job, pk))
        with self.lock:
            if not self.idle.acquire(blocking=False) and len(self.threads) < THREADS:
                thread = threading.Thread(target=self._work, name="jsms-dispatch", daemon=True)
                self.threads.append(thread)
                thread.start()

    def close(self, seconds: float = EXIT_SECONDS) -> None:
        """Start nothing new, and wait for what is under way."""
        self.closing = True
        until = time.monotonic() + seconds
        for _ in self.threads:
            self.jobs.put(None)
        for thread in self.threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _work(self) -> None:
        while (item := self.jobs.get()) is not None:
            if not self.closing:
                self._run(*item)
            self.idle.release()

    def _run(self, job: Callable[[int], None], pk: int) -> None:
        close_old_connections()
        try:
            job(pk)
        except Exception:
            logger.exception("%s %s failed; the next sweep finds it", job.__name__, pk)
        finally:
            connections.close_all()


_pool: Pool | None = None
_lock = threading.Lock()


def wake(job: Callable[[int], None], pk: int, queue: str) -> None:
    """Run ``job(pk)`` in a thread of this process."""
    _this_process().submit(job, pk)


def _this_process() -> Pool:
    global _pool
    with _lock:
        if _pool is None or _pool.pid != os.getpid():
            _pool = Pool()
        return _pool


@atexit.register
def _close() -> None:
    if _pool is not None and _pool.pid == os.getpid():
        _pool.close()
