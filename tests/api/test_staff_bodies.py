"""Bodies that nobody should send to the endpoints for staff: refused in our shape, nothing asked, nothing echoed."""

import itertools
import json

import pytest

from django_jsms.api import balances, schedules, signatures, templates
from django_jsms.models import Signature, Template
from django_jsms.services import draft_template

from .test_bad_bodies import ANY, CANARY, JSON, MOBILES, RAW, TYPES
from .test_codes import SHAPE

pytestmark = pytest.mark.django_db

SCHEDULE = {"mobile": CANARY, "template": 1, "send_at": "2020-01-01T00:00:00+08:00"}
#: Method, address, the serializer of its body, and a body that is refused for its values alone.
DOORS = [
    ("POST", "templates/", templates.TemplateDraft, {"text": "【店】你好", "type": "notice"}),
    ("POST", "templates/adopt/", templates.AdoptTemplate, {"template_id": 0}),
    ("PATCH", "templates/{template}/", templates.TemplateChange, {"text": "改"}),
    ("POST", "templates/{template}/submit/", templates.TemplateSubmission, {"again": 1}),
    ("POST", "templates/{template}/refresh/", templates.ActionReason, {}),
    ("POST", "schedules/", schedules.NewSchedule, SCHEDULE),
    ("POST", "schedules/adopt/", schedules.AdoptSchedule, {"schedule_id": "../codes", "schedule": "9"}),
    ("PATCH", "schedules/999/", schedules.ScheduleChange, {}),
    ("POST", "schedules/999/cancel/", schedules.ActionReason, {}),
    ("POST", "signatures/adopt/", signatures.AdoptSignature, {"signature_id": 0}),
    ("POST", "signatures/{signature}/refresh/", signatures.ActionReason, {}),
    ("POST", "balances/", balances.BalanceRequest, {"app": "other"}),
]


def variants():
    """No body at all is none of them: an action asks for nothing."""
    for method, path, kind, good in DOORS:
        yield from ((method, path, raw, JSON, status) for raw, status in RAW if raw)
        yield from ((method, path, json.dumps(good), other, status) for other, status in TYPES)
        for name, value in itertools.product(kind().fields, ANY):
            if not (name == "again" and value is True):
                yield method, path, json.dumps({**good, name: value}), JSON, None
        for name in ("temp_id", "actor", "created_by", "status", "__proto__", CANARY):
            yield method, path, json.dumps({**good, name: CANARY}), JSON, None
    for mobile in MOBILES:
        yield "POST", "schedules/", json.dumps({**SCHEDULE, "mobile": mobile}), JSON, 400
        yield "PATCH", "schedules/999/", json.dumps({"recipients": [{"mobile": mobile}]}), JSON, None


def test_a_thousand_more_bad_bodies(jsms_sandbox, boss, caplog):
    caplog.set_level("DEBUG")
    text = draft_template("你好", type="notice")
    Template.objects.update(reason="no_answer")
    rows = {"template": text.pk, "signature": Signature.objects.create(text="某某", type=1).pk}
    told = 0
    for method, path, raw, kind, right in variants():
        response = boss.post(path.format(**rows), raw=raw, content_type=kind, method=method)
        where = (method, path, kind, raw[:120], response.status_code, response.content[:200])
        allowed = {400, 404, 409} if right is None or "999" in path else {right}
        assert response.status_code in allowed, where
        assert set(response.json()) == SHAPE and response.json()["message"], where
        assert CANARY.encode() not in response.content, where
        told += 1
    assert told >= 1000 and jsms_sandbox.ledger == [], told
    assert CANARY not in caplog.text
