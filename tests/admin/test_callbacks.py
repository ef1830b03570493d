"""What JSMS told us, in the admin: masked, and applied again by a confirmed action."""

import html
import json
import re
import unicodedata
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from django_jsms.exceptions import InvalidInput
from django_jsms.models import ActionLog, Callback, Message, OptOut, Reply, Report, VerificationCode
from django_jsms.models.base import mobile_hash, now
from django_jsms.services import adopt_template, dismiss_callback, opt_out, reprocess_callback, send_code, send_message
from django_jsms.services.kept import masked_body
from django_jsms.services.told import apply_unread
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


def posted(**data):
    return urlencode({"nonce": "1", "signature": "f" * 40, "type": "SMS_REPORT", "data": json.dumps(data)}).encode()


RECORD = {"msgId": "7" * 65, "phone": MOBILE, "receiveTime": 1575015093000, "status": 4001}
MASKED = "138****8000"


def pulled(*records):
    return json.dumps(records).encode()


def answer(text):
    return json.dumps({"model": "django_jsms.Message", "id": 5, "attempt": "a-1", "answer": text}).encode()


#: Kind, reason, body; the reason as it is shown, and what of the body.
KEPT = [
    ("SMS_REPORT", "unreadable", posted(**RECORD), "msgId 不是有效编号", ["7" * 65, MASKED, "1575015093000"]),
    ("SMS_REPORT", "unreadable", posted(**RECORD | {"phone": None}), "msgId 不是", ["4001"]),
    ("SMS_REPORT", "unreadable", posted(**RECORD | {"phone": int(MOBILE), "msgId": "\ud83d"}), "msgId 不是", [MASKED]),
    ("SMS_REPORT", "unreadable", posted(**RECORD | {"msgId": MOBILE, "status": None}), "status 缺失", [MASKED]),
    ("SMS_REPORT", "unreadable", b"type=SMS_REPORT&data={'phone':'138 0013-8000'", "data 不是 JSON", [MASKED]),
    ("SMS_DREAM", "unknown_kind", posted(a=[f"<b>+86{MOBILE}"]), "unknown_kind", ["&lt;b&gt;+****"]),
    ("pull report", "unreadable", pulled({**RECORD, MOBILE: 1}), "msgId 不是", [f"{MASKED}&quot;: 1"]),
    ("pull reply", "unreadable", b"5", "record 不是 JSON 对象", ["5"]),
    ("pull reply", "unreadable", b"[" * 50_000, "record 不是 JSON 对象", ["[[["]),
    ("pull report", "gap", b"", "gap", []),
    ("answer", "unusable", answer('[{"msg_id": "288193860302"}]'), "unusable", ["288193860302"]),
    ("answer", "unusable", answer(f"<p>{MOBILE}"), "unusable", [f"&lt;p&gt;{MASKED}"]),
]


@pytest.mark.parametrize(("kind", "error", "body", "reason", "shown"), KEPT)
def test_what_was_kept_is_shown_with_its_reason_and_can_be_settled(admin_client, kind, error, body, reason, shown):
    hour = timedelta(hours=1)
    row = Callback.objects.create(kind=kind, digest="1", error=error, body=body, created_at=now() - hour)
    address = reverse("admin:django_jsms_callback_change", args=[row.pk])
    page = admin_client.get(address, headers={"Accept-Language": "zh-hans"}).content.decode()
    assert reason in page and all(each in page for each in shown) and "标记为已处理" in page
    assert MOBILE not in page and "f" * 40 not in page and "None" not in page
    act(admin_client, "callback", "dismiss", row, _confirmed="1")
    kept = Callback.objects.get()
    assert kept.applied_at and (kept.error, bytes(kept.body)) == (error, body)
    assert (ActionLog.objects.get().before, ActionLog.objects.get().after) == (error, f"settled: {error}")
    assert reprocess_callback(kept) == error
    assert "It is settled" in act(admin_client, "callback", "dismiss", kept, _confirmed="2")


#: A number that must not be seen whole, however it stands in what came.
HIDDEN = [
    *('{"content": "138_0013_8000"}', '{"content": "138 -- 0013 -- 8000"}', '{"c": "138a0013b8000"}'),
    *('{"c": "电话138零0138000"}', '{"c": "1３８00138000"}', '{"138.0013.8000": 1}', '{"x": 13800138000.5}'),
    *('{"id": "013800138000"}', '{"msgId": "x13800138000"}', '{"msgId": "8613800138000"}', '{"id": 13800138000}'),
    *('{"msgId": "a-138-0013-8000"}', '{"id": ["13800138000"]}', '{"attempt": "x-008613800138000-y"}'),
    *('{"phone": "\\u0031\\u0033\\u0038\\u0030\\u0030\\u00313\\uff18000"', '{"c": "\\u0031\\u00338-0013-8000"'),
    *('{"c": "\\\\u0031\\\\u0033800138000"}', '{"c": say "138_0013_8000"}'),
]
#: What says which record it is, and stays.
SEEN = ["288193860302", "1575015093000", "7" * 65, "a-1", "138001380001234567", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"]


@pytest.mark.parametrize("record", HIDDEN)
def test_no_number_is_shown_whole(record):
    shown = masked_body(Callback(kind="pull reply", error="unreadable", body=f"[{record}]".encode()))
    digits = re.sub(r"\D", "", re.sub(r"\\+u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), shown))
    assert "****" in shown and "001380" not in unicodedata.normalize("NFKC", digits)


@pytest.mark.parametrize("name", ["msgId", "id", "attempt"])
@pytest.mark.parametrize("value", SEEN)
def test_what_a_record_is_about_is_shown_whole(name, value):
    assert f'"{value}"' in masked_body(Callback(kind="pull reply", body=json.dumps([{name: value}]).encode()))


def test_what_nobody_could_apply_for_a_minute_can_be_settled(admin_client):
    """However often the sweep tried: it tries no more."""
    old = {"created_at": now() - timedelta(minutes=2), "body": posted(**RECORD | {"msgId": "7"})}
    row = Callback.objects.create(kind="SMS_REPORT", digest="1", error="unread", **old)
    act(admin_client, "callback", "dismiss", row, _confirmed="1")
    Callback.objects.update(updated_at=now() - timedelta(hours=1))
    row.refresh_from_db()
    assert (row.error, apply_unread(), reprocess_callback(row)) == ("unread", 0, "unread")
    assert row.applied_at and not Report.objects.exists()


@pytest.mark.parametrize("error", ["unread", "gap", ""])
def test_what_may_still_be_applied_is_not_settled(admin_client, error):
    row = Callback.objects.create(kind="pull report", digest="1", error=error, body=b"[]")
    with pytest.raises(InvalidInput):
        dismiss_callback(row)
    row.refresh_from_db()
    assert (row.applied_at, row.error) == (None, error)


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
