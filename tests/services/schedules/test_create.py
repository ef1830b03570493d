"""Schedules made through the public functions and the sandbox: every way a create can end, and its minute."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.db import transaction
from django.test import override_settings
from django.utils import timezone

from django_jsms.exceptions import AppPaused, InTransaction, InvalidInput, NotSent, Refused
from django_jsms.models import Message, Schedule
from django_jsms.models.base import LEASE, now
from django_jsms.services import (
    adopt_schedule,
    cancel_schedule,
    dismiss_schedule,
    refresh_schedule,
    run_pending,
    schedule_create,
    schedule_message,
    update_schedule,
)
from django_jsms.services.hours import aware, check_send_at
from tests.conftest import MOBILE
from tests.services.schedules.life import BEIJING, ahead, calls, fires_at, lose, make, messages, pass_until, reread

pytestmark = pytest.mark.django_db

NEW_YORK = ZoneInfo("America/New_York")


# -- one message -------------------------------------------------------------------------------------------


@pytest.mark.core
def test_a_message_is_held_and_fires_at_its_time(shop, heard):
    send_at = ahead(hours=2)
    schedule = make(send_at=send_at, reference="order-42", tag="shop")
    assert (schedule.status, schedule.kind, schedule.send_at) == ("active", "single", send_at)
    assert schedule.remote_id and schedule.message.status == "waiting"
    run_pending()
    message = reread(schedule).messages.get()
    assert message.msg_id and not shop.outbox
    arrived = fires_at(shop, send_at)
    assert (arrived.mobile, arrived.msg_id, arrived.text) == (MOBILE, message.msg_id, "【短信沙箱】订单42已发货")
    message.refresh_from_db()
    assert (reread(schedule).status, message.status, message.sent_at) == ("fired", "sent", send_at)
    assert (schedule.fired_at, schedule.drift, schedule.due_at) == (send_at, {}, None)
    assert heard == [("schedule_fired", "fired")]
    assert run_pending() == 0 and len(shop.outbox) == 1


def test_a_message_is_read_soon_then_before_and_after_its_time(shop):
    schedule = make(send_at=ahead(hours=2))
    assert run_pending() == 1 and run_pending() == 0
    assert len(calls(shop, "GET")) == 1
    shop.clock.advance(110 * 60 + 1)
    assert run_pending() == 1 and run_pending() == 0
    shop.clock.advance(10 * 60)
    assert run_pending() == 0
    shop.clock.advance(30)
    assert run_pending() == 1
    assert reread(schedule).status == "fired" and len(calls(shop, "GET")) == 3


@pytest.mark.core
@pytest.mark.parametrize("night", ["spring", "autumn-first", "autumn-second"])
def test_a_daylight_saving_night_fires_at_the_right_minute_in_beijing(shop, night):
    """New York: at 2:00 the clocks go to 3:00 in March; in November 1:30 comes twice."""
    changes = _changes_of(NEW_YORK)
    if night == "spring":
        send_at = changes["spring"].replace(hour=3, minute=30)
        beijing = (15, 30)
    else:
        send_at = changes["autumn"].replace(hour=1, minute=30, fold=night == "autumn-second")
        beijing = (13, 30) if night == "autumn-first" else (14, 30)
    moment = send_at if settings.USE_TZ else timezone.make_naive(send_at, timezone.get_default_timezone())
    schedule = make(send_at=moment)
    assert aware(reread(schedule).send_at).timestamp() == send_at.timestamp()
    at = fires_at(shop, schedule.send_at).sent_at.astimezone(BEIJING)
    assert (at.hour, at.minute) == beijing and reread(schedule).status == "fired"


def _changes_of(zone):
    """The nights within the next year in which the clocks of a zone change, at midnight."""
    found, day = {}, dt.datetime.now(zone).replace(hour=0, minute=0, second=0, microsecond=0) + dt.timedelta(days=2)
    for _ in range(362):
        morning = day + dt.timedelta(days=1)
        gone = morning.utcoffset() - day.utcoffset()
        if gone:
            found["spring" if gone > dt.timedelta(0) else "autumn"] = day
        day = morning
    return found


@pytest.mark.core
def test_half_past_eleven_at_night_in_new_york(shop):
    """Made at 23:30 there, for 23:45: in Beijing it is the next day's noon already."""
    clock = dt.datetime.now(NEW_YORK)
    night = clock.replace(hour=23, minute=30, second=0, microsecond=0)
    if night <= clock:
        night += dt.timedelta(days=1)
    shop.clock.advance((night.astimezone(dt.UTC) - clock.astimezone(dt.UTC)).total_seconds())
    with timezone.override(NEW_YORK):
        send_at = night.replace(minute=45)
        make(send_at=send_at if settings.USE_TZ else timezone.make_naive(send_at, timezone.get_default_timezone()))
    at = fires_at(shop, Schedule.objects.get().send_at).sent_at.astimezone(BEIJING)
    assert at.date() == (night + dt.timedelta(days=1)).date()
    assert (at.hour, at.minute) == ((12, 45) if night.utcoffset() == dt.timedelta(hours=-5) else (11, 45))


# -- what is refused before the call -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "not NoneType"),
        ("2026-12-01 09:00:00", "not str"),
        (1796000000, "not int"),
        (dt.date(2026, 12, 1), "not date"),
        (dt.datetime(2020, 1, 1, tzinfo=dt.UTC), "60 seconds"),
        (dt.datetime(1, 1, 1, tzinfo=BEIJING), "calendar"),
        (dt.datetime(9999, 12, 31, 23, tzinfo=NEW_YORK), "calendar"),
        (dt.datetime(9999, 1, 1, tzinfo=dt.UTC), "year"),
    ],
    ids=str,
)
def test_a_time_that_cannot_be_is_refused(shop, value, said):
    with pytest.raises(InvalidInput, match=said) as caught:
        make(send_at=value)
    assert (caught.value.field, caught.value.reason) == ("send_at", "invalid_send_at")
    assert not Schedule.objects.exists() and not Message.objects.exists() and not shop.ledger


def test_a_time_that_is_too_near_or_too_far_is_refused(shop):
    for by in ({"seconds": 10}, {"seconds": 59}, {"days": 367}, {"seconds": -1}):
        with pytest.raises(InvalidInput) as caught:
            make(send_at=ahead(**by))
        assert caught.value.field == "send_at"
    assert make(send_at=ahead(seconds=62)).status == "active"


def test_naive_means_the_project_s_zone_only_where_use_tz_is_off(shop):
    naive = dt.datetime.now(ZoneInfo("Asia/Shanghai")).replace(tzinfo=None, microsecond=0) + dt.timedelta(hours=1)
    if settings.USE_TZ:
        with pytest.raises(InvalidInput, match="time zone"):
            make(send_at=naive)
    else:
        make(send_at=naive)
        at = fires_at(shop, naive).sent_at.astimezone(BEIJING)
        assert (at.hour, at.minute) == (naive.hour, naive.minute)


def test_an_hour_that_the_clocks_skip_is_refused(shop):
    gap = _changes_of(NEW_YORK)["spring"].replace(hour=2, minute=30)
    with pytest.raises(InvalidInput, match="does not exist"):
        make(send_at=gap)


def test_an_hour_that_comes_twice_is_refused_where_rows_keep_no_zone():
    night = _changes_of(NEW_YORK)["autumn"].replace(hour=1, minute=30)
    with override_settings(USE_TZ=False, TIME_ZONE="America/New_York"):
        assert check_send_at(night, "notice") == night.replace(tzinfo=None)
        assert check_send_at(night.replace(hour=3), "notice") == night.replace(hour=3, tzinfo=None)
        with pytest.raises(InvalidInput, match="comes twice"):
            check_send_at(night.replace(fold=1), "notice")
    assert check_send_at(night.replace(fold=1), "notice") is not None or not settings.USE_TZ


def test_marketing_keeps_to_its_hours(shop):
    day = (aware(now()) + dt.timedelta(days=2)).astimezone(BEIJING).replace(minute=30, second=0, microsecond=0)
    for hour, fits in ((7, False), (8, True), (20, True), (21, False), (22, False)):
        send_at = day.replace(hour=hour)
        send_at = send_at if settings.USE_TZ else timezone.make_naive(send_at)
        if fits:
            assert schedule_message(MOBILE, template="spring", send_at=send_at).status == "active"
        else:
            with pytest.raises(InvalidInput) as caught:
                schedule_message(MOBILE, template="spring", send_at=send_at)
            assert (caught.value.field, caught.value.reason) == ("send_at", "outside_window")


def test_a_code_cannot_be_scheduled(shop):
    with pytest.raises(InvalidInput, match="too old"):
        make(message_class="code")
    assert not shop.ledger


def test_not_in_a_transaction(shop):
    if settings.DATABASES["default"].get("ATOMIC_REQUESTS"):
        pytest.skip("the same without")
    with transaction.atomic(), pytest.raises(InTransaction):
        make()
    assert not shop.ledger and not Schedule.objects.exists()


def test_the_same_key_makes_one_schedule(shop):
    first = make(idempotency_key="order-42", send_at=(at := ahead(hours=3)))
    assert make(idempotency_key="order-42", send_at=at) == first
    with pytest.raises(InvalidInput) as caught:
        make(idempotency_key="order-42", send_at=ahead(hours=4))
    assert caught.value.reason == "idempotency_conflict"
    assert len(calls(shop, "POST")) == 1


# -- create: every way it can end ----------------------------------------------------------------------------------


@pytest.mark.core
def test_a_refused_create_fails_with_its_message(shop, heard):
    shop.fault("status", code=50013)
    with pytest.raises(Refused) as caught:
        make()
    schedule = caught.value.row
    assert (schedule.status, schedule.error_code) == ("failed", 50013)
    assert messages(schedule) == [(MOBILE, "failed")]
    assert ("schedule_failed", "failed") in heard


def test_no_money_pauses_the_app(shop):
    shop.fault("status", code=50014)
    with pytest.raises(Refused):
        make()
    with pytest.raises(AppPaused):
        make()
    assert Schedule.objects.count() == 1


@pytest.mark.core
def test_a_create_that_was_never_written_fails(shop):
    with shop.settings(APPS={"default": {"SANDBOX": "http://127.0.0.1:9"}}), pytest.raises(NotSent) as caught:
        make()
    assert (caught.value.row.status, messages(caught.value.row)) == ("failed", [(MOBILE, "failed")])


@pytest.mark.core
def test_a_lost_create_is_never_repeated_and_adopted_by_its_id(shop, heard, caplog):
    lose(shop, "POST")
    send_at = ahead(hours=2)
    schedule = make(send_at=send_at)
    assert (schedule.status, schedule.remote_id, messages(schedule)) == ("create_unknown", None, [(MOBILE, "waiting")])
    assert heard == [("schedule_unknown", "create_unknown")] and "create_unknown" in caplog.text
    shop.clock.advance(600)
    run_pending()
    assert len(calls(shop, "POST")) == 1
    for act in (cancel_schedule, refresh_schedule, update_schedule):
        with pytest.raises(InvalidInput, match="adopt") as caught:
            act(schedule)
        assert caught.value.reason == "schedule_unknown"
    (at_jsms,) = shop._server.state.schedules
    adopted = adopt_schedule(at_jsms)
    assert (adopted.pk, adopted.status, adopted.remote_id) == (schedule.pk, "active", at_jsms)
    assert adopted.messages.get().msg_id
    pass_until(shop, send_at + dt.timedelta(minutes=1))
    assert reread(schedule).status == "fired" and messages(schedule) == [(MOBILE, "sent")]


def test_a_lost_create_that_is_not_at_jsms_is_dismissed(shop):
    shop.fault("close", when="before", method="POST")
    schedule = make()
    assert schedule.status == "create_unknown" and not shop._server.state.schedules
    assert dismiss_schedule(schedule).status == "failed"
    assert messages(schedule) == [(MOBILE, "failed")] and schedule.messages.get().reason == "not_created"
    with pytest.raises(InvalidInput):
        dismiss_schedule(schedule)


def test_when_the_time_of_a_lost_create_has_come_its_messages_are_unknown(shop):
    lose(shop, "POST")
    send_at = ahead(hours=2)
    schedule = make(send_at=send_at)
    pass_until(shop, send_at + dt.timedelta(seconds=1))
    assert len(shop.outbox) == 1
    assert (reread(schedule).status, messages(schedule)) == ("create_unknown", [(MOBILE, "unknown")])
    assert run_pending() == 0
    (at_jsms,) = shop._server.state.schedules
    assert adopt_schedule(at_jsms).status == "fired"
    message = schedule.messages.get()
    assert (message.status, message.msg_id) == ("sent", shop.outbox[0].msg_id)


def test_a_lost_create_can_be_dismissed_after_its_time(shop):
    shop.fault("close", when="before", method="POST")
    schedule = make(send_at=(at := ahead(hours=2)))
    pass_until(shop, at)
    assert messages(schedule) == [(MOBILE, "unknown")]
    dismiss_schedule(schedule)
    assert messages(schedule) == [(MOBILE, "failed")]


@pytest.mark.core
def test_a_create_whose_holder_died_is_unknown_and_told(shop, heard):
    schedule = make()
    attempt = schedule.attempt
    Schedule.objects.update(status="creating", remote_id=None, due_at=now() - dt.timedelta(seconds=1))
    run_pending()
    assert (reread(schedule).status, schedule.reason) == ("create_unknown", "lease_ended")
    assert heard[-1] == ("schedule_unknown", "create_unknown") and schedule.attempt == attempt
    count = len(heard)
    run_pending()
    assert len(heard) == count and len(calls(shop, "POST")) == 1


def test_a_late_answer_still_finds_its_row(shop, monkeypatch):
    """A worker frozen past its lease: the reaper was faster, and is put right."""
    post = schedule_create._post

    def slow(*given):
        answer = post(*given)
        Schedule.objects.update(due_at=now() - LEASE)
        run_pending()
        assert Schedule.objects.get().status == "create_unknown"
        return answer

    monkeypatch.setattr(schedule_create, "_post", slow)
    schedule = make()
    assert (schedule.status, reread(schedule).status) == ("active", "active")
