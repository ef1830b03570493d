"""What JSMS told us, in the admin: masked, and applied again by a confirmed action."""

import pytest
from django.urls import reverse

from django_jsms.models import ActionLog, Callback, OptOut, Reply, Report
from django_jsms.models.base import mobile_hash, now
from django_jsms.services import opt_out
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
