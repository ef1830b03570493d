"""Many schedules and many workers: each made once, in as many statements whatever its size."""

import datetime as dt
from collections import Counter

import pytest

from django_jsms.models import Message, Schedule
from django_jsms.services import (
    adopt_schedule,
    cancel_batch,
    dismiss_schedule,
    run_pending,
    schedule_batch,
    scheduling,
)
from tests.processes import MANAGE, ended, start
from tests.services.schedules.life import ahead, calls, pass_until, reread
from tests.services.schedules.test_batches import prepare, scheduled, states
from tests.waiting import wait_for

pytestmark = pytest.mark.django_db


@pytest.mark.databases
def test_a_schedule_is_made_and_read_in_as_many_statements_whatever_its_size(shop, count_statements):
    for size in (1, 300):
        schedule_batch(prepare(size, chunk_size=1000), send_at=ahead(hours=2))
        pk = Schedule.objects.get(status="creating").pk
        with count_statements() as made:
            scheduling.deliver_schedule(pk)
        shop.clock.advance(0.002)  # SQLite's clock counts milliseconds: within one it is not due yet
        with count_statements() as read:
            scheduling.deliver_schedule(pk)
        # made: choose, gate, clock, claim, recipients, outcome; read: choose, clock, claim, messages, outcome, msg_ids
        assert (len(made), len(read)) == (6, 6), [*made, *read]


def test_a_batch_is_scheduled_in_as_many_statements_whatever_its_size(shop, count_statements):
    counts = []
    for size in (10, 300):
        batch = prepare(size, chunk_size=10)
        with count_statements() as statements:
            schedule_batch(batch, send_at=ahead(hours=2))
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 7, statements  # one of them asks for the balance


@pytest.mark.django_db(transaction=True)
@pytest.mark.databases
def test_many_workers_make_each_schedule_once(shop, race):
    batch = schedule_batch(prepare(200, chunk_size=10), send_at=ahead(hours=2))
    race(6, run_pending)
    run_pending()
    assert states(batch) == ["active"] * 20
    assert len(calls(shop, "POST")) == len(shop._server.state.schedules) == 20


@pytest.mark.django_db(transaction=True)
@pytest.mark.databases
def test_many_workers_cancel_each_schedule_once(shop, race):
    batch = scheduled(200, chunk_size=10)
    cancel_batch(batch)
    race(6, run_pending)
    run_pending()
    assert states(batch) == ["cancelled"] * 20 and len(calls(shop, "DELETE")) == 20
    assert reread(batch).counts()["cancelled"] == 200


@pytest.mark.django_db(transaction=True)
@pytest.mark.databases
def test_a_batch_that_is_cancelled_while_it_is_being_scheduled_is_cancelled(shop, race):
    batch = schedule_batch(prepare(100, chunk_size=10), send_at=ahead(hours=2))
    acts = iter([run_pending, run_pending, lambda: cancel_batch(batch), run_pending])
    race(4, lambda: next(acts)())
    for _ in range(3):
        Schedule.objects.exclude(due_at=None).update(due_at=batch.created_at)
        run_pending()
    assert set(states(batch)) == {"cancelled"}
    assert {held.status for held in shop._server.state.schedules.values()} <= {"deleted"}
    assert batch.counts()["cancelled"] == 100


@pytest.mark.django_db(transaction=True)
@pytest.mark.databases
def test_workers_killed_in_the_middle_make_nothing_twice_and_lose_nothing(shop):
    """kill -9, four times; what was under way is adopted from the console, and each phone gets one message."""
    batch = schedule_batch(prepare(200, chunk_size=5), send_at=(at := ahead(hours=2)))
    shop.fault("delay", when="after", method="POST", seconds=0.05, times=100)
    with ended() as processes:
        for _ in range(4):
            worker = start(MANAGE, "jsms_worker", "--until-idle", "--concurrency", "2", sandbox=shop.url)
            processes.append(worker)
            seen = len(calls(shop, "POST"))
            wait_for(lambda worker=worker, seen=seen: len(calls(shop, "POST")) >= seen + 4 or worker.poll() == 0)
            worker.kill()
            worker.wait()
    shop.clock.advance(61)
    run_pending()
    held = shop._server.state.schedules
    assert len(held) == len(calls(shop, "POST"))
    assert set(states(batch)) <= {"active", "create_unknown"} and states(batch).count("create_unknown") <= 8
    for remote_id in set(held) - set(batch.schedules.exclude(remote_id=None).values_list("remote_id", flat=True)):
        adopt_schedule(remote_id)
    for schedule in batch.schedules.filter(status="create_unknown"):  # killed before the first byte
        dismiss_schedule(schedule)
    pass_until(shop, at + dt.timedelta(seconds=31))
    counts = batch.counts()
    assert states(batch).count("fired") == len(held) and counts["sent"] == 5 * len(held) == 200 - counts["failed"]
    arrived = Message.objects.filter(status="sent").values_list("mobile", flat=True)
    assert Counter(message.mobile for message in shop.outbox) == dict.fromkeys(arrived, 1)
