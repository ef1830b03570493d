"""Templates over REST: drafts, audits, previews; each action in the log."""

import pytest

from django_jsms.models import ActionLog, Template
from django_jsms.services import draft_template

from .test_codes import problem

pytestmark = pytest.mark.django_db
TEXT = "订单{{no}}已发货"
DRAFT = {"text": TEXT, "type": "notice", "remark": "发货"}


def methods(sandbox):
    return [call.method for call in sandbox.ledger]


def log():
    return list(ActionLog.objects.order_by("pk").values_list("action", "reason", "target_id"))


@pytest.mark.core
def test_one_life(jsms_sandbox, boss):
    made = boss.post("templates/", {**DRAFT, "reason": "new shop"})
    body, pk = made.json(), made.json()["id"]
    assert made.status_code == 201 and made.headers["Cache-Control"] == "no-store"
    assert body == {
        "id": pk, "app": "default", "template_id": None, "text": TEXT, "type": "notice", "ttl": None,
        "status": "draft", "note": "", "remark": "发货", "refreshed_at": None,
    }  # fmt: skip
    assert methods(jsms_sandbox) == []
    handed = boss.post(f"templates/{pk}/submit/", {}).json()
    assert handed["status"] == "auditing" and handed["template_id"] > 0
    jsms_sandbox._server.audit(template_id=handed["template_id"], approved=False)
    assert boss.post(f"templates/{pk}/refresh/", {}).json()["status"] == "rejected"
    changed = boss.patch(f"templates/{pk}/", {"text": "您的订单{{no}}已发货"}).json()
    assert (changed["status"], changed["text"], changed["remark"]) == ("auditing", "您的订单{{no}}已发货", "发货")
    assert boss.get(f"templates/{pk}/").json()["text"] == changed["text"]
    assert boss.delete(f"templates/{pk}/").json()["status"] == "deleted"
    assert methods(jsms_sandbox) == ["POST", "GET", "PUT", "DELETE"]
    assert log() == [
        ("add", "new shop", pk), ("submit", "", pk), ("refresh", "", pk), ("rewrite", "", pk), ("remove", "", pk)
    ]  # fmt: skip


def test_an_action_needs_no_body(jsms_sandbox, boss):
    pk = draft_template(TEXT, type="notice").pk
    response = boss.client.generic("POST", f"/api/staff/templates/{pk}/submit/")
    assert response.status_code == 200 and methods(jsms_sandbox) == ["POST"]


def test_one_of_jsms_is_adopted(jsms_sandbox, boss):
    jsms_sandbox.template(70, TEXT, "notice")
    body = boss.post("templates/adopt/", {"template_id": 70}).json()
    assert (body["template_id"], body["status"], body["type"]) == (70, "approved", "notice")
    assert body["refreshed_at"].endswith("+08:00")


def test_a_draft_is_written_once(jsms_sandbox, boss):
    first, again = (boss.post("templates/", DRAFT, Idempotency_Key="k1") for _ in range(2))
    assert first.json() == again.json() and Template.objects.count() == ActionLog.objects.count() == 1


def test_what_it_would_be_on_a_phone(jsms_sandbox, boss):
    pk = draft_template(TEXT, type="notice").pk
    body = boss.post(f"templates/{pk}/preview/", {"params": {"no": "42"}}).json()
    assert "订单42已发货" in body["text"] and (body["segments"], body["missing"]) == (1, [])
    assert methods(jsms_sandbox) == [] and not ActionLog.objects.exists()


def test_what_cannot_be_done_now_is_said_and_logged(jsms_sandbox, boss):
    pk = draft_template(TEXT, type="notice").pk
    assert problem(boss.patch(f"templates/{pk}/", {"text": "改"}), 409) == ("wrong_status", "status")
    assert problem(boss.post(f"templates/{pk}/refresh/", {}), 409) == ("wrong_status", "status")
    Template.objects.update(reason="no_answer")
    assert problem(boss.post(f"templates/{pk}/submit/", {}), 409) == ("no_answer", "status")
    assert methods(jsms_sandbox) == []
    assert boss.post(f"templates/{pk}/submit/", {"again": True}).json()["status"] == "auditing"
    assert [bool(line.answer) for line in ActionLog.objects.order_by("pk")] == [True, True, True, False]


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"text": "【店】你好"}, None, "text"),
        ({"text": ""}, "blank", "text"),
        ({"type": 2}, "invalid_choice", "type"),
        ({"type": "sms"}, "invalid_choice", "type"),
        ({"ttl": "300"}, "invalid", "ttl"),
        ({"ttl": True}, "invalid", "ttl"),
        ({"ttl": 300}, None, "ttl"),
        ({"remark": "x" * 101}, None, "remark"),
        ({"app": "other"}, "unknown_app", "app"),
        ({"temp_id": 1}, "unknown_field", "temp_id"),
        ({"reason": "x" * 201}, "max_length", "reason"),
    ],
    ids=str,
)
def test_a_draft_that_jsms_would_refuse_is_not_written(jsms_sandbox, boss, change, code, field):
    found, where = problem(boss.post("templates/", {**DRAFT, **change}), 400)
    assert where == field and code in (None, found)
    assert not Template.objects.exists() and methods(jsms_sandbox) == []


def test_what_jsms_does_not_know(jsms_sandbox, boss):
    assert problem(boss.post("templates/adopt/", {"template_id": 999}), 502)[1] is None
    assert not Template.objects.exists()


@pytest.mark.parametrize("params", [[], "no=1", 5, {"no": 5}, {"no": None}, {"no!": "x"}, {"no": "【】"}], ids=str)
def test_parameters_that_are_none(jsms_sandbox, boss, params):
    pk = draft_template(TEXT, type="notice").pk
    assert problem(boss.post(f"templates/{pk}/preview/", {"params": params}), 400)[1] == "params"
