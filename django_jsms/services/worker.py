"""A worker's life: several callers in one process, until it is told to stop or nothing is left."""

from __future__ import annotations

import logging
import threading
import time
from typing import Final

from django.db import Error, close_old_connections, connections, reset_queries

from .periodic import run_periodic
from .sweep import Feed, Line, beat, tidy

logger = logging.getLogger("django_jsms")

#: What the end waits for calls that are under way, in seconds: the longest a call can take.
EXIT_SECONDS: Final = 15.0
#: Seconds between two questions whether there is something to do or to stop; they cost no statement.
_STEP: Final = 0.1


def work(stop: threading.Event, *, concurrency: int = 4, until_idle: bool = False, interval: float = 1.0) -> int:
    """Send what waits with ``concurrency`` callers until ``stop`` is set; answers how many rows were tried.

    With two callers or more, one never takes a batch's chunk, so that a code finds it free. ``until_idle``
    ends where nothing is due now and nothing is under way. ``interval`` is seconds between two looks of an
    idle worker. What is under way at the end has 15 s.
    """
    feed = Feed(rest=interval)
    threads = [
        threading.Thread(
            target=_call,
            args=(feed, stop, until_idle, bool(number) or concurrency == 1),
            name=f"jsms-worker-{number}",
            daemon=True,
        )
        for number in range(concurrency)
    ]
    _tidy(stop)
    for thread in threads:
        thread.start()
    while not stop.wait(interval):
        _tidy(stop)
    _end(threads)
    _tidy(stop)
    return feed.tried


def _call(feed: Feed, stop: threading.Event, until_idle: bool, bulk: bool) -> None:
    """One caller."""
    while not stop.is_set():
        item = _take(feed, bulk)
        if item:
            feed.deliver(item)
        elif until_idle and feed.idle():
            stop.set()
        else:
            close_old_connections()
            stop.wait(_STEP)
        reset_queries()  # under DEBUG every statement would be kept
    connections.close_all()


def _take(feed: Feed, bulk: bool) -> tuple[Line, int] | None:
    """A database that is away is waited for."""
    try:
        return feed.take(bulk=bulk)
    except Error:
        logger.exception("The database does not answer; trying again")
        close_old_connections()
        return None


def _tidy(stop: threading.Event) -> None:
    """Beside the callers, in the first thread: what a sweep and a tick do but for sending."""
    try:
        tidy()
        if not stop.is_set() and beat():
            run_periodic(stop.is_set)
    except Exception:
        logger.exception("Not everything could be looked after; trying again")
    finally:
        close_old_connections()
        reset_queries()


def _end(threads: list[threading.Thread]) -> None:
    until = time.monotonic() + EXIT_SECONDS
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    left = sum(thread.is_alive() for thread in threads)
    if left:
        logger.error("%s calls did not end in %s s; what they held becomes unknown", left, EXIT_SECONDS)
