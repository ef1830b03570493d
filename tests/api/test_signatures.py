"""Signatures over REST: a form with papers that go to JSMS and stay nowhere."""

import sys

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.signals import got_request_exception
from django.db import connection
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.urls import resolve
from django.views.debug import ExceptionReporter

from django_jsms.models import ActionLog, Signature

from .test_codes import problem

pytestmark = pytest.mark.django_db
IDENTITY = "110101199003078515"


def picture(size=10, name="card.png"):
    return SimpleUploadedFile(name, b"\x89PNG\r\n\x1a\n" + b"0" * size, "image/png")


def papers(**more):
    texts = {"legalPersonName": "张三", "legalPersonIdNumber": IDENTITY, "socialCreditCode": "91110108551385082Q"}
    return {**texts, "idCardImage": picture(), "businessLicenseImage": picture(), **more}


def new(**more):
    return {"text": "某某商城", "type": 1, "remark": "通知", **papers(), **more}


def send(client, path, form, method="POST"):
    body = encode_multipart(BOUNDARY, form)
    return client.post(path, raw=body, content_type=MULTIPART_CONTENT, method=method)


def methods(sandbox):
    return [call.method for call in sandbox.ledger]


@pytest.mark.core
def test_one_life(jsms_sandbox, boss):
    made = send(boss, "signatures/", new(reason="new shop"))
    body = made.json()
    assert made.status_code == 201 and IDENTITY not in made.content.decode()
    assert (body["text"], body["type"], body["status"], body["remark"]) == ("某某商城", 1, "auditing", "通知")
    assert jsms_sandbox._server.state.app().signatures[body["signature_id"]].text == "某某商城"
    pk = body["id"]
    jsms_sandbox.audit(signature_id=body["signature_id"], approved=False)
    assert boss.post(f"signatures/{pk}/refresh/", {}).json()["status"] == "rejected"
    changed = send(boss, f"signatures/{pk}/", {**papers(), "text": "某某超市"}, "PATCH").json()
    assert (changed["status"], changed["text"], changed["remark"]) == ("auditing", "某某超市", "通知")
    assert boss.get("signatures/", status="auditing").json()["results"] == [boss.get(f"signatures/{pk}/").json()]
    assert boss.delete(f"signatures/{pk}/").json()["status"] == "deleted"
    assert methods(jsms_sandbox) == ["POST", "GET", "POST", "DELETE"]
    assert list(ActionLog.objects.order_by("pk").values_list("action", "reason")) == [
        ("add", "new shop"), ("refresh", ""), ("rewrite", ""), ("remove", "")
    ]  # fmt: skip


def test_of_the_papers_nothing_is_kept(jsms_sandbox, boss, caplog):
    caplog.set_level("DEBUG")
    send(boss, "signatures/", new())
    for table in connection.introspection.table_names():
        if table.startswith("django_jsms"):
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
                assert IDENTITY not in str(cursor.fetchall()), table
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("django_jsms")]
    assert IDENTITY not in " ".join(ours)


def test_an_error_report_hides_the_papers(jsms_sandbox, boss, monkeypatch):
    def broken(self, *args, **kwargs):
        raise RuntimeError("a fault of the program")

    reports = []

    def report(request, **kwargs):
        reporter = ExceptionReporter(request, *sys.exc_info())
        reports.append(reporter.get_traceback_text() + reporter.get_traceback_html())

    view = resolve("/api/staff/signatures/").func
    monkeypatch.setattr(view.view_class, "added", broken)
    boss.client.raise_request_exception = False
    got_request_exception.connect(report)
    try:
        assert send(boss, "signatures/", new()).status_code == 500
    finally:
        got_request_exception.disconnect(report)
    assert "a fault of the program" in reports[0] and IDENTITY not in reports[0]
    assert "default" in view._non_atomic_requests


def test_a_draft_is_handed_in_again(jsms_sandbox, boss):
    pk = Signature.objects.create(text="某某商城", type=1, reason="no_answer").pk
    assert problem(send(boss, f"signatures/{pk}/submit/", papers()), 409) == ("no_answer", "status")
    assert methods(jsms_sandbox) == []
    assert send(boss, f"signatures/{pk}/submit/", papers(again="true")).json()["status"] == "auditing"


def test_one_of_jsms_is_adopted(jsms_sandbox, boss):
    body = boss.post("signatures/adopt/", {"signature_id": 1}).json()
    assert (body["signature_id"], body["is_default"], body["type"]) == (1, True, None)
    assert problem(boss.delete(f"signatures/{body['id']}/"), 502)[1] is None  # the default one stays


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"text": "【店】"}, "invalid_signature", "text"),
        ({"text": ""}, "blank", "text"),
        ({"type": 3000}, "invalid", "type"),
        ({"type": "x"}, "invalid", "type"),
        ({"idCardImage": picture(name="card.exe")}, "no_picture", "idCardImage"),
        ({"idCardImage": picture(2 * 1024 * 1024)}, "too_large", "idCardImage"),
        ({"idCardImage": "text"}, "invalid", "idCardImage"),
        ({"idCardImage": SimpleUploadedFile("card.png", b"")}, "empty", "idCardImage"),
        ({"legalPersonName": "x" * 101}, "max_length", "legalPersonName"),
        ({"sign": "x"}, "unknown_field", "sign"),
        ({"app": "other"}, "unknown_app", "app"),
        ({"remark": "x" * 101}, None, "remark"),
    ],
    ids=str,
)
def test_what_jsms_would_refuse_is_not_written(jsms_sandbox, boss, change, code, field):
    found, where = problem(send(boss, "signatures/", new(**change)), 400)
    assert where == field and code in (None, found), (found, where)
    assert not Signature.objects.exists() and methods(jsms_sandbox) == []


def test_a_form_is_wanted(jsms_sandbox, boss):
    assert problem(boss.post("signatures/", {"text": "某某商城", "type": 1}), 415)[0] == "unsupported_media_type"
    assert problem(boss.post("signatures/", raw="--x", content_type="multipart/form-data; boundary=y"), 400)
    assert problem(boss.post("signatures/", raw="", content_type="multipart/form-data"), 400)
