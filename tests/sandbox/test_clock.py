"""The clock: it runs, stands, jumps, goes faster, and wakes those who wait."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

import pytest

from django_jsms.sandbox.clock import Clock
from tests.waiting import PATIENCE, wait_for


def test_runs_with_the_world() -> None:
    before = time.time()
    assert before - 1 < Clock().time() < time.time() + 1


def test_stands_and_jumps() -> None:
    clock = Clock()
    clock.stop()
    before = clock.time()
    clock.advance(61)
    clock.advance(-1)
    assert clock.time() == before + 60


def test_set_reads_naive_times_as_beijing() -> None:
    clock = Clock()
    clock.stop()
    clock.set(datetime(2030, 5, 1, 9))
    assert clock.now().isoformat() == "2030-05-01T09:00:00+08:00"
    clock.set(datetime(2030, 5, 1, 9, tzinfo=UTC))
    assert clock.now().isoformat() == "2030-05-01T17:00:00+08:00"


def test_goes_faster() -> None:
    clock = Clock()
    clock.run(100_000)
    began, before, started = time.monotonic(), clock.time(), time.monotonic()
    wait_for(lambda: clock.time() - before >= 1000)
    until, after, ended = time.monotonic(), clock.time(), time.monotonic()
    assert 100_000 * (until - started) - 1 < after - before < 100_000 * (ended - began) + 1


@pytest.mark.parametrize("speed", [-1, 2_000_000, float("nan")])
def test_speeds_it_refuses(speed: float) -> None:
    with pytest.raises(ValueError):
        Clock().run(speed)


@pytest.mark.parametrize("seconds", [-1e12, 1e15, float("inf"), float("nan")])
def test_jumps_it_refuses(seconds: float) -> None:
    before, clock = time.time(), Clock()
    with pytest.raises(ValueError):
        clock.advance(seconds)
    assert before - 1 < clock.time() < time.time() + 1


def test_a_jump_wakes() -> None:
    clock, woken = Clock(), threading.Event()

    def wait() -> None:
        with clock.changed:
            if clock.changed.wait(PATIENCE):
                woken.set()

    thread = threading.Thread(target=wait)
    thread.start()
    wait_for(lambda: clock.advance(1) or woken.is_set())  # the first may come before it waits
    thread.join()
