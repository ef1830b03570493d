"""Claims, leases, the reaper, and answers that come late."""

import datetime as dt
import logging

import pytest
from django.db import DatabaseError, router

from django_jsms.models import VerificationCode
from django_jsms.models.base import LEASE, database_now, mobile_hash, now
from django_jsms.services import codes, delivery, queue_code, reap, run_pending, send_code
from tests.conftest import MOBILE

pytestmark = pytest.mark.django_db


def database_time():
    return database_now(router.db_for_write(VerificationCode))


@pytest.mark.core
def test_the_databases_clock_reads_as_ours(settings):
    assert abs(database_time() - now()) < dt.timedelta(seconds=5)


@pytest.mark.core
def test_a_row_due_in_seven_hours_is_not_due_now():
    row = VerificationCode.insert_waiting(
        app="default", mobile=MOBILE, purpose="login", not_before=now() + dt.timedelta(hours=7)
    )
    assert not row.claim(database_time()) and row.status == "pending"


@pytest.mark.core
def test_a_dead_claim_becomes_unknown_and_a_living_one_stays(jsms_sandbox):
    dead = VerificationCode.insert_claimed(database_time() - LEASE, app="default", mobile=MOBILE, purpose="login")
    living = VerificationCode.insert_claimed(database_time(), app="default", mobile=MOBILE, purpose="login")
    assert reap() == 1
    dead.refresh_from_db()
    living.refresh_from_db()
    assert (dead.status, dead.reason, living.status) == ("unknown", "lease_ended", "sending")


def test_a_late_answer_still_counts(jsms_sandbox):
    row = VerificationCode.insert_claimed(database_time() - LEASE, app="default", mobile=MOBILE, purpose="login")
    reap()
    assert row.mark_sent(now(), msg_id="1")
    row.refresh_from_db()
    assert (row.status, row.msg_id) == ("sent", "1")


def test_an_answer_to_another_attempt_changes_nothing():
    row = VerificationCode.insert_claimed(database_time(), app="default", mobile=MOBILE, purpose="login")
    again = VerificationCode.objects.get(pk=row.pk)
    assert again.renew(database_time())
    assert not row.mark_sent(now(), msg_id="1") and row.status == "sending"
    assert again.mark_sent(now(), msg_id="2")


def test_what_a_reaper_called_unknown_is_never_sent_again(jsms_sandbox):
    row = VerificationCode.insert_claimed(database_time() - LEASE, app="default", mobile=MOBILE, purpose="login")
    reap()
    assert not row.release(now(), reason="unreachable", code=None, not_before=None)
    assert row.status == "unknown" and run_pending() == 0 and not jsms_sandbox.outbox


@pytest.mark.parametrize("status", [s for s in VerificationCode.Status.values if s != "pending"])
def test_only_a_waiting_row_can_be_claimed(status):
    row = VerificationCode.objects.create(mobile=MOBILE, purpose="login", status=status)
    assert not row.claim(database_time())


def test_a_code_that_could_not_leave_is_tried_again_at_once(jsms_sandbox, monkeypatch):
    from django_jsms.exceptions import NotSent

    tried = []

    def fails_twice(client, code):
        tried.append(code.attempt)
        if len(tried) < 3:
            raise NotSent("no route", reason="unreachable")
        return codes._call(client, code)

    noun = delivery.Noun(VerificationCode, fails_twice, codes._sent, codes._announce, urgent=True)
    row = VerificationCode.insert_claimed(
        database_time(), mobile=MOBILE, mobile_hash=mobile_hash(MOBILE), purpose="login", template_id=1
    )
    delivery.send_now(row, noun)
    assert row.status == "sent" and len(set(tried)) == 3 and len(jsms_sandbox.outbox) == 1


def test_a_queued_code_waits_where_nothing_left(jsms_sandbox):
    code = queue_code(MOBILE, purpose="login")
    with jsms_sandbox.settings(APPS={"default": {"SANDBOX": "http://127.0.0.1:9"}}):
        run_pending()
    code.refresh_from_db()
    assert (code.status, code.reason) == ("pending", "unreachable") and code.not_before > now()
    jsms_sandbox.clock.advance(5)
    run_pending()
    assert len(jsms_sandbox.outbox) == 1


def test_a_queued_code_that_is_refused_fails(jsms_sandbox):
    code = queue_code(MOBILE, purpose="login")
    jsms_sandbox.fault("status", status=403, code=50009)
    run_pending()
    code.refresh_from_db()
    assert (code.status, code.reason, code.error_code) == ("failed", "too_frequent", 50009)


def test_an_outcome_that_cannot_be_recorded_is_logged_without_the_number(jsms_sandbox, monkeypatch, caplog):
    def gone(*args, **kwargs):
        raise DatabaseError("server closed the connection")

    monkeypatch.setattr(VerificationCode, "mark_sent", gone)
    with caplog.at_level(logging.ERROR, logger="django_jsms"), pytest.raises(DatabaseError):
        send_code(MOBILE, purpose="login")
    row = VerificationCode.objects.get()
    assert row.status == "sending" and str(row.attempt) in caplog.text
    assert jsms_sandbox.outbox[0].msg_id in caplog.text and MOBILE not in caplog.text
    jsms_sandbox.clock.advance(61)
    reap()
    row.refresh_from_db()
    assert row.status == "unknown"


def test_a_row_that_cannot_be_tried_keeps_no_other_waiting(jsms_sandbox, caplog):
    VerificationCode.insert_waiting(app="gone", mobile=MOBILE, purpose="login", template_id=1)
    queue_code("13900139000", purpose="login")
    assert run_pending() == 1
    assert len(jsms_sandbox.outbox) == 1 and "next sweep" in caplog.text
    assert VerificationCode.objects.filter(app="gone", status="pending").exists()
