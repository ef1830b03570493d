"""Schedules over REST: made once, changed, cancelled, read and settled; numbers masked, actions in the log."""

import datetime as dt

import pytest

from django_jsms.models import ActionLog, Message, Schedule
from django_jsms.services import schedule_batch
from django_jsms.services.hours import aware
from tests.conftest import MOBILE
from tests.services.schedules.life import OTHER, ahead, calls, lose, make, opened, reread
from tests.services.schedules.test_batches import prepare

from .test_codes import problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(jsms_sandbox):
    with opened(jsms_sandbox) as shop:
        yield shop


def at(**by):
    return aware(ahead(**by)).astimezone(dt.UTC).isoformat()


def order(**more):
    return {"mobile": MOBILE, "template": "order-shipped", "params": {"no": "42"}, "send_at": at(hours=2), **more}


@pytest.mark.core
def test_one_is_made_and_shown_masked(shop, boss, admin_user):
    made = boss.post("schedules/", order(tag="spring", reason="asked for"))
    body, row = made.json(), Schedule.objects.get()
    assert made.status_code == 201 and MOBILE not in made.content.decode()
    assert (body["id"], body["schedule_id"], body["mobile"]) == (str(row.pk), row.remote_id, "138****8000")
    assert (body["status"], body["recipients"], body["template_id"], body["batch"]) == ("active", 1, 1250, None)
    assert dt.datetime.fromisoformat(body["send_at"]) == aware(row.send_at) and body["send_at"].endswith("+08:00")
    assert row.created_by == admin_user and len(calls(shop, "POST")) == 1
    assert boss.get(f"schedules/{row.pk}/").json() == body
    assert boss.get("schedules/", tag="spring", status="active").json() == {"next": None, "results": [body]}
    assert boss.get("schedules/", kind="batch").json()["results"] == []
    line = ActionLog.objects.get()
    assert (line.action, line.reason, line.actor) == ("add", "asked for", admin_user)


def test_the_same_request_again_makes_no_other(shop, boss):
    body = order()
    first, again = (boss.post("schedules/", body, Idempotency_Key="k2") for _ in range(2))
    assert first.status_code == 201 and first.json() == again.json() and len(calls(shop, "POST")) == 1
    assert problem(boss.post("schedules/", order(params={"no": "7"}), Idempotency_Key="k2"), 422)


def test_the_time_the_text_and_the_recipient_change(shop, boss):
    pk, later = make().pk, at(hours=5)
    body = boss.patch(f"schedules/{pk}/", {"send_at": later, "params": {"no": "7"}, "reason": "late train"}).json()
    assert dt.datetime.fromisoformat(body["send_at"]) == dt.datetime.fromisoformat(later)
    body = boss.patch(f"schedules/{pk}/", {"recipients": [{"mobile": OTHER, "params": {"no": "8"}}]}).json()
    message = Schedule.objects.get().message
    assert (message.mobile, message.params, body["mobile"]) == (OTHER, {"no": "8"}, "139****9000")
    assert len(calls(shop, "PUT")) == 2
    assert list(ActionLog.objects.order_by("pk").values_list("action", "reason")) == [
        ("reschedule", "late train"), ("reschedule", "")
    ]  # fmt: skip


def test_it_is_cancelled_and_once_more_changes_nothing(shop, boss):
    schedule = make()
    for _ in range(2):
        assert boss.post(f"schedules/{schedule.pk}/cancel/", {}).json()["status"] == "cancelled"
    assert len(calls(shop, "DELETE")) == 1 and Message.objects.get().status == "cancelled"
    assert problem(boss.patch(f"schedules/{schedule.pk}/", {"send_at": at(hours=3)}), 409)[0] == "schedule_closed"


def test_what_jsms_holds_is_read(shop, boss):
    schedule = make()
    shop._server.state.schedules[schedule.remote_id].due += 3600
    assert set(boss.post(f"schedules/{schedule.pk}/refresh/", {}).json()["drift"]) == {"send_at"}


def test_a_lost_one_is_settled(shop, boss):
    lose(shop, "POST", times=2)
    first, second = (boss.post("schedules/", order(params={"no": no})).json() for no in ("1", "2"))
    assert first["status"] == second["status"] == "create_unknown" and first["schedule_id"] is None
    assert problem(boss.post(f"schedules/{first['id']}/cancel/", {}), 409)[0] == "schedule_unknown"
    held, _ = sorted(shop._server.state.schedules)
    adopted = boss.post("schedules/adopt/", {"schedule_id": held, "schedule": first["id"]}).json()
    assert (adopted["id"], adopted["status"], adopted["schedule_id"]) == (first["id"], "active", held)
    gone = boss.post(f"schedules/{second['id']}/dismiss/", {"reason": "not there"}).json()
    assert (gone["status"], gone["reason"]) == ("failed", "not_created")
    assert problem(boss.post("schedules/adopt/", {"schedule_id": held, "schedule": second["id"]}), 409)


def test_what_jsms_refused_is_in_the_log(shop, boss):
    shop.fault("status", code=50014, route="/v1/schedule")
    assert problem(boss.post("schedules/", order(reason="asked for")), 502)
    line, row = ActionLog.objects.get(), Schedule.objects.get()
    assert (line.target_id, line.reason, row.status) == (str(row.pk), "asked for", "failed") and line.answer


def test_a_list_is_one_statement_however_long(shop, boss, count_statements):
    for no in "12":
        make(params={"no": no})
    schedule_batch(prepare(5), send_at=ahead(hours=2))
    with count_statements() as statements:
        assert len(boss.get("schedules/").json()["results"]) == 3
    assert len([sql for sql in statements if "django_jsms" in sql]) == 1


def test_those_of_a_batch(shop, boss):
    make()
    batch = schedule_batch(prepare(5), send_at=ahead(hours=2))
    (row,) = boss.get("schedules/", batch=str(batch.pk)).json()["results"]
    assert (row["kind"], row["batch"], row["recipients"], row["mobile"]) == ("batch", str(batch.pk), 5, None)
    assert problem(boss.get("schedules/", batch="x"), 400) == ("invalid_id", "batch")


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"mobile": 13800138000}, "invalid_mobile", "mobile"),
        ({"mobile": "+14155552671"}, None, "mobile"),
        ({"template": "nope"}, "invalid_template", "template"),
        ({"template": 0}, "invalid_template", "template"),
        ({"template": True}, "invalid", "template"),
        ({"template": 1.5}, "invalid", "template"),
        ({"params": {}}, "params_mismatch", "params"),
        ({"params": [["no", "1"]]}, "invalid", "params"),
        ({"send_at": "2026-12-24T09:00:00"}, "naive", "send_at"),
        ({"send_at": "tomorrow"}, "invalid", "send_at"),
        ({"send_at": 1798765432}, "invalid", "send_at"),
        ({"send_at": "2020-01-01T00:00:00+08:00"}, "invalid_send_at", "send_at"),
        ({"send_at": "0001-01-01T00:00:00+23:59"}, "invalid_send_at", "send_at"),
        ({"send_at": "9999-12-31T23:59:59-23:59"}, "invalid_send_at", "send_at"),
        ({"signature": "1"}, "invalid", "signature"),
        ({"tag": "x" * 11}, "max_length", "tag"),
        ({"message_class": "sms"}, "invalid_choice", "message_class"),
        ({"message_class": "code"}, "wrong_template_type", "template"),
        ({"app": "other"}, "unknown_app", "app"),
        ({"temp_id": 1}, "unknown_field", "temp_id"),
    ],
    ids=str,
)
def test_what_cannot_be_scheduled(shop, boss, change, code, field):
    found, where = problem(boss.post("schedules/", order(**change)), 400)
    assert where == field and code in (None, found)
    assert not Schedule.objects.exists() and not calls(shop, "POST")


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({}, "nothing", None),
        ({"reason": "x"}, "nothing", None),
        ({"recipients": []}, None, "recipients"),
        ({"recipients": [{"mobile": MOBILE}, {"mobile": OTHER}]}, "too_many_recipients", "recipients"),
        ({"recipients": [{"mobile": "1"}]}, "invalid_mobile", "recipients.0.mobile"),
        ({"recipients": ["13800138000"]}, None, "recipients.0"),
        ({"recipients": {"mobile": MOBILE}}, None, "recipients"),
        ({"params": {"yes": "1"}}, "params_mismatch", "recipients"),
        ({"send_at": None}, "null", "send_at"),
    ],
    ids=str,
)
def test_a_change_that_is_none(shop, boss, change, code, field):
    schedule = make()
    found, where = problem(boss.patch(f"schedules/{schedule.pk}/", change), 400)
    assert where == field and code in (None, found), (found, where)
    assert not calls(shop, "PUT") and reread(schedule).status == "active"
