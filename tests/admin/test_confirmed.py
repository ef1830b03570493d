"""Actions that a person confirms, on the smallest of them: resuming a paused app."""

import re

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.urls import reverse

from django_jsms.models import ActionLog, Pause
from django_jsms.services.actions import first_time

pytestmark = pytest.mark.django_db
LIST = "admin:django_jsms_pause_changelist"


@pytest.fixture
def pause():
    return Pause.objects.create(app="default", reason="no_money", code=50014)


def choose(client, pause, **more):
    data = {"action": "resume", "_selected_action": [pause.pk], **more}
    return client.post(reverse(LIST), data, follow=True)


def token_of(page):
    return re.search(r'name="_confirmed" value="([^"]+)"', page.content.decode())[1]


def test_first_a_page_shows_what_would_change(admin_client, pause):
    page = choose(admin_client, pause).content.decode()
    assert "paused: no_money" in page and "sending" in page and "one more call" in page
    assert Pause.objects.exists() and not ActionLog.objects.exists()


def test_then_one_click_does_it_and_is_remembered(admin_client, admin_user, pause):
    token = token_of(choose(admin_client, pause))
    page = choose(admin_client, pause, _confirmed=token, reason="topped up").content.decode()

    assert "Resume sending: 1 done." in page and not Pause.objects.exists()
    line = ActionLog.objects.get()
    assert (line.actor, line.actor_name, line.action) == (admin_user, "admin", "resume")
    assert (line.target, line.target_id, line.app) == ("pause", str(pause.pk), "default")
    assert (line.before, line.after, line.reason) == ("paused: no_money", "sending", "topped up")


def test_a_double_click_does_nothing_twice(admin_client, pause):
    token = token_of(choose(admin_client, pause))
    choose(admin_client, pause, _confirmed=token)
    again = Pause.objects.create(app="default", reason="no_money", code=50014)
    page = choose(admin_client, again, _confirmed=token).content.decode()

    assert "done already" in page and Pause.objects.exists() and ActionLog.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_twenty_clicks_in_one_instant_one_counts(admin_user, race):
    assert sorted(race(20, lambda: first_time(admin_user, "token"))) == [False] * 19 + [True]


def test_get_does_nothing(admin_client, pause):
    admin_client.get(reverse(LIST), {"action": "resume", "_selected_action": pause.pk, "_confirmed": "x"})
    assert Pause.objects.exists()


def test_too_long_a_reason_is_said_and_nothing_done(admin_client, pause):
    token = token_of(choose(admin_client, pause))
    page = choose(admin_client, pause, _confirmed=token, reason="x" * 201).content.decode()
    assert "at most 200" in page and Pause.objects.exists()


@pytest.mark.parametrize("step", [{}, {"_confirmed": "x"}])
def test_without_the_permission_nothing_happens(client, pause, step):
    user = get_user_model().objects.create_user("viewer", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_pause"))
    client.force_login(user)

    assert "Resume sending" not in client.get(reverse(LIST)).content.decode()
    choose(client, pause, **step)
    assert Pause.objects.exists() and not ActionLog.objects.exists()


def test_the_row_s_own_page_has_the_button(admin_client, pause):
    page = admin_client.get(reverse("admin:django_jsms_pause_change", args=[pause.pk])).content.decode()
    assert "Resume sending" in page and 'name="_selected_action"' in page


def test_it_speaks_chinese(admin_client, pause):
    data = {"action": "resume", "_selected_action": [pause.pk]}
    page = admin_client.post(reverse(LIST), data, headers={"Accept-Language": "zh-hans"}).content.decode()
    assert "恢复发送" in page and "不，返回" in page and "已暂停" in page


def test_rows_cannot_be_deleted_in_bulk(admin_client, pause):
    admin_client.post(reverse(LIST), {"action": "delete_selected", "_selected_action": [pause.pk], "post": "yes"})
    assert Pause.objects.exists()


def test_the_log_is_append_only(admin_client, admin_user, pause):
    choose(admin_client, pause, _confirmed="token")
    line = ActionLog.objects.get()
    for change in (
        line.save,
        line.delete,
        ActionLog.objects.all().delete,
        lambda: ActionLog.objects.update(reason="x"),
    ):
        with pytest.raises(TypeError, match="append only"):
            change()
    page = admin_client.get(reverse("admin:django_jsms_actionlog_changelist")).content.decode()
    assert "resume" in page and "no_money" in page
