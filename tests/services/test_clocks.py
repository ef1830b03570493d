"""Hosts whose clocks are wrong: how long a row waits is the database's to say."""

import datetime as dt

import pytest
from django.utils import timezone

from django_jsms.exceptions import AppPaused, Refused
from django_jsms.models import VerificationCode
from django_jsms.models.base import DatabaseTime, database_now
from django_jsms.services import queue_code, queue_message, run_pending, send_code
from tests.conftest import MOBILE

pytestmark = [pytest.mark.django_db, pytest.mark.core]

WRONG = [-7200, -90, 90, 7200]


@pytest.fixture
def skew(monkeypatch):
    """``skew(90)``: this host's clock is 90 s fast, and the database's is not."""
    right = timezone.now
    return lambda seconds: monkeypatch.setattr(timezone, "now", lambda: right() + dt.timedelta(seconds=seconds))


def test_the_databases_time_is_what_its_columns_hold():
    code = VerificationCode.insert_waiting(life=dt.timedelta(seconds=60), mobile=MOBILE, purpose="login")
    read = VerificationCode.objects.get(pk=code.pk)
    assert read.expires_at - read.created_at == dt.timedelta(seconds=60)
    assert abs(read.created_at - database_now("default")) < dt.timedelta(seconds=5)
    assert abs(read.expires_at - code.expires_at) < dt.timedelta(seconds=5)
    lasts = [VerificationCode.objects.filter(expires_at__gt=DatabaseTime(dt.timedelta(seconds=s))) for s in (50, 61)]
    assert [rows.exists() for rows in lasts] == [True, False]


@pytest.mark.parametrize("web", WRONG)
@pytest.mark.parametrize(("waited", "status"), [(50, "sent"), (61, "expired")])
def test_a_queued_code_lives_for_a_minute_of_the_databases(jsms_sandbox, skew, web, waited, status):
    skew(web)
    code = queue_code(MOBILE, purpose="login")
    skew(0)
    jsms_sandbox.clock.advance(waited)
    run_pending()
    code.refresh_from_db()
    assert code.status == status and len(jsms_sandbox.outbox) == (status == "sent")


@pytest.mark.parametrize("worker", WRONG)
def test_a_worker_that_is_wrong_sends_it_too(jsms_sandbox, skew, worker):
    code = queue_code(MOBILE, purpose="login")
    skew(worker)
    run_pending()
    code.refresh_from_db()
    assert code.status == "sent"


@pytest.mark.parametrize("web", WRONG)
@pytest.mark.parametrize(("waited", "status"), [(290, "sent"), (301, "expired")])
def test_so_does_a_message(shop, skew, web, waited, status):
    skew(web)
    message = queue_message(MOBILE, template="order-shipped", params={"no": "1"}, expires_in=dt.timedelta(minutes=5))
    skew(0)
    shop.clock.advance(waited)
    run_pending()
    message.refresh_from_db()
    assert message.status == status


@pytest.mark.parametrize(("web", "worker"), [(-90, 0), (90, 0), (0, -90), (0, 90)])
def test_what_could_not_leave_is_tried_again_in_time(jsms_sandbox, skew, web, worker):
    skew(web)
    code = queue_code(MOBILE, purpose="login")
    skew(worker)
    with jsms_sandbox.settings(APPS={"default": {"SANDBOX": "http://127.0.0.1:9"}}):
        run_pending()
    code.refresh_from_db()
    wait = code.not_before - database_now("default")
    assert code.status == "pending" and dt.timedelta() < wait < dt.timedelta(seconds=10)
    assert not run_pending()
    jsms_sandbox.clock.advance(10)
    assert run_pending() == 1 and len(jsms_sandbox.outbox) == 1


@pytest.mark.parametrize(("first", "second"), [(-90, 0), (90, 0), (0, -90), (0, 90)])
def test_a_pause_is_over_for_all_at_once(jsms_sandbox, skew, first, second):
    """One host finds JSMS busy and pauses the app for a minute; another one sends when that is over."""
    jsms_sandbox.fault("status", status=429)
    skew(first)
    with pytest.raises(Refused):
        send_code(MOBILE, purpose="login")
    skew(second)
    with pytest.raises(AppPaused) as caught:
        send_code("13900139000", purpose="login")
    assert 50 <= caught.value.retry_after <= 60
    jsms_sandbox.clock.advance(61)
    assert send_code("13900139000", purpose="login").status == "sent"
