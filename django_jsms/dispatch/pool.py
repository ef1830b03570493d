"""A bounded pool of daemon threads, one pool per process: made at first use and after a fork, joined at exit."""

from __future__ import annotations

import atexit
import logging
import os
import queue
import threading
import time
from collections.abc import Callable
from typing import Final

from django.db import close_old_connections, connections

logger = logging.getLogger("django_jsms")

#: Jobs kept in memory; one more is refused, and the next sweep finds its row.
LONGEST_QUEUE: Final = 10_000
#: What an exit waits for jobs that are under way, in seconds: the longest a call can take.
EXIT_SECONDS: Final = 15.0

Job = Callable[[int], None]


class Pool:
    """Threads start one by one, as jobs come."""

    def __init__(self, threads: int) -> None:
        self.most = threads
        self.jobs: queue.Queue[tuple[Job, int] | None] = queue.Queue(LONGEST_QUEUE)
        self.threads: list[threading.Thread] = []
        self.idle = threading.Semaphore(0)
        self.lock = threading.Lock()
        self.closing = threading.Event()

    def submit(self, job: Job, pk: int) -> None:
        """Run ``job(pk)`` in a thread. Raises queue.Full where too many wait."""
        self.jobs.put_nowait((job, pk))
        with self.lock:
            if not self.idle.acquire(blocking=False) and len(self.threads) < self.most:
                self.start(self._work)

    def start(self, body: Callable[[], None]) -> None:
        """One more thread, which ends when ``closing`` is set."""
        thread = threading.Thread(target=body, name="jsms-dispatch", daemon=True)
        self.threads.append(thread)
        thread.start()

    def close(self, seconds: float = EXIT_SECONDS) -> None:
        """Start nothing new, and wait for what is under way."""
        self.closing.set()
        until = time.monotonic() + seconds
        for _ in self.threads:
            self.jobs.put(None)
        for thread in self.threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _work(self) -> None:
        while (item := self.jobs.get()) is not None:
            if not self.closing.is_set():
                job, pk = item
                run(lambda: job(pk), f"{getattr(job, '__name__', job)} {pk}")  # noqa: B023
            self.idle.release()


def run(job: Callable[[], object], name: str) -> None:
    """Run a job with fresh database connections; what it raises is logged, for there is nobody to catch it."""
    close_old_connections()
    try:
        job()
    except Exception:
        logger.exception("%s failed; the next sweep finds it", name)
    finally:
        connections.close_all()


class PerProcess:
    """The pool of this process."""

    def __init__(self, threads: int, *, begin: Callable[[Pool], None] | None = None) -> None:
        self._threads = threads
        self._begin = begin
        self._lock = threading.Lock()
        self._pool: Pool | None = None
        self._pid = 0
        atexit.register(self.close)

    def get(self) -> Pool:
        with self._lock:
            if self._pool is None or self._pid != os.getpid():
                self._pool, self._pid = Pool(self._threads), os.getpid()
                if self._begin:
                    self._begin(self._pool)
            return self._pool

    def close(self, seconds: float = EXIT_SECONDS) -> None:
        """End this process's pool; the next use makes a new one."""
        if self._pool is not None and self._pid == os.getpid():
            self._pool.close(seconds)
            self._pool = None
