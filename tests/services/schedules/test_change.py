"""Schedules changed, cancelled and read: every way each call can end, lost answers included."""

import datetime as dt

import pytest

from django_jsms.exceptions import InvalidInput, NoAnswer, NotSent, Refused
from django_jsms.models import Message, Schedule
from django_jsms.models.base import now, shift_clock
from django_jsms.services import cancel_schedule, refresh_schedule, run_pending, update_schedule
from django_jsms.services.hours import aware
from tests.conftest import MOBILE
from tests.services.schedules.life import OTHER, ahead, calls, fires_at, lose, make, messages, pass_until, reread

pytestmark = pytest.mark.django_db

#: JSMS's address where nobody listens.
NOBODY = {"APPS": {"default": {"SANDBOX": "http://127.0.0.1:9"}}}


def at_jsms(shop):
    (held,) = shop._server.state.schedules.values()
    return held


def due(shop):
    """Let the worker's waits pass."""
    shop.clock.advance(300)
    run_pending()


# -- change ------------------------------------------------------------------------------------------------


@pytest.mark.core
def test_the_time_is_changed_and_fires_then(shop):
    schedule = make(send_at=ahead(hours=2))
    run_pending()
    first = schedule.messages.get().msg_id
    later = ahead(hours=3)
    assert update_schedule(schedule, send_at=later).status == "active"
    assert (reread(schedule).send_at, schedule.wanted, schedule.messages.get().msg_id) == (later, None, "")
    run_pending()
    assert schedule.messages.get().msg_id not in ("", first)
    assert fires_at(shop, later).msg_id == schedule.messages.get().msg_id
    assert messages(schedule) == [(MOBILE, "sent")] and schedule.messages.count() == 1


@pytest.mark.core
def test_a_change_of_text_makes_a_new_message_and_keeps_the_old(shop):
    schedule = make(reference="order-42")
    old = schedule.message
    update_schedule(schedule, template="order-late", params={"no": "43"})
    old.refresh_from_db()
    assert (old.status, old.reason) == ("cancelled", "replaced")
    new = reread(schedule).message
    assert (new.status, new.template_id, new.params, new.reference) == ("waiting", 1251, {"no": "43"}, "order-42")
    assert schedule.template_id == 1251
    assert fires_at(shop, schedule.send_at).text == "【短信沙箱】订单43将晚到"
    old.refresh_from_db()
    assert (old.status, messages(schedule)) == ("cancelled", [(MOBILE, "sent")])


def test_parameters_alone(shop):
    schedule = make()
    update_schedule(schedule, params={"no": "7"})
    assert fires_at(shop, schedule.send_at).text == "【短信沙箱】订单7已发货"


def test_another_recipient(shop):
    schedule = make()
    update_schedule(schedule, recipients=[(OTHER, {"no": "9"})])
    arrived = fires_at(shop, schedule.send_at)
    assert (arrived.mobile, arrived.text) == (OTHER, "【短信沙箱】订单9已发货")


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"send_at": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}, "send_at", "invalid_send_at"),
        ({"template": "nope"}, "template", "invalid_template"),
        ({"params": {"other": "1"}}, "recipients", "params_mismatch"),
        ({"recipients": []}, "recipients", "no_recipients"),
        ({"recipients": [MOBILE, OTHER]}, "recipients", "too_many_recipients"),
        ({"recipients": ["123"]}, "recipients", "invalid_mobile"),
    ],
    ids=str,
)
def test_a_change_that_cannot_be_is_refused_before_the_call(shop, change, field, reason):
    schedule = make()
    with pytest.raises(InvalidInput) as caught:
        update_schedule(schedule, **change)
    assert (caught.value.field, caught.value.reason) == (field, reason)
    assert not calls(shop, "PUT") and reread(schedule).status == "active"


@pytest.mark.core
def test_a_refused_change_changes_nothing(shop):
    schedule, before = make(send_at=(at := ahead(hours=2))), messages
    shop.fault("status", method="PUT", code=50013)
    with pytest.raises(Refused) as caught:
        update_schedule(schedule, send_at=ahead(hours=5), params={"no": "8"})
    assert (caught.value.row, caught.value.code) == (schedule, 50013)
    assert (reread(schedule).status, schedule.send_at, schedule.wanted) == ("active", at, None)
    assert before(schedule) == [(MOBILE, "waiting")] and schedule.messages.get().params == {"no": "42"}


@pytest.mark.core
def test_a_change_that_was_never_written_changes_nothing(shop):
    schedule = make()
    with shop.settings(**NOBODY), pytest.raises(NotSent):
        update_schedule(schedule, send_at=ahead(hours=5))
    assert reread(schedule).status == "active"


@pytest.mark.core
@pytest.mark.parametrize("times", [1, 2])
def test_a_change_whose_answer_is_lost_is_asked_for_again(shop, times):
    schedule, later = make(), ahead(hours=4)
    lose(shop, "PUT", times)
    assert update_schedule(schedule, send_at=later).status == "active"
    assert len(calls(shop, "PUT")) == times + 1
    assert fires_at(shop, later).mobile == MOBILE


@pytest.mark.core
def test_a_change_that_is_lost_three_times_is_settled_by_a_read(shop):
    schedule, later = make(), ahead(hours=4)
    lose(shop, "PUT", 3)
    update_schedule(schedule, send_at=later, params={"no": "5"})
    assert (reread(schedule).status, schedule.send_at, schedule.reason) == ("active", later, "")
    assert (len(calls(shop, "PUT")), len(calls(shop, "GET"))) == (3, 1)
    assert fires_at(shop, later).text == "【短信沙箱】订单5已发货"


def test_a_lost_change_that_was_not_done_says_so(shop):
    schedule, at = make(), ahead(hours=2)
    shop.fault("close", when="before", method="PUT", times=3)
    with pytest.raises(NoAnswer) as caught:
        update_schedule(schedule, send_at=ahead(hours=4))
    assert caught.value.row == schedule
    assert (reread(schedule).status, schedule.reason) == ("active", "not_changed")
    assert abs(schedule.send_at - at) < dt.timedelta(seconds=3)


@pytest.mark.core
def test_a_change_nobody_can_read_either_is_unknown_until_a_worker_can(shop):
    schedule, later = make(), ahead(hours=4)
    lose(shop, "PUT", 3)
    lose(shop, "GET")
    assert update_schedule(schedule, send_at=later, recipients=[(OTHER, {"no": "1"})]).status == "update_unknown"
    assert reread(schedule).wanted is not None and messages(schedule) == [(MOBILE, "waiting")]
    due(shop)
    assert (reread(schedule).status, schedule.wanted, schedule.send_at) == ("active", None, later)
    assert fires_at(shop, later).mobile == OTHER


@pytest.mark.core
def test_a_change_whose_holder_died_is_settled_by_a_worker(shop):
    schedule = make()
    update_schedule(schedule, send_at=(later := ahead(hours=4)))
    wanted = {
        "send_at": aware(later).isoformat(),
        "template_id": 1250,
        "signature_id": None,
        "message_class": "notice",
        "recipients": None,
    }
    Schedule.objects.update(
        status="updating", wanted=wanted, send_at=ahead(hours=2), due_at=now() - dt.timedelta(seconds=1)
    )
    run_pending()
    assert (reread(schedule).status, schedule.send_at) == ("active", later)


def test_a_change_can_follow_an_unknown_one(shop):
    schedule = make()
    lose(shop, "PUT", 3)
    lose(shop, "GET")
    update_schedule(schedule, send_at=ahead(hours=3))
    assert update_schedule(schedule, send_at=(later := ahead(hours=5))).status == "active"
    assert fires_at(shop, later).mobile == MOBILE


@pytest.mark.core
def test_what_has_fired_is_closed_with_the_reason(shop):
    """JSMS sent it before we looked: 50029, which the row records."""
    schedule = make(send_at=(at := ahead(hours=2)))
    shop.clock.advance(2 * 3600 + 5)
    with pytest.raises(Refused) as caught:
        update_schedule(schedule, send_at=ahead(hours=1))
    assert (caught.value.code, caught.value.reason) == (50029, "schedule_closed")
    assert (reread(schedule).status, schedule.fired_at) == ("fired", at)
    for act in (cancel_schedule, update_schedule):
        with pytest.raises(InvalidInput) as again:
            act(schedule)
        assert again.value.reason == "schedule_closed"
    assert refresh_schedule(schedule).status == "fired"


@pytest.mark.core
def test_what_fired_before_its_msg_ids_were_read_is_read_after_all(shop):
    schedule = make(send_at=(at := ahead(hours=2)))
    assert schedule.messages.get().msg_id == ""
    shop.clock.advance(2 * 3600 + 5)
    with pytest.raises(Refused):
        cancel_schedule(schedule)
    assert [(row.status, row.msg_id) for row in schedule.messages] == [("sent", shop.outbox[0].msg_id)]
    assert reread(schedule).fired_at == at


def test_what_fired_and_cannot_be_read_has_fired_all_the_same(shop):
    schedule = make(send_at=ahead(hours=2))
    run_pending()
    shop.clock.advance(2 * 3600 + 5)
    shop.fault("status", status=500, method="GET")
    with pytest.raises(Refused):
        cancel_schedule(schedule)
    assert (reread(schedule).status, messages(schedule)) == ("fired", [(MOBILE, "sent")])


def test_when_our_clock_is_behind_what_jsms_has_closed_has_fired(shop):
    """JSMS sent it ten seconds early by our clock: it is not taken for one that somebody deleted."""
    schedule = make(send_at=ahead(hours=2))
    run_pending()
    shop._server.clock.advance(2 * 3600 + 10)
    shop.clock._shift = dt.timedelta(0)
    shift_clock(dt.timedelta(seconds=2 * 3600 - 10))
    with pytest.raises(Refused):
        cancel_schedule(schedule)
    assert (reread(schedule).status, messages(schedule)) == ("fired", [(MOBILE, "sent")])


def test_what_was_deleted_in_the_console_is_cancelled(shop):
    schedule = make()
    shop._server.state.schedules.clear()
    with pytest.raises(Refused) as caught:
        update_schedule(schedule, send_at=ahead(hours=3))
    assert caught.value.code == 50028
    assert (reread(schedule).status, schedule.reason, messages(schedule)) == (
        "cancelled",
        "gone",
        [(MOBILE, "cancelled")],
    )


# -- cancel ------------------------------------------------------------------------------------------------


@pytest.mark.core
def test_cancel(shop):
    schedule = make(send_at=(at := ahead(hours=2)))
    assert cancel_schedule(schedule).status == "cancelled"
    assert messages(schedule) == [(MOBILE, "cancelled")]
    assert cancel_schedule(schedule).status == "cancelled" and len(calls(shop, "DELETE")) == 1
    pass_until(shop, at + dt.timedelta(minutes=1))
    assert not shop.outbox


@pytest.mark.core
@pytest.mark.parametrize("times", [1, 3])
def test_a_cancelling_whose_answer_is_lost_is_cancelled(shop, times):
    schedule = make(send_at=(at := ahead(hours=2)))
    lose(shop, "DELETE", times)
    assert cancel_schedule(schedule).status == "cancelled"
    assert messages(schedule) == [(MOBILE, "cancelled")]
    pass_until(shop, at + dt.timedelta(minutes=1))
    assert not shop.outbox


@pytest.mark.core
def test_a_cancelling_nobody_can_read_either_is_unknown_until_a_worker_can(shop):
    schedule = make()
    lose(shop, "DELETE", 3)
    lose(shop, "GET")
    assert cancel_schedule(schedule).status == "cancel_unknown"
    assert messages(schedule) == [(MOBILE, "waiting")]
    due(shop)
    assert (reread(schedule).status, messages(schedule)) == ("cancelled", [(MOBILE, "cancelled")])


@pytest.mark.core
def test_a_lost_cancelling_that_was_not_done_is_done_again(shop):
    schedule = make(send_at=(at := ahead(hours=2)))
    shop.fault("close", when="before", method="DELETE", times=3)
    assert cancel_schedule(schedule).status == "cancel_unknown"
    due(shop)
    assert reread(schedule).status == "cancelled" and len(calls(shop, "DELETE")) == 4
    pass_until(shop, at + dt.timedelta(minutes=1))
    assert not shop.outbox


def test_an_unknown_cancelling_that_came_too_late_has_fired(shop):
    schedule = make(send_at=(at := ahead(hours=2)))
    run_pending()
    shop.fault("close", when="before", method="DELETE", times=3)
    cancel_schedule(schedule)
    pass_until_nobody_looks(shop, at)
    run_pending()
    assert (reread(schedule).status, messages(schedule)) == ("fired", [(MOBILE, "sent")])


def pass_until_nobody_looks(shop, moment):
    shop.clock.advance((aware(moment) - aware(now())).total_seconds() + 31)


@pytest.mark.core
def test_a_cancelling_that_comes_too_late_is_refused_and_has_fired(shop):
    schedule = make(send_at=ahead(hours=2))
    run_pending()
    shop.clock.advance(2 * 3600 + 5)
    with pytest.raises(Refused) as caught:
        cancel_schedule(schedule)
    assert (caught.value.code, reread(schedule).status) == (50029, "fired")
    assert messages(schedule) == [(MOBILE, "sent")] and len(shop.outbox) == 1


@pytest.mark.core
def test_a_cancelling_that_was_never_written_can_be_done_later(shop):
    schedule = make()
    with shop.settings(**NOBODY), pytest.raises(NotSent):
        cancel_schedule(schedule)
    assert reread(schedule).status == "active"
    assert cancel_schedule(schedule).status == "cancelled"


@pytest.mark.core
def test_a_cancelling_whose_holder_died_is_done_by_a_worker(shop):
    schedule = make()
    Schedule.objects.update(status="cancelling", due_at=now() - dt.timedelta(seconds=1))
    run_pending()
    assert reread(schedule).status == "cancelled" and len(calls(shop, "DELETE")) == 1


def test_what_the_console_deleted_first_is_cancelled(shop):
    schedule = make()
    at_jsms(shop).status = "deleted"
    assert cancel_schedule(schedule).status == "cancelled"


@pytest.mark.django_db(transaction=True)
@pytest.mark.databases
def test_of_many_who_cancel_at_once_one_calls(shop, race):
    schedule = make()
    outcomes = race(6, lambda: cancel_schedule(Schedule.objects.get(pk=schedule.pk)))
    assert {outcome.status for outcome in outcomes} <= {"cancelled", "cancelling"}
    assert reread(schedule).status == "cancelled" and len(calls(shop, "DELETE")) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.databases
def test_a_change_and_a_cancelling_at_once_leave_one_truth(shop, race):
    schedule, acts = make(), []

    def act():
        acts.append(None)
        row = Schedule.objects.get(pk=schedule.pk)
        return cancel_schedule(row) if len(acts) % 2 else update_schedule(row, send_at=ahead(hours=4))

    race(4, act)
    run_pending()
    held = [each for each in shop._server.state.schedules.values() if each.status == "pending"]
    assert reread(schedule).status == ("active" if held else "cancelled")


# -- read --------------------------------------------------------------------------------------------------


@pytest.mark.core
def test_a_refresh_shows_what_differs_at_jsms(shop):
    schedule = make()
    shop._server.state.schedules[schedule.remote_id].due += 3600
    refresh_schedule(schedule)
    assert schedule.status == "active" and set(schedule.drift) == {"send_at"}
    update_schedule(schedule)  # nothing given: JSMS gets what the row says
    assert reread(schedule).drift == {}
    assert fires_at(shop, schedule.send_at).mobile == MOBILE


def test_what_was_moved_in_the_console_fires_when_jsms_sends_it(shop):
    schedule = make(send_at=(at := ahead(hours=2)))
    state = shop._server.state
    held = state.schedules[schedule.remote_id]
    state.jobs.drop(held.job)
    held.due += 3600
    refresh_schedule(schedule)
    pass_until(shop, at + dt.timedelta(minutes=5))
    assert reread(schedule).status == "active" and schedule.send_at == at
    pass_until(shop, at + dt.timedelta(minutes=61))
    assert (reread(schedule).status, schedule.fired_at) == ("fired", at + dt.timedelta(hours=1))


def test_what_was_deleted_in_the_console_is_noticed(shop):
    schedule = make()
    at_jsms(shop).status = "deleted"
    assert refresh_schedule(schedule).status == "cancelled"
    assert (schedule.reason, messages(schedule)) == ("gone", [(MOBILE, "cancelled")])


def test_a_read_that_fails_is_tried_again(shop):
    schedule = make()
    with shop.settings(**NOBODY):
        with pytest.raises(NotSent):
            refresh_schedule(schedule)
        run_pending()
    assert (reread(schedule).status, schedule.reason) == ("active", "unreachable")
    due(shop)
    assert (reread(schedule).reason, bool(schedule.messages.get().msg_id)) == ("", True)


def test_a_recipient_that_jsms_does_not_list_is_unknown(shop):
    schedule = make(send_at=(at := ahead(hours=2)))
    at_jsms(shop).recipients.clear()
    pass_until(shop, at + dt.timedelta(seconds=31))
    assert reread(schedule).status == "fired" and schedule.drift == {"missing": 1}
    assert [(row.status, row.reason) for row in Message.objects.all()] == [("unknown", "not_listed")]
