"""Batches that JSMS holds: one schedule for each chunk, made by workers, cancelled with the batch; adoption."""

import datetime as dt

import pytest

from django_jsms.exceptions import InvalidInput, Refused
from django_jsms.models import Batch, Chunk, Message, Schedule
from django_jsms.models.base import as_stored, now
from django_jsms.services import (
    adopt_schedule,
    cancel_batch,
    cancel_schedule,
    create_batch,
    opt_out,
    pause_batch,
    resume_app,
    run_pending,
    schedule_batch,
    schedule_message,
    start_batch,
    update_schedule,
)
from django_jsms.services.hours import aware
from tests.conftest import MOBILE
from tests.services.schedules.life import BEIJING, OTHER, ahead, calls, lose, make, messages, pass_until, reread

pytestmark = pytest.mark.django_db


def numbers(count):
    return [f"138{n:08d}" for n in range(count)]


def prepare(count=250, chunk_size=100, **more):
    rows = [(mobile, {"no": str(n)}) for n, mobile in enumerate(numbers(count))]
    return create_batch(template="order-shipped", recipients=rows, chunk_size=chunk_size, **more)


def scheduled(count=250, send_at=None, **more):
    batch = schedule_batch(prepare(count, **more), send_at=send_at or ahead(hours=2))
    run_pending()
    return reread(batch)


def states(batch):
    return sorted(batch.schedules.values_list("status", flat=True))


@pytest.mark.core
def test_a_batch_of_any_size_is_held_by_several_schedules(shop, heard):
    batch, send_at = prepare(tag="shop"), ahead(hours=2)
    assert schedule_batch(batch, send_at=send_at).status == "scheduled"
    assert states(batch) == ["creating"] * 3 and not shop.ledger
    run_pending()
    assert states(batch) == ["active"] * 3 and len(calls(shop, "POST", "/v1/schedule/batch")) == 3
    run_pending()
    assert Message.objects.exclude(msg_id="").count() == 250
    assert batch.counts()["pending"] == 250
    pass_until(shop, send_at + dt.timedelta(seconds=31))
    assert sorted(message.mobile for message in shop.outbox) == numbers(250)
    assert {message.tag for message in shop.outbox} == {"shop"}
    reread(batch)
    assert (batch.status, states(batch), batch.counts()["sent"]) == ("finished", ["fired"] * 3, 250)
    assert {message.mobile: message.msg_id for message in shop.outbox} == dict(
        Message.objects.filter(status="sent", sent_at=send_at).values_list("mobile", "msg_id")
    )
    assert heard.count(("schedule_fired", "fired")) == 3
    assert not calls(shop, "POST", "/v1/messages")


def test_more_than_1000_recipients(shop):
    batch = scheduled(1001, chunk_size=1000)
    assert sorted(batch.schedules.values_list("chunk__size", flat=True)) == [1, 1000]
    assert len(shop._server.state.schedules) == 2


def test_only_a_ready_batch_is_scheduled_and_once(shop):
    batch = prepare(3)
    start_batch(batch)
    with pytest.raises(InvalidInput) as caught:
        schedule_batch(batch, send_at=ahead(hours=1))
    assert caught.value.reason == "wrong_status"
    batch = scheduled(3)
    for act in (pause_batch, start_batch, lambda each: schedule_batch(each, send_at=ahead(hours=1))):
        with pytest.raises(InvalidInput):
            act(batch)
    assert Schedule.objects.count() == 1


def test_a_bad_time_leaves_the_batch_ready(shop):
    batch = prepare(3)
    with pytest.raises(InvalidInput):
        schedule_batch(batch, send_at=ahead(seconds=3))
    assert reread(batch).status == "ready" and not Schedule.objects.exists()


@pytest.mark.core
def test_whom_jsms_refuses_is_failed_and_the_others_are_sent(shop):
    send_at = ahead(hours=2)
    batch = schedule_batch(prepare(3), send_at=send_at)
    Message.objects.filter(mobile=numbers(3)[1]).update(mobile="186")
    run_pending()
    assert messages(batch.schedules.get()) == [
        (numbers(3)[0], "waiting"),
        (numbers(3)[2], "waiting"),
        ("186", "failed"),
    ]
    assert Message.objects.get(status="failed").error_code == 50006
    pass_until(shop, send_at + dt.timedelta(seconds=31))
    counts = batch.counts()
    assert (counts["sent"], counts["failed"], len(shop.outbox)) == (2, 1, 2)


@pytest.mark.core
def test_one_refused_chunk_touches_no_other(shop):
    batch = schedule_batch(prepare(), send_at=ahead(hours=2))
    shop.fault("status", code=50030)
    run_pending()
    assert states(batch) == ["active", "active", "failed"]
    assert batch.counts()["failed"] == 100


@pytest.mark.core
def test_without_money_the_schedules_wait_and_are_made_after_it(shop):
    batch = schedule_batch(prepare(), send_at=ahead(hours=2))
    shop.fault("status", code=50014)
    run_pending()
    assert states(batch) == ["creating"] * 3 and len(calls(shop, "POST")) == 1
    resume_app()
    shop.clock.advance(300)
    run_pending()
    assert states(batch) == ["active"] * 3


def test_what_could_not_be_made_before_its_time_is_over(shop, heard):
    batch = schedule_batch(prepare(3), send_at=(at := ahead(minutes=30)))
    with shop.settings(APPS={"default": {"SANDBOX": "http://127.0.0.1:9"}}):
        pass_until(shop, at)
    (schedule,) = batch.schedules.all()
    assert (schedule.status, schedule.reason) == ("failed", "expired")
    assert {status for _, status in messages(schedule)} == {"expired"}
    assert ("schedule_failed", "failed") in heard and not calls(shop, "POST")
    assert reread(batch).status == "finished"


@pytest.mark.core
def test_a_lost_create_of_a_chunk_is_never_repeated(shop):
    batch = schedule_batch(prepare(), send_at=(at := ahead(hours=2)))
    lose(shop, "POST")
    run_pending()
    shop.clock.advance(300)
    run_pending()
    assert states(batch) == ["active", "active", "create_unknown"]
    assert len(calls(shop, "POST")) == 3
    lost = batch.schedules.get(status="create_unknown")
    known = set(batch.schedules.exclude(remote_id=None).values_list("remote_id", flat=True))
    (remote_id,) = set(shop._server.state.schedules) - known
    assert adopt_schedule(remote_id) == lost
    pass_until(shop, at + dt.timedelta(seconds=31))
    assert batch.counts()["sent"] == 250 and len(shop.outbox) == 250


def test_a_lost_chunk_whose_time_has_come_is_unknown(shop):
    batch = schedule_batch(prepare(), send_at=(at := ahead(hours=2)))
    lose(shop, "POST")
    pass_until(shop, at + dt.timedelta(seconds=31))
    counts = batch.counts()
    assert (counts["sent"], counts["unknown"], counts["pending"]) == (150, 100, 0)
    assert reread(batch).status == "finished"
    known = set(batch.schedules.exclude(remote_id=None).values_list("remote_id", flat=True))
    (remote_id,) = set(shop._server.state.schedules) - known
    adopt_schedule(remote_id, schedule=batch.schedules.get(status="create_unknown"))
    counts = batch.counts()
    assert (counts["sent"], counts["unknown"]) == (250, 0)


def test_a_number_that_was_erased_meanwhile_is_left_out(shop):
    batch = schedule_batch(prepare(3), send_at=(at := ahead(hours=2)))
    Message.objects.filter(mobile=numbers(3)[1]).update(mobile=None)
    run_pending()
    assert states(batch) == ["active"]
    pass_until(shop, at + dt.timedelta(seconds=31))
    assert sorted(message.mobile for message in shop.outbox) == [numbers(3)[0], numbers(3)[2]]


def test_where_nobody_is_left_nobody_is_asked(shop):
    batch = schedule_batch(prepare(2), send_at=ahead(hours=2))
    Message.objects.update(mobile=None)
    run_pending()
    assert states(batch) == ["failed"] and batch.schedules.get().reason == "no_recipients" and not shop.ledger


# -- cancelled with the batch ------------------------------------------------------------------------------------


@pytest.mark.core
def test_cancelling_the_batch_cancels_its_schedules(shop):
    batch = scheduled(send_at=(at := ahead(hours=2)))
    cancel_batch(batch)
    assert batch.status == "cancelled" and states(batch) == ["cancelling"] * 3
    run_pending()
    assert states(batch) == ["cancelled"] * 3 and len(calls(shop, "DELETE")) == 3
    assert batch.counts()["cancelled"] == 250
    assert not Message.objects.exclude(status="cancelled").exists()
    pass_until(shop, at + dt.timedelta(minutes=1))
    assert not shop.outbox


def test_what_was_not_asked_for_yet_never_is(shop):
    batch = schedule_batch(prepare(), send_at=ahead(hours=2))
    cancel_batch(batch)
    assert states(batch) == ["cancelled"] * 3 and batch.counts()["cancelled"] == 250
    run_pending()
    assert not shop.ledger


def test_a_cancelling_that_was_never_written_waits_for_jsms(shop):
    batch = scheduled(3)
    cancel_batch(batch)
    with shop.settings(APPS={"default": {"SANDBOX": "http://127.0.0.1:9"}}):
        run_pending()
        assert states(batch) == ["cancelling"]
    shop.clock.advance(300)
    run_pending()
    assert states(batch) == ["cancelled"]


def test_one_that_was_being_made_while_its_batch_was_cancelled_is_cancelled(shop):
    batch = scheduled(3)
    Batch.objects.filter(pk=batch.pk).update(status="cancelled")
    Schedule.objects.update(due_at=now() - dt.timedelta(seconds=1))
    run_pending()
    assert states(batch) == ["cancelled"] and len(calls(shop, "DELETE")) == 1
    assert [held.status for held in shop._server.state.schedules.values()] == ["deleted"]


def test_cancelled_one_by_one_the_batch_is_finished(shop):
    batch = scheduled(150)
    for schedule in batch.schedules.all():
        cancel_schedule(schedule)
    run_pending()
    assert (reread(batch).status, batch.counts()["cancelled"]) == ("finished", 150)


# -- a schedule of many, changed -------------------------------------------------------------------------------------


@pytest.mark.core
def test_recipients_of_a_batch_schedule_are_replaced_as_a_whole(shop):
    batch = scheduled(3, send_at=(at := ahead(hours=2)))
    schedule = batch.schedules.get()
    update_schedule(schedule, recipients=[(OTHER, {"no": "1"}), {"mobile": numbers(1)[0], "no": "2"}])
    assert messages(schedule) == sorted(
        [(mobile, "cancelled") for mobile in numbers(3)] + [(OTHER, "waiting"), (numbers(1)[0], "waiting")]
    )
    assert Chunk.objects.get().size == 2
    pass_until(shop, at + dt.timedelta(seconds=31))
    assert {each.mobile: each.text for each in shop.outbox} == {
        OTHER: "【短信沙箱】订单1已发货",
        numbers(1)[0]: "【短信沙箱】订单2已发货",
    }
    assert reread(batch).counts()["sent"] == 2


def test_parameters_go_over_each_recipient_s_own(shop):
    batch = scheduled(2, send_at=(at := ahead(hours=2)))
    update_schedule(batch.schedules.get(), template="order-late")
    pass_until(shop, at + dt.timedelta(seconds=31))
    assert [each.text for each in shop.outbox] == ["【短信沙箱】订单0将晚到", "【短信沙箱】订单1将晚到"]


def test_recipients_of_a_change_may_not_repeat(shop):
    schedule = scheduled(2).schedules.get()
    with pytest.raises(InvalidInput) as caught:
        update_schedule(schedule, recipients=[(OTHER, {"no": "1"}), (OTHER, {"no": "2"})])
    assert (caught.value.field, caught.value.reason) == ("recipients", "duplicate")
    assert OTHER not in str(caught.value)


# -- adopted ------------------------------------------------------------------------------------------


def only_at_jsms(shop):
    """Forget our rows: JSMS alone knows of them."""
    Schedule.objects.all().delete()
    Message.objects.all().delete()
    Batch.objects.all().delete()
    return sorted(shop._server.state.schedules)


@pytest.mark.core
def test_a_single_schedule_that_only_jsms_knows_is_adopted(shop):
    make(send_at=(at := ahead(hours=2)))
    (remote_id,) = only_at_jsms(shop)
    schedule = adopt_schedule(remote_id)
    assert (schedule.status, schedule.kind, schedule.send_at, schedule.drift) == ("active", "single", at, {})
    assert adopt_schedule(remote_id) == schedule and Schedule.objects.count() == 1
    pass_until(shop, at + dt.timedelta(seconds=31))
    assert (reread(schedule).status, messages(schedule)) == ("fired", [(MOBILE, "sent")])


@pytest.mark.core
def test_one_of_many_that_only_jsms_knows_becomes_a_batch(shop):
    scheduled(3, send_at=(at := ahead(hours=2)))
    (remote_id,) = only_at_jsms(shop)
    schedule = adopt_schedule(remote_id)
    assert (schedule.kind, schedule.batch.status, schedule.batch.total) == ("batch", "scheduled", 3)
    pass_until(shop, at + dt.timedelta(seconds=31))
    assert schedule.batch.counts()["sent"] == 3 and reread(schedule.batch).status == "finished"


def test_an_adopted_one_is_changed_by_the_endpoint_of_its_kind(shop):
    """A batch schedule of one recipient looks like a single one: no read tells them apart."""
    scheduled(1)
    (remote_id,) = only_at_jsms(shop)
    schedule = adopt_schedule(remote_id)
    assert schedule.kind == "single"
    later = ahead(hours=4)
    assert update_schedule(schedule, send_at=later).send_at == later
    assert cancel_schedule(schedule).status == "cancelled"


def test_adopting_what_jsms_does_not_know(shop):
    with pytest.raises(Refused) as caught:
        adopt_schedule("1a886e7c-a267-49e6-9970-0d396ca5bb1e")
    assert caught.value.code == 50028 and not Schedule.objects.exists()


@pytest.mark.parametrize("schedule_id", ["../sign/1", "", "a" * 300, "é", None, 5])
def test_an_id_that_cannot_be_is_refused_before_the_call(shop, schedule_id):
    with pytest.raises(InvalidInput) as caught:
        adopt_schedule(schedule_id)
    assert caught.value.field == "schedule_id" and not shop.ledger


def test_of_two_lost_ones_the_one_that_is_alike_is_found(shop):
    at = ahead(hours=2)
    lose(shop, "POST", 2)
    first, second = make(send_at=at, params={"no": "1"}), make(send_at=at, params={"no": "2"})
    by_text = {held.recipients[0].given["no"]: key for key, held in shop._server.state.schedules.items()}
    assert adopt_schedule(by_text["2"]) == second
    assert adopt_schedule(by_text["1"]) == first
    assert now() < at


# -- opt-outs -------------------------------------------------------------------------------------------------


def noon():
    """A time at which marketing may be sent."""
    day = (aware(now()) + dt.timedelta(days=1)).astimezone(BEIJING).replace(hour=12, minute=0, second=0, microsecond=0)
    return as_stored(day)


def test_who_opted_out_is_not_scheduled_for(shop):
    opt_out(numbers(3)[1])
    batch = create_batch(template="spring", recipients=numbers(3))
    schedule_batch(batch, send_at=(at := noon()))
    run_pending()
    assert [status for _, status in messages(batch.schedules.get())] == ["waiting", "failed", "waiting"]
    pass_until(shop, at + dt.timedelta(seconds=31))
    counts = batch.counts()
    assert (counts["sent"], counts["failed"], len(shop.outbox)) == (2, 1, 2)
    with pytest.raises(Refused) as caught:
        schedule_message(numbers(3)[1], template="spring", send_at=at + dt.timedelta(days=1))
    assert (caught.value.reason, caught.value.row.status) == ("opted_out", "failed")
    assert len(calls(shop, "POST")) == 1
