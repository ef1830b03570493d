"""Sweeps: the most urgent first, what is paused left alone, and a trace that a worker lives."""

import datetime as dt
import itertools
import threading

import pytest

from django_jsms.dispatch import thread
from django_jsms.models import Chunk, JobLease, Message, Pause, VerificationCode
from django_jsms.services import (
    create_batch,
    feed,
    last_sweep,
    queue_code,
    queue_message,
    resume_app,
    run_pending,
    start_batch,
    sweep,
    tick,
)
from django_jsms.services.worker import work
from tests.conftest import MOBILE

pytestmark = pytest.mark.django_db


def batch(count, chunk_size):
    rows = [(f"138{n:08d}", {"code": "123456"}) for n in range(count)]
    return start_batch(create_batch(template=1, recipients=rows, chunk_size=chunk_size))


def paths(shop):
    return [call.path for call in shop.ledger]


@pytest.mark.core
def test_codes_go_before_notices_and_notices_before_batches(jsms_sandbox):
    batch(4, 2)
    queue_message(MOBILE, template=1, params={"code": "123456"})
    queue_code(MOBILE, purpose="login")
    assert run_pending() == 4
    assert paths(jsms_sandbox) == ["/v1/codes", "/v1/messages", "/v1/messages/batch", "/v1/messages/batch"]


@pytest.mark.core
def test_a_code_that_comes_during_a_sweep_does_not_wait_for_its_batch(jsms_sandbox):
    batch(40, 2)
    send, calls = feed.NOUNS[-1][1], itertools.count(1)

    def deliver_chunk(pk):
        if next(calls) == 3:
            queue_code(MOBILE, purpose="login")
        return send(pk)

    rows = feed.Feed(rest=0.0)
    rows._lines[-1].job = deliver_chunk
    while item := rows.take():
        rows.deliver(item)
    assert paths(jsms_sandbox).index("/v1/codes") == 3 and len(paths(jsms_sandbox)) == 21


def test_one_caller_is_kept_for_what_is_urgent(jsms_sandbox):
    batch(2, 2)
    rows = feed.Feed()
    assert rows.take(bulk=False) is None and not rows.idle()
    item = rows.take()
    assert item and not rows.idle()
    rows.deliver(item)
    assert rows.take() is None and rows.idle() and rows.tried == 1


@pytest.mark.core
def test_what_is_paused_is_left_alone(jsms_sandbox, count_statements):
    for n in range(30):
        queue_message(f"138{n:08d}", template=1, params={"code": "123456"})
    batch(60, 2)
    pause = Pause.objects.create(app="default", reason="not_allowed", code=50008)
    with count_statements() as statements:
        assert run_pending() == 0
    assert len(statements) <= 30 and not jsms_sandbox.ledger
    Pause.objects.update(template_id=99)
    assert run_pending() == 60 and not Message.objects.exclude(status="sent").exists()
    assert not resume_app(template_id=pause.template_id)


def test_a_pause_by_other_keys_holds_nothing(jsms_sandbox):
    Pause.objects.create(app="default", reason="unauthorized", code=50002, key_fingerprint="another key")
    queue_code(MOBILE, purpose="login")
    assert run_pending() == 1 and VerificationCode.objects.get().status == "sent"


@pytest.mark.parametrize("sent", [0, 1])
def test_a_sweep_asks_whether_a_pause_is_over(jsms_sandbox, sent):
    Pause.objects.create(app="default", reason="unauthorized", code=50002)
    batch(2, 2)
    jsms_sandbox.clock.advance(61 * sent)
    assert run_pending() == sent == len(jsms_sandbox.outbox) / 2


def test_a_tick_begins_nothing_after_its_time(jsms_sandbox, monkeypatch):
    batch(4, 2)
    monkeypatch.setattr(sweep, "TICK", dt.timedelta())
    assert tick() == 0 and Chunk.objects.filter(status="pending").count() == 2
    assert tick(lambda: True) == 0 and not jsms_sandbox.outbox


@pytest.mark.core
def test_a_tick_wakes_others_too_but_not_without_bound(jsms_sandbox, monkeypatch):
    """What a broker lost is shared among all workers again, not sent by the one that ticks alone."""
    woken = []
    monkeypatch.setattr(sweep.dispatch, "wake", lambda job, pk, queue: woken.append((job.__name__, queue)))
    batch(240, 2)
    queue_code("13900139000", purpose="login")
    queue_message(MOBILE, template=1, params={"code": "123456"})
    woken.clear()
    tick()
    assert woken[:2] == [("deliver_code", "jsms.codes"), ("deliver_message", "jsms.notices")]
    assert woken[2:] == [("deliver_chunk", "jsms.bulk")] * feed.SLICE
    woken.clear()
    assert tick() == 0 and woken == []


def test_three_beats_do_the_work_of_one(jsms_sandbox):
    assert last_sweep() is None
    for _ in range(3):
        tick()
    assert JobLease.objects.filter(name="tick").count() == 1 and last_sweep() < dt.timedelta(seconds=10)
    ran_at = JobLease.objects.ran_at("tick")
    jsms_sandbox.clock.advance(31)
    assert last_sweep() > dt.timedelta(seconds=30)
    tick()
    assert JobLease.objects.ran_at("tick") > ran_at


@pytest.mark.core
def test_a_sweep_that_is_not_due_is_one_read(jsms_sandbox, count_statements):
    """Each web process asks every 30 s, and one of them all does the work."""
    tick()
    with count_statements() as statements:
        assert tick() == 0
    assert len(statements) == 1 and statements[0].startswith("SELECT")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("callers", [1, 4])
def test_a_worker_sends_each_once_and_ends(jsms_sandbox, callers):
    batch(60, 3)
    queue_code(MOBILE, purpose="login")
    assert work(threading.Event(), concurrency=callers, until_idle=True, interval=0.2) == 21
    assert len(jsms_sandbox.outbox) == len({m.mobile for m in jsms_sandbox.outbox}) == 61
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("jsms-worker")]
    assert last_sweep() is not None


@pytest.mark.django_db(transaction=True)
def test_a_worker_ends_where_everything_is_paused_or_broken(jsms_sandbox):
    batch(6, 2)
    VerificationCode.insert_waiting(app="gone", mobile=MOBILE, purpose="login", template_id=1)
    Pause.objects.create(app="default", reason="not_allowed", code=50008)
    assert work(threading.Event(), until_idle=True, interval=0.2) == 0 and not jsms_sandbox.outbox


def test_the_sweep_is_given_to_the_threads():
    assert [(seconds, job) for seconds, job in thread.periodic] == [(30.0, tick)]
