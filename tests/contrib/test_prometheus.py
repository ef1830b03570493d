"""Records and metrics of real sends: counted, timed, and without a number, a text or a code."""

import logging
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from django_jsms.contrib import prometheus
from django_jsms.exceptions import LimitExceeded
from django_jsms.models.base import now
from django_jsms.services import (
    cancel_schedule,
    create_batch,
    get_balance,
    pull_reports,
    queue_message,
    records,
    schedule_message,
    send_code,
    send_message,
    start_batch,
    tick,
    verify_code,
)
from django_jsms.services.hours import aware
from tests.conftest import MOBILE

pytestmark = pytest.mark.django_db
NO = {"no": "canary-text"}


@pytest.fixture
def registry():
    registry = CollectorRegistry()
    metrics = prometheus.start(registry)
    yield registry
    records.listeners.remove(metrics.note)


def test_what_happens_is_counted(shop, registry):
    def value(name, **labels):
        return registry.get_sample_value(name, labels) or 0

    send_code(MOBILE, purpose="login")
    verify_code("000000", mobile=MOBILE, purpose="login")
    verify_code(shop.last_code(), mobile=MOBILE, purpose="login")
    with pytest.raises(LimitExceeded):
        send_code(MOBILE, purpose="login")
    shop.fault("close", when="after", route="/v1/messages")
    send_message(MOBILE, template="order-shipped", params=NO)
    start_batch(create_batch(template="order-shipped", recipients=[(f"139001390{n:02d}", NO) for n in range(7)]))
    assert value("jsms_waiting", queue="jsms.bulk") == 1 and value("jsms_oldest_seconds", queue="jsms.bulk") > 0
    tick()
    code = {"app": "default", "kind": "verificationcode", "status": "sent", "reason": ""}
    assert value("jsms_sends_total", **code) == 1 and value("jsms_call_seconds_count", kind="verificationcode") == 1
    assert value("jsms_checks_total", reason="ok") == value("jsms_checks_total", reason="wrong") == 1
    assert value("jsms_refused_total", service="send_code", reason="limited", limit="mobile 1/60s") == 1
    lost = {"app": "default", "kind": "message", "status": "unknown", "reason": "maybe_sent"}
    assert value("jsms_sends_total", **lost) == 1
    assert value("jsms_sends_total", app="default", kind="chunk", status="sent", reason="") == 7
    assert value("jsms_waiting", queue="jsms.bulk") == 0 and value("jsms_last_sweep_seconds") is not None
    with shop.settings(APPS={"default": {"SANDBOX": shop.url, "BUDGET": 9}}):
        get_balance()
        assert value("jsms_budget_left_segments", app="default") == 9
        assert value("jsms_balance_segments", app="default", scope="app", pool="industry") > 0


def test_schedules_and_reports_are_counted(shop, registry):
    def value(name, **labels):
        return registry.get_sample_value(name, {"app": "default", **labels}) or 0

    at = aware(now()).replace(microsecond=0) + timedelta(hours=2)
    schedule = schedule_message(MOBILE, template="order-shipped", params=NO, send_at=at)
    assert value("jsms_schedules_total", status="active", reason="") == 1
    shop.fault("close", when="after", method="POST", route="/v1/schedule")
    schedule_message(MOBILE, template="order-shipped", params=NO, send_at=at)
    assert value("jsms_schedules_total", status="create_unknown", reason="maybe_sent") == 1
    cancel_schedule(schedule)
    assert value("jsms_schedules_total", status="cancelled", reason="") == 1
    with shop.settings(REPORTS="pull"):
        row = send_message(MOBILE, template="order-shipped", params=NO)
        shop._server.deliver(msg_id=row.msg_id)
        assert pull_reports().records == 1
    assert value("jsms_reports_total", kind="message", delivery="delivered") == 1


@pytest.mark.core
def test_records_hold_ids_and_no_secrets(shop, caplog):
    caplog.set_level(logging.DEBUG)
    send_code(MOBILE, purpose="login")
    code = shop.last_code()
    verify_code(code, mobile=MOBILE, purpose="login")
    queue_message(MOBILE, template="order-shipped", params=NO)
    shop.run_pending()
    with pytest.raises(LimitExceeded):
        send_code(MOBILE, purpose="login")
    told = [record.jsms for record in caplog.records if record.name == "django_jsms.events"]
    assert [each["event"] for each in told] == ["send", "check", "send", "refused"]
    assert told[0]["model"] == "verificationcode" and told[0]["id"] and told[0]["seconds"] >= 0
    assert told[2]["template_id"] == 1250 and "reason" not in told[2]
    everything = "".join(repr(vars(record)) for record in caplog.records)
    assert MOBILE not in everything and code not in everything and "canary-text" not in everything


def test_a_listener_that_breaks_stops_nothing(shop, caplog):
    def broken(event, fields):
        raise ZeroDivisionError

    records.listeners.append(broken)
    try:
        assert send_code(MOBILE, purpose="login").status == "sent"
    finally:
        records.listeners.remove(broken)
    assert "A listener to the event send failed" in caplog.text
