"""What JSMS told us, in the admin: masked, and applied again by a confirmed action."""

import html
import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from django_jsms.models import ActionLog, Callback, Message, OptOut, Reply, Report, VerificationCode
from django_jsms.models.base import mobile_hash, now
from django_jsms.services import adopt_template, opt_out, send_code, send_message
from tests.conftest import MOBILE

pytestmark = pytest.mark.django_db


def listed(client, noun, language="en"):
    address = reverse(f"admin:django_jsms_{noun}_changelist")
    return client.get(address, headers={"Accept-Language": language}).content.decode()


def act(client, noun, action, row, **more):
    data = {"action": action, "_selected_action": [row.pk], **more}
    return client.post(reverse(f"admin:django_jsms_{noun}_changelist"), data, follow=True).content.decode()


def test_a_stored_pull_is_applied(admin_client, jsms_sandbox):
    row = Callback.objects.create(kind="pull report", digest="1", error="unread", body=b"[]")
    assert "unread" in act(admin_client, "callback", "reprocess", row)
    act(admin_client, "callback", "reprocess", row, _confirmed="1")
    row.refresh_from_db()
    assert row.applied_at and row.error == ""
    assert ActionLog.objects.get().before == "unread"


def test_numbers_are_masked_and_contents_escaped(admin_client):
    Reply.objects.create(mobile=MOBILE, mobile_hash=mobile_hash(MOBILE), content="<b>x</b>", replied_at=now())
    page = listed(admin_client, "reply")
    assert "138****8000" in page and MOBILE not in page and "&lt;b&gt;x" in page


def test_reports_are_listed_and_found(admin_client):
    Report.objects.create(msg_id="777", mobile_hash="x", status=4001, received_at=now())
    assert "777" in listed(admin_client, "report") and "状态报告" in listed(admin_client, "report", "zh-hans")


def test_an_opt_out_is_ended_with_a_reason(admin_client, jsms_sandbox):
    row = opt_out(MOBILE)
    assert "138****8000" in listed(admin_client, "optout")
    assert "This field is required" in act(admin_client, "optout", "opt_in", row, _confirmed="1")
    assert OptOut.objects.exists()
    act(admin_client, "optout", "opt_in", row, _confirmed="2", reason="she called")
    assert not OptOut.objects.exists()
    line = ActionLog.objects.get()
    assert (line.reason, line.after) == ("she called", "takes marketing")


# -- delivery rates ---------------------------------------------------------------------------------------------


@pytest.fixture
def reported(jsms_sandbox):
    jsms_sandbox.template(1250, "订单{{no}}已发货", "notice")
    adopt_template(1250)
    for number, status in ((MOBILE, 4001), ("13900139000", 4001), ("13900139001", 4002), ("13900139002", None)):
        row = send_message(number, template=1250, params={"no": "42"})
        if status:
            Message.objects.filter(pk=row.pk).update(delivery="delivered" if status == 4001 else "undelivered")
    send_code(MOBILE, purpose="login")
    return jsms_sandbox


def rates(client, language="en", **query):
    address = reverse("admin:django_jsms_report_rates")
    return client.get(address, query, headers={"Accept-Language": language}).content.decode()


def test_delivery_rates_are_a_page(admin_client, reported):
    assert reverse("admin:django_jsms_report_rates") in listed(admin_client, "report")
    page = rates(admin_client)
    assert "66.7%" in page and "订单{{no}}已发货" in page and "?app__exact=default&amp;template_id__exact=1250" in page
    shown = re.findall(r'<td><a href="([^"]+)">(\S+)</a>', page)
    assert [name for _, name in shown] == ["1250", "1"]
    counts = [admin_client.get(html.unescape(link)).context["cl"].result_count for link, _ in shown]
    assert counts == [4, 1]
    assert "送达率" in rates(admin_client, "zh-hans") and "最近 7 天" not in rates(admin_client, days="1")


def test_what_is_older_or_another_app_s_is_left_out(admin_client, reported):
    Message.objects.update(sent_at=now() - timedelta(days=8))
    VerificationCode.objects.update(sent_at=now() - timedelta(days=40))
    assert "Nothing was sent in the last 7 days" in rates(admin_client)
    assert "66.7%" in rates(admin_client, days="30") and "Nothing was sent" in rates(admin_client, days="x")
    both = {"default": {"SANDBOX": reported.url}, "other": {"SANDBOX": reported.url}}
    with reported.settings(APPS=both):
        assert "66.7%" in rates(admin_client, days="30", app="default")
        assert "66.7%" not in rates(admin_client, days="30", app="other")


def test_the_rates_need_the_permission_of_reports(client, django_user_model):
    user = django_user_model.objects.create_user("clerk", is_staff=True)
    client.force_login(user)
    assert client.get(reverse("admin:django_jsms_report_rates")).status_code == 403
    user.user_permissions.set(Permission.objects.filter(codename="view_report"))
    assert client.get(reverse("admin:django_jsms_report_rates")).status_code == 200
