"""The auditor's word by callback: it alone carries the reason, and comes in any order and number."""

import json
import time
from urllib.parse import urlencode

import pytest

from django_jsms.client.callbacks import sign
from django_jsms.models import Callback, Template
from django_jsms.services import create_template, refresh_template
from django_jsms.services.callbacks import receive

pytestmark = pytest.mark.django_db


def tell(kind="SMS_TEMPLATE", nonce="1", **data):
    timestamp = str(int(time.time() * 1000))
    signature = sign("sandbox", "sandbox", nonce, timestamp)
    form = {"nonce": nonce, "timestamp": timestamp, "signature": signature, "type": kind, "data": json.dumps(data)}
    return receive(urlencode(form).encode(), app="default")


@pytest.fixture
def template(jsms_sandbox):
    return create_template("订单{{no}}已发货", type="notice")


def stands(template):
    row = Template.objects.get(pk=template.pk)
    return row.status, row.refusal


def test_a_refusal_brings_its_reason(template, heard):
    assert tell(tempId=template.remote_id, status=2, refuseReason="请写明用途") == "stored"
    assert stands(template) == ("rejected", "请写明用途") and heard == [("template_reviewed", "rejected")]
    assert Template.objects.get().note == "请写明用途" and Callback.objects.get().error == ""


def test_told_twice_it_is_heard_once(template, heard):
    for nonce in "12":
        tell(nonce=nonce, tempId=template.remote_id, status=1, refuseReason=None)
    assert stands(template) == ("approved", "") and heard == [("template_reviewed", "approved")]


def test_the_reason_may_come_after_the_refusal_was_read(template, jsms_sandbox, heard):
    jsms_sandbox._server.audit(template_id=template.remote_id, approved=False)
    refresh_template(template)
    assert stands(template) == ("rejected", "")
    tell(tempId=template.remote_id, status=2, refuseReason="请写明用途")
    refresh_template(Template.objects.get())
    assert stands(template) == ("rejected", "请写明用途") and heard == [("template_reviewed", "rejected")]


def test_an_approval_may_be_withdrawn(template, heard):
    tell(tempId=template.remote_id, status=1)
    tell(nonce="2", tempId=template.remote_id, status=2, refuseReason="运营商撤回")
    assert stands(template) == ("rejected", "运营商撤回")
    assert heard == [("template_reviewed", "approved"), ("template_reviewed", "rejected")]


@pytest.mark.parametrize(
    ("change", "error"),
    [({"tempId": 999_999}, "no_row"), ({"status": 7}, "unknown_kind"), ({"tempId": "abc"}, "unreadable")],
)
def test_what_is_not_ours_changes_nothing(template, heard, change, error):
    tell(**{"tempId": template.remote_id, "status": 1, **change})
    assert stands(template) == ("auditing", "") and heard == [] and Callback.objects.get().error == error


def test_a_reason_of_any_length_fits(template):
    tell(tempId=template.remote_id, status=2, refuseReason="长" * 3000)
    assert stands(template) == ("rejected", "长" * 255)
