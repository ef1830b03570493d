"""Waiting, as the whole suite does it: for a condition, never for a number of seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from django_jsms.client import Timeout

#: Seconds after which a wait has failed. It ends what hangs, and says nothing about how long anything takes.
PATIENCE: Final = 60.0
#: Of a client that is to be answered, however busy the machine is.
PATIENT: Final = Timeout(PATIENCE, PATIENCE, PATIENCE)
_SLICE: Final = 0.1


def wait_for(condition: Callable[[], Any], *, seconds: float = PATIENCE, every: float = 0.01) -> Any:
    """Ask again and again until the answer is true, and return it. Fails in the caller's line."""
    __tracebackhide__ = True
    until = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > until:
            raise AssertionError(f"it is still not so after {seconds:.0f} s; the last answer was {found!r}")
        time.sleep(every)
    return found


@contextmanager
def in_time(seconds: float) -> Iterator[None]:
    """The block ends before a thread beside it has waited for so long, in slices of 0.1 s.

    Slices stand for the clock: a machine that is busy stretches them as it stretches what is being bounded.
    """
    ended, slices = threading.Event(), []

    def count() -> None:
        while not ended.wait(_SLICE):
            slices.append(_SLICE)

    beside = threading.Thread(target=count)
    beside.start()
    try:
        yield
    finally:
        ended.set()
        beside.join()
    assert sum(slices) < seconds
