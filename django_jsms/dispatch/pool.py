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

from django.db import close_old_connections, connections, reset_queries

logger = logging.getLogger("django_jsms")

#: Jobs kept in memory; one more is refused, and the next sweep finds its row.
LONGEST_QUEUE: Final = 10_000
#: What an exit waits for jobs that are under way, in seconds: the longest a call can take.
EXIT_SECONDS: Final = 15.0

Job = Callable[[int], object]


class Pool:
    """Threads start one by one, as jobs come. With ``drain``, what waits at the end is still run."""

    def __init__(self, threads: int, *, drain: bool = False) -> None:
        self.most, self.drain = threads, drain
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

    def close(self) -> None:
        """Begin nothing new; ``join`` waits for what is under way."""
        self.closing.set()
        for _ in self.threads:
            self.jobs.put(None)

    def join(self, until: float) -> None:
        """Wait for the threads, to that time of the monotonic clock at most."""
        for thread in self.threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _work(self) -> None:
        while (item := self._next()) is not None:
            if self.drain or not self.closing.is_set():
                job, pk = item
                run(lambda: job(pk), f"{getattr(job, '__name__', job)} {pk}")  # noqa: B023
            self.idle.release()

    def _next(self) -> tuple[Job, int] | None:
        """A thread keeps its database connections while there is work, and no longer."""
        try:
            return self.jobs.get_nowait()
        except queue.Empty:
            connections.close_all()
            return self.jobs.get()


def run(job: Callable[[], object], name: str) -> None:
    """Run a job; what it raises is logged, for there is nobody to catch it."""
    try:
        job()
    except Exception:
        logger.exception("%s failed; the next sweep finds it", name)
        close_old_connections()
    finally:
        reset_queries()  # under DEBUG every statement would be kept


class PerProcess:
    """The pool of this process."""

    def __init__(self, threads: int, *, drain: bool = False, begin: Callable[[Pool], None] | None = None) -> None:
        self._threads, self._drain = threads, drain
        self._begin = begin
        self._lock = threading.Lock()
        self._pool: Pool | None = None
        self._pid = 0

    def get(self) -> Pool:
        with self._lock:
            if self._pool is None or self._pid != os.getpid():
                self._pool, self._pid = Pool(self._threads, drain=self._drain), os.getpid()
                if self._begin:
                    self._begin(self._pool)
            return self._pool

    def take(self) -> Pool | None:
        """This process's pool, to be ended; the next use makes a new one."""
        pool, self._pool = self._pool, None
        return pool if self._pid == os.getpid() else None


def close(pools: list[PerProcess], seconds: float = EXIT_SECONDS) -> None:
    """End these pools together, within so many seconds."""
    until = time.monotonic() + seconds
    ending = [pool for pool in (each.take() for each in pools) if pool]
    for pool in ending:
        pool.close()
    for pool in ending:
        pool.join(until)


def close_at_exit(pools: list[PerProcess], seconds: float = EXIT_SECONDS) -> None:
    """So that a command or a deploy leaves nothing half done."""
    atexit.register(close, pools, seconds)
