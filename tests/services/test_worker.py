"""A worker's life: quiet while nothing comes, and at work with all its callers when something does."""

import threading
import time

import pytest
from django.db import OperationalError, connection
from django.db.backends.signals import connection_created

from django_jsms.models import Batch, Message
from django_jsms.services import create_batch, feed, queue_code, queue_message, start_batch, sweep, worker
from django_jsms.services.messages import deliver_message
from tests.conftest import MOBILE
from tests.waiting import PATIENCE, wait_for

pytestmark = pytest.mark.django_db(transaction=True)

#: Seconds that a worker is watched.
LASTS = 120.0


class Time:
    """Time that passes only while someone waits; it is this worker's ``stop``, too, and stops it in the end."""

    def __init__(self, sandbox):
        self.sandbox, self.at, self.waits = sandbox, 0.0, []

    def monotonic(self):
        return self.at

    def wait(self, seconds):
        self.waits.append(seconds)
        self.at += seconds
        self.sandbox.clock.advance(seconds)
        return self.is_set()

    def is_set(self):
        return self.at >= LASTS


@pytest.fixture
def clock(jsms_sandbox, monkeypatch):
    passing = Time(jsms_sandbox)
    monkeypatch.setattr(feed, "time", passing)
    return passing


def idle_feed(clock):
    rows = feed.Feed(rest=worker.INTERVAL)
    rows._wanted.wait_for = lambda predicate, seconds: predicate() or clock.wait(seconds)
    return rows


@pytest.mark.core
def test_one_statement_looks_for_every_noun(clock, count_statements):
    rows = feed.Feed(rest=1.0)
    for passed, count in [(0, 1), (0, 0), (0.9, 0), (0.1, 1)]:
        clock.at += passed
        with count_statements() as statements:
            assert rows.take() is None
        assert len(statements) == count
    for table in ("verificationcode", "message", "schedule", "chunk"):
        assert f"django_jsms_{table}" in statements[0]


@pytest.mark.core
def test_a_round_of_housekeeping_is_two_reads(jsms_sandbox, count_statements):
    worker._tidy(threading.Event())
    with count_statements() as statements:
        worker._tidy(threading.Event())
    assert len(statements) == 2 and all(sql.startswith("SELECT") for sql in statements)


@pytest.mark.core
def test_an_idle_worker_makes_two_statements_a_second_at_most(clock, count_statements):
    """Two minutes of it, with all that it does from time to time; each statement is a transaction at most."""
    worker._tidy(threading.Event())
    with count_statements() as looks:
        worker._look_out(idle_feed(clock), clock, until_idle=False)
    clock.at = 0.0
    with count_statements() as house:
        worker._keep_house(clock)
    assert LASTS <= len(looks) <= LASTS / worker.INTERVAL + 2
    assert len(house) >= 2 * LASTS / worker.HOUSEKEEPING and len(looks) + len(house) <= 2 * LASTS


@pytest.mark.core
def test_it_keeps_its_connection(clock):
    made = []
    clock.at = LASTS - 20
    connection.close()
    connection_created.connect(lambda **kwargs: made.append(1), weak=False, dispatch_uid="made")
    worker._look_out(idle_feed(clock), clock, until_idle=False)
    connection_created.disconnect(dispatch_uid="made")
    assert len(made) == 1


@pytest.mark.parametrize(("age", "error", "kept"), [(-59, False, True), (-61, False, False), (0, True, False)])
def test_a_connection_that_is_old_or_met_an_error_is_not_kept(age, error, kept):
    connection.ensure_connection()
    connection.close_at, connection.errors_occurred = time.monotonic() + age, error
    worker._care()
    assert (connection.connection is not None) is kept


@pytest.mark.core
def test_a_queued_code_is_found_at_the_next_look(clock):
    rows = idle_feed(clock)
    rows.look()
    code = queue_code(MOBILE, purpose="login")
    rows.look()
    assert rows.wait(0) is None
    rows.rest()
    rows.look()
    assert clock.waits == [worker.INTERVAL] and worker.INTERVAL < 1
    assert rows.wait(0, bulk=False)[1] == code.pk


@pytest.mark.core
def test_work_keeps_every_caller_busy(jsms_sandbox, monkeypatch):
    """Each message waits for three others that are under way with it."""
    together, seen = threading.Barrier(4, timeout=PATIENCE), set()

    def deliver(pk):
        if pk not in seen:  # a second look may hand out a row that was found by the first
            seen.add(pk)
            together.wait()
        return deliver_message(pk)

    nouns = [(model, deliver if model is Message else job, outer) for model, job, outer in feed.NOUNS]
    monkeypatch.setattr(feed, "NOUNS", nouns)
    for n in range(12):
        queue_message(MOBILE, template=1, params={"code": f"{n:06d}"})
    assert worker.work(threading.Event(), concurrency=4, until_idle=True) == 12
    assert not together.broken and len(jsms_sandbox.outbox) == 12


@pytest.mark.core
def test_chunks_that_end_together_finish_their_batch_at_once(jsms_sandbox, monkeypatch):
    """Each saw that another one was under way; no round of housekeeping comes to their help."""
    stop, tidied = threading.Event(), []
    monkeypatch.setattr(worker, "_tidy", tidied.append)
    rows = [(f"138{n:08d}", {"code": "123456"}) for n in range(8)]
    batch = start_batch(create_batch(template=1, recipients=rows, chunk_size=2))
    jsms_sandbox.fault("delay", seconds=0.2, times=4)
    running = threading.Thread(target=worker.work, args=(stop,), kwargs={"concurrency": 5})
    running.start()
    wait_for(lambda: Batch.objects.get(pk=batch.pk).status == "finished")
    stop.set()
    running.join(PATIENCE)
    assert len(tidied) == 2


def test_a_look_that_fails_is_made_again(jsms_sandbox, monkeypatch, caplog):
    ask, failures = feed.ask, [OperationalError("gone"), ZeroDivisionError()]

    def fails_twice(lines):
        if failures:
            raise failures.pop()
        return ask(lines)

    monkeypatch.setattr(feed, "ask", fails_twice)
    queue_code(MOBILE, purpose="login")
    assert worker.work(threading.Event(), until_idle=True, interval=0.05) == 1
    assert caplog.text.count("trying again") == 2 and len(jsms_sandbox.outbox) == 1


def test_what_is_handed_out_as_it_stops_is_not_begun(jsms_sandbox):
    """The row was claimed by no one yet: it waits for the next worker."""
    queue_code(MOBILE, purpose="login")
    stop, rows = threading.Event(), feed.Feed()
    rows.look()
    rows.wait, wait = lambda *args, **kwargs: (stop.set(), wait(*args, **kwargs))[1], rows.wait
    worker._call(rows, stop, until_idle=False, bulk=True)
    assert not jsms_sandbox.outbox and sweep.run_pending() == 1


def test_a_closed_feed_lets_no_one_wait():
    rows = feed.Feed(rest=3600.0)
    rows.look()
    waiting = [threading.Thread(target=rows.wait, args=(3600,)), threading.Thread(target=rows.rest)]
    for thread in waiting:
        thread.start()
    rows.close()
    for thread in waiting:
        thread.join(30)
    assert not any(thread.is_alive() for thread in waiting)
