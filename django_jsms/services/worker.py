"""A worker's life, until it is told to stop or nothing is left: one thread looks, several send, one keeps house."""

from __future__ import annotations

import logging
import threading
import time
from typing import Final

from django.db import connections, reset_queries

from .chunks import finish_batches
from .feed import Feed
from .periodic import run_periodic
from .sweep import beat, tidy

logger = logging.getLogger("django_jsms")

#: What the end waits for calls that are under way, in seconds: the longest a call can take.
EXIT_SECONDS: Final = 15.0
#: Seconds between two looks of an idle worker: a row that comes just after one is on the wire within a second.
INTERVAL: Final = 0.9
#: Seconds between two rounds of housekeeping; dead claims are held for 60 s, and a tick is due every 30 s.
HOUSEKEEPING: Final = 10.0
#: Seconds a caller without work keeps its connection.
SPARE: Final = 10.0
#: Seconds by which a connection in use outlives CONN_MAX_AGE, which is 0 by default: connecting costs a database
#: more than all that an idle worker asks it.
OUTLIVES: Final = 60.0


def work(stop: threading.Event, *, concurrency: int = 4, until_idle: bool = False, interval: float = INTERVAL) -> int:
    """Send what waits with ``concurrency`` callers until ``stop`` is set; answers how many rows were tried.

    With two callers or more, one never takes a batch's chunk, so that a code finds it free. ``until_idle``
    ends where nothing is due now and nothing is under way. ``interval`` is seconds between two looks of an
    idle worker. What is under way at the end has 15 s.
    """
    feed = Feed(rest=interval)
    threads = [
        threading.Thread(target=_look_out, args=(feed, stop, until_idle), name="jsms-worker-looks", daemon=True)
    ]
    threads += [
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
    _keep_house(stop)
    feed.close()
    _end(threads)
    _tidy(stop)
    return feed.tried


def _look_out(feed: Feed, stop: threading.Event, until_idle: bool) -> None:
    """Look for rows, with one statement each ``interval`` while none come."""
    finished = 0
    while not stop.is_set():
        try:
            feed.look()
            if feed.chunks > finished and feed.idle():  # the last ones of a batch may have ended together
                finished = feed.chunks
                finish_batches()
        except Exception:
            logger.exception("No row could be looked for; trying again")
        _stop_if_idle(feed, stop, until_idle)
        _care()
        feed.rest()
    connections.close_all()


def _call(feed: Feed, stop: threading.Event, until_idle: bool, bulk: bool) -> None:
    """One caller. A row that it was handed at the last moment is not claimed yet, and waits on."""
    while not stop.is_set():
        item = feed.wait(SPARE, bulk=bulk)
        if item is None:
            connections.close_all()
        elif not stop.is_set():
            feed.deliver(item)
            _stop_if_idle(feed, stop, until_idle)
            _care()
    connections.close_all()


def _stop_if_idle(feed: Feed, stop: threading.Event, until_idle: bool) -> None:
    if until_idle and feed.idle():
        stop.set()


def _keep_house(stop: threading.Event) -> None:
    while not stop.wait(HOUSEKEEPING):
        _tidy(stop)


def _tidy(stop: threading.Event) -> None:
    """Beside the callers, in the first thread: what a sweep and a tick do but for sending."""
    try:
        tidy()
        if not stop.is_set() and beat():
            run_periodic(stop.is_set)
    except Exception:
        logger.exception("Not everything could be looked after; trying again")
    finally:
        _care()


def _care() -> None:
    """Close the connections of this thread that met an error or are old; the next statement opens new ones."""
    for connection in connections.all(initialized_only=True):
        old = connection.close_at is not None and time.monotonic() >= connection.close_at + OUTLIVES
        if connection.errors_occurred or old:
            connection.close()
    reset_queries()  # under DEBUG every statement would be kept


def _end(threads: list[threading.Thread]) -> None:
    until = time.monotonic() + EXIT_SECONDS
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    left = sum(thread.is_alive() for thread in threads)
    if left:
        logger.error("%s calls did not end in %s s; what they held becomes unknown", left, EXIT_SECONDS)
