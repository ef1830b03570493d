"""Timed jobs: in their order, once, at their time and not before, by whoever comes first."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from django_jsms.sandbox import SandboxServer, jobs
from django_jsms.sandbox.clock import Clock
from django_jsms.sandbox.jobs import Jobs
from tests.waiting import PATIENCE


@pytest.fixture
def clock() -> Clock:
    clock = Clock()
    clock.stop()
    return clock


@pytest.fixture
def list_of(clock: Clock) -> Jobs:
    return Jobs(clock)


def test_in_the_order_of_time_then_of_asking(clock: Clock, list_of: Jobs) -> None:
    ran: list[str] = []
    for name, delay in [("c", 2), ("a", 1), ("d", 2), ("b", 1)]:
        list_of.at(clock.time() + delay, partial(ran.append, name))
    clock.advance(0.5)
    list_of.settle()
    assert ran == []
    clock.advance(0.5)
    list_of.settle()
    assert ran == ["a", "b"]
    clock.advance(60)
    list_of.settle()
    list_of.settle()
    assert ran == ["a", "b", "c", "d"] and len(list_of) == 0


def test_a_job_may_plan_another(clock: Clock, list_of: Jobs) -> None:
    ran: list[int] = []

    def again() -> None:
        ran.append(1)
        if len(ran) < 3:
            list_of.at(clock.time(), again)

    list_of.at(clock.time() - 1, again)
    list_of.settle()
    assert len(ran) == 3


def test_dropped_ones_do_not_run(clock: Clock, list_of: Jobs) -> None:
    ran: list[int] = []
    made = [list_of.at(clock.time() + number, partial(ran.append, number)) for number in range(100)]
    for job in made[:99]:
        list_of.drop(job)
        list_of.drop(job)
    assert len(list_of) == 1
    clock.advance(99)
    list_of.settle()
    list_of.drop(made[99])
    assert ran == [99] and len(list_of) == 0


def test_clear(clock: Clock, list_of: Jobs) -> None:
    ran: list[int] = []
    list_of.at(clock.time(), partial(ran.append, 1))
    list_of.clear()
    list_of.settle()
    assert ran == [] and list_of.due_at == float("inf")


def test_a_broken_job_does_not_stop_the_next(clock: Clock, list_of: Jobs, capsys: pytest.CaptureFixture[str]) -> None:
    ran: list[int] = []
    list_of.at(clock.time(), partial(int, "broken"))
    list_of.at(clock.time(), partial(ran.append, 1))
    list_of.settle()
    assert ran == [1] and "broken" in capsys.readouterr().err


def test_when_too_many_wait_the_earliest_go_at_once(
    clock: Clock, list_of: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "MOST", 3)
    ran: list[int] = []
    for number in (5, 4, 3, 2, 1):
        list_of.at(clock.time() + number, partial(ran.append, number))
    list_of.settle()
    assert ran == [1, 2] and len(list_of) == 3
    assert list_of.due_at == clock.time() + 3


def test_settle_waits_for_what_another_thread_runs(clock: Clock, list_of: Jobs) -> None:
    begun, go_on, done = threading.Event(), threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        assert go_on.wait(PATIENCE)
        done.set()

    def settle() -> None:
        list_of.settle()
        settled.append(done.is_set())

    settled: list[bool] = []
    list_of.at(clock.time(), slow)
    threads = [threading.Thread(target=settle) for _ in range(3)]
    threads[0].start()
    assert begun.wait(PATIENCE)
    for thread in threads[1:]:
        thread.start()
    assert settled == []
    go_on.set()
    for thread in threads:
        thread.join(PATIENCE)
    assert settled == [True] * 3


def test_each_once_with_many_threads(clock: Clock, list_of: Jobs) -> None:
    ran: list[int] = []

    def plan_and_settle(first: int) -> None:
        for number in range(first, first + 500):
            list_of.at(clock.time() - number, partial(ran.append, number))
            if number % 7 == 0:
                list_of.settle()

    threads = [threading.Thread(target=plan_and_settle, args=(first,)) for first in range(0, 4000, 500)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    list_of.settle()
    assert sorted(ran) == list(range(4000))


@pytest.mark.parametrize("delay", [-1.0, 0.0, 3600.0])
def test_with_nobody_asking(sandbox: SandboxServer, delay: float) -> None:
    ran, clock = threading.Event(), sandbox.clock
    clock.stop()
    sandbox.state.jobs.at(clock.time() + delay, ran.set)
    if delay > 0:
        clock.advance(delay)
    assert ran.wait(PATIENCE)


def test_a_reset_forgets_them(sandbox: SandboxServer) -> None:
    ran: list[int] = []
    sandbox.state.jobs.at(sandbox.clock.time() + 60, partial(ran.append, 1))
    sandbox.reset()
    sandbox.clock.advance(120)
    assert sandbox.outbox == [] and ran == []
