"""How many arrive, what nobody reports on, and what a person has to decide."""

import datetime as dt
import io
import json

import pytest
from django.core.management import call_command
from django.urls import reverse

from django_jsms.models import Message, VerificationCode
from django_jsms.models.base import mobile_hash, now
from django_jsms.services import delivery_rates, unknown_messages
from django_jsms.services.rates import LEAST, watch_reports

pytestmark = pytest.mark.django_db


def messages(count, delivery="", *, template=1250, sent=dt.timedelta(hours=2), reported=None, **more):
    at = now()
    rows = [
        Message(
            mobile=f"1390013{each:04d}", mobile_hash=mobile_hash(f"1390013{each:04d}"), template_id=template,
            status="sent", delivery=delivery, sent_at=at - sent, reported_at=reported and at - reported, **more,
        )
        for each in range(count)
    ]  # fmt: skip
    Message.objects.bulk_create(rows)


@pytest.fixture
def expected(jsms_sandbox):
    with jsms_sandbox.settings(REPORTS="pull"):
        yield jsms_sandbox


@pytest.mark.core
def test_rates_are_told_by_template(count_statements):
    messages(6, "delivered")
    messages(2, "undelivered")
    messages(1, "missing")
    messages(3)
    messages(2, "delivered", template=7)
    messages(9, "delivered", sent=dt.timedelta(days=8))
    code = {"mobile_hash": "x", "sent_at": now(), "status": "verified", "delivery": "delivered", "template_id": 7}
    VerificationCode.objects.create(**code)
    VerificationCode.objects.create(**code, is_test=True)
    with count_statements() as statements:
        first, second = delivery_rates()
    assert len(statements) == 2
    assert (first.template_id, first.sent, first.delivered, first.undelivered) == (1250, 12, 6, 2)
    assert (first.missing, first.waiting, first.rate) == (1, 3, 0.75)
    assert (second.template_id, second.sent, second.rate) == (7, 3, 1.0)
    assert delivery_rates(app="other") == [] and delivery_rates(since=now() - dt.timedelta(days=9))[0].sent == 21


def run(*arguments):
    out = io.StringIO()
    call_command("jsms_reports", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_tells_them():
    assert "Nothing was sent in the last 3 days." in run("--days", "3")
    messages(3, "delivered")
    messages(1, "undelivered")
    assert "75.0%" in run() and json.loads(run("--json"))[0]["rate"] == 0.75


def test_late_reports_are_told_once_a_day(expected, heard):
    messages(LEAST, "delivered")
    messages(LEAST - 1)
    messages(50, template=7, sent=dt.timedelta(minutes=10))
    assert watch_reports() == 0
    messages(1)
    assert watch_reports() == 1 and watch_reports() == 0
    assert heard == [("reports_late", None)]


@pytest.mark.core
def test_a_fall_is_told_with_enough_evidence_only(expected, heard):
    week, hour = dt.timedelta(days=2), dt.timedelta(minutes=10)
    messages(95, "delivered", reported=week)
    messages(5, "undelivered", reported=week)
    messages(LEAST - 1, "undelivered", reported=hour)
    assert watch_reports() == 0
    messages(1, "delivered", reported=hour)
    assert watch_reports() == 1 and watch_reports() == 0 and heard == [("delivery_dropped", None)]


def test_a_usual_rate_is_no_news(expected, heard):
    for reported in (dt.timedelta(days=2), dt.timedelta(minutes=10)):
        messages(85, "delivered", reported=reported)
        messages(15, "undelivered", reported=reported)
    assert watch_reports() == 0 and heard == []


def test_where_no_reports_are_expected_none_are_missed(jsms_sandbox):
    messages(50)
    assert watch_reports() == 0


def unknown(hours):
    messages(1, template=9)
    Message.objects.filter(template_id=9, status="sent").update(
        status="unknown", updated_at=now() - dt.timedelta(hours=hours), sent_at=None
    )


def test_what_no_report_will_settle_is_listed(admin_client):
    unknown(73)
    unknown(1)
    assert unknown_messages().count() == 2 and unknown_messages(overdue=True).count() == 1
    out = io.StringIO()
    call_command("jsms_unknown", "list", "--overdue", "--json", stdout=out)
    assert len(json.loads(out.getvalue())) == 1
    page = reverse("admin:django_jsms_message_changelist")
    assert admin_client.get(page, {"decision": "yes"}).context["cl"].result_count == 1


@pytest.mark.parametrize(("after", "found"), [("30", 3), ("360", 1), ("nonsense", 4)])
def test_the_admin_filters_what_nobody_reported_on(admin_client, after, found):
    messages(2)
    messages(1, sent=dt.timedelta(hours=8))
    messages(1, "delivered")
    page = reverse("admin:django_jsms_message_changelist")
    response = admin_client.get(page, {"no_report": after}, follow=True)
    assert response.context["cl"].result_count == found
    codes = reverse("admin:django_jsms_verificationcode_changelist")
    assert admin_client.get(codes, {"no_report": "60"}).status_code == 200
