"""Times come in by one conversion, at every door: kept as the same moment, or refused with their field named."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from django_jsms.exceptions import InvalidInput
from django_jsms.models import Batch, Chunk, Message, Schedule
from django_jsms.models.base import now
from django_jsms.services import (
    create_batch,
    delivery_rates,
    queue_message,
    schedule_batch,
    schedule_message,
    start_batch,
    update_schedule,
)
from django_jsms.services.hours import aware
from tests.admin.test_batches import do
from tests.api.conftest import Api
from tests.conftest import MOBILE
from tests.services.schedules.life import calls

pytestmark = pytest.mark.django_db
BEIJING = dt.timezone(dt.timedelta(hours=8))
WANTED = {"template": "order-shipped", "params": {"no": "42"}}


def prepared():
    return create_batch(template="order-shipped", recipients=[(MOBILE, {"no": "42"})])


def scheduled():
    return schedule_message(MOBILE, **WANTED, send_at=aware(now()) + dt.timedelta(hours=3))


# -- doors of the services: each hands a time in, and returns what the row holds of it -----------------------


def not_before(value):
    return queue_message(MOBILE, **WANTED, not_before=value).not_before


def at(value):
    batch = start_batch(prepared(), at=value)
    assert Chunk.objects.get(batch=batch).not_before == batch.start_at
    return batch.start_at


def send_at(value):
    return schedule_message(MOBILE, **WANTED, send_at=value).send_at


def send_at_of_a_batch(value):
    return schedule_batch(prepared(), send_at=value).start_at


def send_at_of_a_change(value):
    return update_schedule(scheduled(), send_at=value).send_at


def since(value):
    delivery_rates(since=value)
    return value


DOORS = [not_before, at, send_at, send_at_of_a_batch, send_at_of_a_change, since]
ZONES = [dt.UTC, BEIJING, ZoneInfo("America/New_York"), dt.timezone(-dt.timedelta(hours=12)), None]


def in_zone(moment, zone):
    """The moment as a caller says it; None: naive, which means TIME_ZONE."""
    return moment.astimezone(zone or timezone.get_default_timezone()).replace(tzinfo=zone)


@pytest.fixture
def boss(admin_client):
    return Api(admin_client, "/api/staff/")


@pytest.fixture
def soon():
    return aware(now()).astimezone(dt.UTC).replace(microsecond=0) + dt.timedelta(hours=2)


@pytest.mark.core
@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_a_time_of_any_zone_is_the_same_moment(shop, soon, door, zone):
    if zone is None and settings.USE_TZ:
        with pytest.raises(InvalidInput, match=r"django\.utils\.timezone\.make_aware\(\)") as caught:
            door(in_zone(soon, zone))
        assert "make_aware" in caught.value.explain("zh")
    else:
        assert aware(door(in_zone(soon, zone))) == soon


EAST, WEST = dt.timezone(dt.timedelta(hours=14)), dt.timezone(-dt.timedelta(hours=12))
NO_TIME = ["2026-12-01T09:00:00+08:00", 1798765432, 12.5, True, {}, dt.date(2026, 12, 1), dt.timedelta(hours=1)]
NO_DATE = [dt.datetime.max.replace(tzinfo=WEST), dt.datetime.min.replace(tzinfo=EAST)]
FAR = [
    dt.datetime.max.replace(tzinfo=dt.UTC),
    dt.datetime.max,
    dt.datetime.min,
    dt.datetime.min.replace(tzinfo=dt.UTC),
    dt.datetime(1970, 1, 1, tzinfo=dt.UTC),
    dt.datetime(2099, 1, 1, 9, tzinfo=BEIJING),
]


@pytest.mark.core
@pytest.mark.parametrize(
    ("door", "value"),
    # A look far back is no mistake.
    [(door, value) for door in DOORS for value in [*NO_TIME, *NO_DATE, *([] if door is since else FAR)]],
    ids=lambda each: getattr(each, "__name__", None),
)
def test_what_is_no_time_is_refused_and_named(shop, door, value):
    with pytest.raises(InvalidInput) as caught:
        door(value)
    assert (caught.value.field, caught.value.reason) == (door.__name__.partition("_of_")[0], "invalid_send_at")
    if not isinstance(value, dt.datetime):
        for said in (str(caught.value), caught.value.explain("zh")):
            assert type(value).__name__ in said and "parse_datetime" in said and "aware" not in said
    assert not Message.objects.filter(status="pending").exists() and not Chunk.objects.exclude(status="pending")
    assert not shop.outbox and not calls(shop, "PUT")


@pytest.mark.core
@pytest.mark.parametrize("door", [not_before, at])
def test_a_time_that_is_over_means_at_once(shop, door):
    assert door(aware(now()) - dt.timedelta(days=2)) is None
    assert shop.run_pending() and Message.objects.get().status == "sent"


# -- expires_in -------------------------------------------------------------------------------------------------


@pytest.mark.core
@pytest.mark.parametrize(
    "value",
    [3600, "1h", 0.5, True, dt.timedelta(), -dt.timedelta(seconds=1), dt.timedelta.max, dt.timedelta.min],
    ids=str,
)
@pytest.mark.parametrize("later", [False, True])
def test_a_life_that_is_none_is_refused(shop, soon, value, later):
    with pytest.raises(InvalidInput) as caught:
        queue_message(MOBILE, **WANTED, expires_in=value, not_before=soon if later else None)
    assert (caught.value.field, caught.value.reason) == ("expires_in", "invalid_expires_in")
    assert not Message.objects.exists()


# -- REST ---------------------------------------------------------------------------------------------------


def rest_message(boss, value):
    return boss.post("messages/", {"mobile": MOBILE, **WANTED, "not_before": value})


def rest_start(boss, value):
    return boss.post(f"batches/{prepared().pk}/start/", {"at": value})


def rest_hold(boss, value):
    return boss.post(f"batches/{prepared().pk}/start/", {"send_at": value})


def rest_schedule(boss, value):
    return boss.post("schedules/", {"mobile": MOBILE, **WANTED, "send_at": value})


def rest_change(boss, value):
    return boss.patch(f"schedules/{scheduled().pk}/", {"send_at": value})


REST = {
    rest_message: ("not_before", Message, "not_before"),
    rest_start: ("at", Batch, "start_at"),
    rest_hold: ("send_at", Batch, "start_at"),
    rest_schedule: ("send_at", Schedule, "send_at"),
    rest_change: ("send_at", Schedule, "send_at"),
}


@pytest.mark.core
@pytest.mark.parametrize("door", REST)
@pytest.mark.parametrize("zone", ZONES[:-1], ids=str)
def test_rest_keeps_the_same_moment(shop, boss, soon, door, zone):
    answer = door(boss, in_zone(soon, zone).isoformat())
    _field, model, column = REST[door]
    assert answer.status_code in (200, 201, 202), answer.content
    assert aware(getattr(model.objects.get(), column)) == soon
    assert dt.datetime.fromisoformat(answer.json()[column]) == soon


@pytest.mark.core
@pytest.mark.parametrize("door", REST)
@pytest.mark.parametrize(
    "value",
    [
        *("9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "1970-01-01T00:00:00Z"),
        *("2026-12-01T09:00:00", "2026-12-01", "2026-13-01T00:00:00Z", "2026-12-01T09:00:00+99:00", "soon", ""),
        *(1798765432, -1, 1e300, True, [], {}, "\u0662\u0660\u0662\u0666-12-01T09:00Z"),
    ],
)
def test_rest_refuses_what_is_no_time(shop, boss, door, value):
    answer = door(boss, value)
    assert (answer.status_code, answer.json()["field"]) == (400, REST[door][0]), answer.content


# -- a person -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "2099-01-01T09:00"])
@pytest.mark.parametrize("command", ["batch", "schedule"])
def test_a_command_says_what_is_wrong(shop, command, text):
    with pytest.raises(CommandError) as caught:
        if command == "batch":
            call_command("jsms_batch", "start", str(prepared().pk), "--at", text, "--yes")
        else:
            call_command("jsms_schedule", "update", str(scheduled().pk), "--at", text)
    assert "at" in str(caught.value) and Message.objects.get().status == "waiting"


@pytest.mark.parametrize("text", ["9999-12-31T23:59", "0001-01-01T00:00", "2099-01-01T09:00"])
def test_the_admin_says_what_is_wrong(shop, admin_client, text):
    batch = prepared()
    do(admin_client, "start", batch, at=text)
    batch.refresh_from_db()
    assert batch.status == "ready"
