"""Pauses: what starts one, what it stops, what ends it."""

import pytest

from django_jsms import conf
from django_jsms.exceptions import AppPaused, NotSent, Refused
from django_jsms.models import Pause, VerificationCode
from django_jsms.services import accounts, queue_code, resume_app, run_pending, send_code
from tests.conftest import MOBILE

pytestmark = pytest.mark.django_db
OTHER, THIRD = "13900139000", "13700137000"


def refuse(sandbox, code, status=403, **more):
    sandbox.fault("status", status=status, code=code, route="/v1/codes", **more)


@pytest.mark.parametrize(("code", "status"), [(50002, 401), (50014, 403), (50035, 403), (50036, 403), (50008, 403)])
def test_an_account_level_refusal_pauses_the_app(jsms_sandbox, heard, code, status):
    refuse(jsms_sandbox, code, status)
    with pytest.raises(Refused):
        send_code(MOBILE, purpose="login")
    calls = len(jsms_sandbox.ledger)
    with pytest.raises(AppPaused) as caught:
        send_code(OTHER, purpose="login")
    assert caught.value.code == code and len(jsms_sandbox.ledger) == calls
    assert VerificationCode.objects.count() == 1 and heard.count(("app_paused", None)) == 1


def test_queued_rows_wait_out_a_pause(jsms_sandbox):
    refuse(jsms_sandbox, 50036)
    with pytest.raises(Refused):
        send_code(MOBILE, purpose="login")
    code = queue_code(OTHER, purpose="login")
    run_pending()
    code.refresh_from_db()
    assert code.status == "pending"
    assert resume_app()
    run_pending()
    code.refresh_from_db()
    assert code.status == "sent"


def test_a_queued_row_that_causes_the_pause_loses_nothing(jsms_sandbox):
    code = queue_code(MOBILE, purpose="login")
    refuse(jsms_sandbox, 50014)
    run_pending()
    code.refresh_from_db()
    assert (code.status, code.error_code, Pause.objects.get().code) == ("pending", 50014, 50014)


@pytest.mark.parametrize("code", [50002, 50035, 50014])
def test_a_balance_query_ends_what_it_can_after_a_minute(jsms_sandbox, heard, code):
    refuse(jsms_sandbox, code)
    with pytest.raises(Refused):
        send_code(MOBILE, purpose="login")
    jsms_sandbox.clock.advance(61)
    assert send_code(OTHER, purpose="login").status == "sent"
    assert not Pause.objects.exists() and ("app_resumed", None) in heard


def spend(sandbox, **pools):
    sandbox._server.balance(of="app", balance=None, voice=None, industry=None, market=None)
    sandbox._server.balance(of="account", **pools)


@pytest.mark.parametrize(("left", "over"), [(0, False), (5, True)])
def test_an_app_without_an_allotment_waits_for_its_account(jsms_sandbox, left, over):
    refuse(jsms_sandbox, 50014)
    with pytest.raises(Refused):
        send_code(MOBILE, purpose="login")
    spend(jsms_sandbox, balance=0, industry=left)
    jsms_sandbox.clock.advance(61)
    if over:
        assert send_code(OTHER, purpose="login").status == "sent"
    else:
        with pytest.raises(AppPaused):
            send_code(OTHER, purpose="login")


def test_a_black_listed_app_stays_paused_until_a_person_ends_it(jsms_sandbox):
    refuse(jsms_sandbox, 50036)
    with pytest.raises(Refused):
        send_code(MOBILE, purpose="login")
    jsms_sandbox.clock.advance(3600)
    with pytest.raises(AppPaused):
        send_code(OTHER, purpose="login")
    assert resume_app() and not resume_app()
    assert send_code(OTHER, purpose="login").status == "sent"


def test_bad_keys_pause_only_the_processes_that_have_them(jsms_sandbox):
    wrong = {"default": {"SANDBOX": jsms_sandbox.url, "APP_KEY": "old", "MASTER_SECRET": "old"}}
    with jsms_sandbox.settings(APPS=wrong):
        with pytest.raises(Refused):
            send_code(MOBILE, purpose="login")
        with pytest.raises(AppPaused):
            send_code(OTHER, purpose="login")
    assert send_code(THIRD, purpose="login").status == "sent"


def test_a_templates_trouble_stops_that_template_only(jsms_sandbox):
    with pytest.raises(Refused):
        send_code(MOBILE, purpose="login", template=999)
    with pytest.raises(AppPaused):
        send_code(OTHER, purpose="login", template=999)
    assert send_code(OTHER, purpose="login").status == "sent"
    jsms_sandbox.clock.advance(601)
    with pytest.raises(Refused) as caught:
        send_code(THIRD, purpose="login", template=999)
    assert not isinstance(caught.value, AppPaused)


def test_an_unreachable_jsms_opens_a_breaker_that_doubles(jsms_sandbox):
    with jsms_sandbox.settings(APPS={"default": {"SANDBOX": "http://127.0.0.1:9"}}):
        with pytest.raises(NotSent):
            send_code(MOBILE, purpose="login")
        first = Pause.objects.get()
        with pytest.raises(AppPaused) as caught:
            send_code(OTHER, purpose="login")
        assert caught.value.retry_after == 1
        jsms_sandbox.clock.advance(2)
        with pytest.raises(NotSent):
            send_code(OTHER, purpose="login")
        second = Pause.objects.get()
    assert second.until - second.since == 2 * (first.until - first.since)
    jsms_sandbox.clock.advance(3)
    assert send_code(THIRD, purpose="login").status == "sent"


def test_calls_that_fail_together_pause_once(jsms_sandbox):
    config, error = conf.app(), NotSent("no route", reason="unreachable")
    first = accounts.pause_for(error, config)
    assert [accounts.pause_for(error, config).until for _ in range(5)] == [first.until] * 5


def test_a_moments_trouble_does_not_shorten_a_pause_that_a_person_must_end(jsms_sandbox):
    refuse(jsms_sandbox, 50036)
    with pytest.raises(Refused):
        send_code(MOBILE, purpose="login")
    accounts.pause_for(NotSent("no route", reason="unreachable"), conf.app())
    assert (Pause.objects.get().code, Pause.objects.get().until) == (50036, None)


def test_retry_after_is_honoured(jsms_sandbox):
    jsms_sandbox.fault("status", status=429, headers={"Retry-After": "30"})
    with pytest.raises(Refused) as caught:
        send_code(MOBILE, purpose="login")
    assert (caught.value.reason, caught.value.retry_after) == ("throttled", 30)
    with pytest.raises(AppPaused) as caught:
        send_code(OTHER, purpose="login")
    assert 28 <= caught.value.retry_after <= 30
