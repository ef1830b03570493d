"""Schedules in the admin: shown masked, and changed by confirmed actions that the log remembers."""

import datetime as dt

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from django_jsms.models import ActionLog, Schedule
from django_jsms.services import refresh_schedule, run_pending
from tests.admin.test_confirmed import token_of
from tests.conftest import MOBILE
from tests.services.schedules.life import ahead, calls, lose, make, messages, opened, reread
from tests.services.schedules.test_batches import prepare

pytestmark = pytest.mark.django_db
LIST = "admin:django_jsms_schedule_changelist"


@pytest.fixture
def shop(jsms_sandbox):
    with opened(jsms_sandbox) as shop:
        yield shop


def choose(client, action, schedule, **more):
    data = {"action": action, "_selected_action": [schedule.pk], **more}
    return client.post(reverse(LIST), data, follow=True)


def do(client, action, schedule, **given):
    """Choose an action, then confirm it; answers the page that follows."""
    token = token_of(choose(client, action, schedule))
    return choose(client, action, schedule, _confirmed=token, **given).content.decode()


def typed(moment):
    """A time as the browser's picker sends it."""
    local = timezone.localtime(moment) if timezone.is_aware(moment) else moment
    return local.strftime("%Y-%m-%dT%H:%M")


def test_the_list_and_the_page_say_how_it_stands(shop, admin_client):
    schedule = make(tag="spring")
    shop._server.state.schedules[schedule.remote_id].due += 3600
    refresh_schedule(schedule)
    listed = admin_client.get(reverse(LIST)).content.decode()
    one = admin_client.get(reverse("admin:django_jsms_schedule_change", args=[schedule.pk])).content.decode()
    for page in (listed, one):
        assert schedule.remote_id in page and "scheduled" in page and "time: " in page and MOBILE not in page
    assert "Cancel at JSMS" in one and "It is not in the console" not in one
    found = admin_client.get(reverse(LIST), {"q": "spring"}).content.decode()
    assert schedule.remote_id in found
    assert len(calls(shop, "GET")) == 1


def test_the_time_and_the_text_are_changed(shop, admin_client, admin_user):
    schedule, later = make(), ahead(hours=5).replace(second=0)
    page = choose(admin_client, "reschedule", schedule).content.decode()
    assert "as given below" in page and "datetime-local" in page and not calls(shop, "PUT")
    page = do(admin_client, "reschedule", schedule, send_at=typed(later), params="no=7", reason="late train")
    assert "1 done" in page
    assert (reread(schedule).send_at, schedule.message.params) == (later, {"no": "7"})
    line = ActionLog.objects.get()
    assert (line.action, line.actor, line.reason, line.target_id) == (
        "reschedule", admin_user, "late train", str(schedule.pk)
    )  # fmt: skip
    assert line.before != line.after and line.after == line.answer


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "Give a time"),
        ({"params": "no"}, "NAME=VALUE"),
        ({"send_at": "tomorrow"}, "valid date/time"),
    ],
    ids=str,
)
def test_a_form_that_cannot_be_is_shown_again(shop, admin_client, given, said):
    assert said in do(admin_client, "reschedule", make(), **given)
    assert not calls(shop, "PUT") and not ActionLog.objects.exists()


def test_what_the_service_refuses_is_said_and_remembered(shop, admin_client):
    page = do(admin_client, "reschedule", make(), send_at=typed(dt.datetime(2020, 1, 1)))
    assert "60 seconds ahead" in page and "60 seconds ahead" in ActionLog.objects.get().answer


def test_cancel_once(shop, admin_client):
    schedule = make()
    page = choose(admin_client, "cancel", schedule)
    assert "cannot be brought back" in page.content.decode() and not calls(shop, "DELETE")
    token = token_of(page)
    for _ in range(2):
        choose(admin_client, "cancel", schedule, _confirmed=token)
    assert reread(schedule).status == "cancelled" and len(calls(shop, "DELETE")) == 1
    assert ActionLog.objects.get().answer.startswith("cancelled, ")


def test_a_lost_one_is_adopted_or_dismissed(shop, admin_client):
    lose(shop, "POST", 2)
    first, second = make(), make(params={"no": "2"})
    by_text = {held.recipients[0].given["no"]: key for key, held in shop._server.state.schedules.items()}
    assert "1 done" in do(admin_client, "adopt", first, schedule_id=f" {by_text['42']} ")
    assert (reread(first).status, first.remote_id) == ("active", by_text["42"])
    assert "belongs to schedule" in do(admin_client, "adopt", second, schedule_id=by_text["42"])
    assert "This field is required" in do(admin_client, "dismiss", second)
    do(admin_client, "dismiss", second, reason="not in the console")
    assert (reread(second).status, messages(second)) == ("failed", [(MOBILE, "failed")])
    assert Schedule.objects.count() == 2


def test_refresh(shop, admin_client):
    schedule = make()
    assert "1 done" in do(admin_client, "refresh", schedule)
    assert reread(schedule).messages.get().msg_id


def test_without_the_permission_nothing_happens(shop, client):
    schedule = make()
    user = get_user_model().objects.create_user("viewer", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_schedule"))
    client.force_login(user)
    assert "Cancel at JSMS" not in client.get(reverse(LIST)).content.decode()
    choose(client, "cancel", schedule, _confirmed="x")
    assert reread(schedule).status == "active" and not calls(shop, "DELETE")


def test_it_speaks_chinese(shop, admin_client):
    data = {"action": "cancel", "_selected_action": [make().pk]}
    page = admin_client.post(reverse(LIST), data, headers={"Accept-Language": "zh-hans"}).content.decode()
    assert "在极光取消" in page and "已定时" in page


# -- adopted by its id, and made from a batch ---------------------------------------------------------------


def test_one_that_only_the_console_knows_is_adopted(shop, admin_client):
    remote_id = make().remote_id
    Schedule.objects.all().delete()
    address = reverse("admin:django_jsms_schedule_add")
    assert "Nothing is sent by this" in admin_client.get(address).content.decode() and len(shop.ledger) == 1
    page = admin_client.post(address, {"schedule_id": remote_id, "app": "default", "reason": "moved"}, follow=True)
    schedule = Schedule.objects.get()
    assert (schedule.remote_id, schedule.status) == (remote_id, "active") and remote_id in page.content.decode()
    line = ActionLog.objects.get()
    assert (line.action, line.target_id, line.reason) == ("adopt", str(schedule.pk), "moved")


@pytest.mark.parametrize("schedule_id", ["../sign/1", "1a886e7c-a267-49e6-9970-0d396ca5bb1e", ""])
def test_an_id_that_leads_nowhere_is_said(shop, admin_client, schedule_id):
    given = {"schedule_id": schedule_id, "app": "default"}
    page = admin_client.post(reverse("admin:django_jsms_schedule_add"), given).content.decode()
    assert "Please correct" in page and not Schedule.objects.exists() and not ActionLog.objects.exists()


def test_adopting_needs_its_permission(shop, client):
    user = get_user_model().objects.create_user("viewer", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="change_schedule"))
    client.force_login(user)
    assert client.post(reverse("admin:django_jsms_schedule_add"), {"schedule_id": "1"}).status_code == 403


def test_a_batch_is_held_by_jsms_until_a_time(shop, admin_client):
    batch, at = prepare(3), ahead(hours=5).replace(second=0)
    address = reverse("admin:django_jsms_batch_changelist")
    data = {"action": "schedule", "_selected_action": [batch.pk]}
    page = admin_client.post(address, data)
    assert "even if we are down" in page.content.decode() and not Schedule.objects.exists()
    admin_client.post(address, {**data, "_confirmed": token_of(page), "send_at": typed(at)})
    assert (reread(batch).status, batch.schedules.get().send_at) == ("scheduled", at)
    run_pending()
    assert batch.schedules.get().status == "active"
