"""Codes over REST: asked for, sent again, checked; the same answer for every number, one shape for every error."""

import pytest
from django.test import Client, override_settings

from django_jsms.models import IdempotencyKey, VerificationCode
from django_jsms.models.base import now
from django_jsms.services import redeem_proof
from django_jsms.services.purge import KEYS_KEPT, purge_keys
from tests.conftest import MOBILE

from .conftest import Api

LOGIN = {"mobile": MOBILE, "purpose": "login"}
SHAPE = {"code", "message", "field", "retry_after"}


def problem(response, status):
    body = response.json()
    assert response.status_code == status and set(body) == SHAPE, (response.status_code, body)
    return body["code"], body["field"]


def calls(sandbox):
    return [entry.path for entry in sandbox.ledger]


@pytest.mark.core
def test_a_code_is_asked_for_checked_and_proves_the_number(jsms_sandbox, api):
    asked = api.post("codes/", LOGIN)
    body = asked.json()
    assert asked.status_code == 202 and asked.headers["Cache-Control"] == "no-store"
    assert {name: body[name] for name in ("mobile", "purpose", "channel", "resend_after")} == {
        "mobile": "138****8000", "purpose": "login", "channel": "text", "resend_after": 60,
    }  # fmt: skip
    assert 298 <= body["expires_in"] <= 300 and MOBILE not in asked.content.decode()
    checked = api.post("codes/check/", {"token": body["token"], "purpose": "login", "code": jsms_sandbox.last_code()})
    assert checked.status_code == 200 and set(checked.json()) == {"proof", "purpose", "expires_in"}
    assert redeem_proof(checked.json()["proof"], purpose="login") == MOBILE
    assert VerificationCode.objects.get().ip == "8.8.8.8"


def test_voice_is_a_second_try(jsms_sandbox, api):
    token = api.post("codes/", LOGIN).json()["token"]
    again = api.post("codes/resend/", {"token": token, "channel": "voice"})
    assert problem(again, 429) == ("limited", None) and again.headers["Retry-After"] == "60"
    assert again.json()["retry_after"] == 60
    jsms_sandbox.clock.advance(60)
    again = api.post("codes/resend/", {"token": token, "channel": "voice"})
    assert again.status_code == 202 and again.json()["channel"] == "voice" and again.json()["token"] != token
    assert calls(jsms_sandbox) == ["/v1/codes", "/v1/voice_codes"]
    assert [row.status for row in VerificationCode.objects.order_by("pk")] == ["superseded", "sent"]


@pytest.mark.parametrize("token", ["unknown", "../messages/batch?", "%2e%2e", "x" * 64])
def test_a_token_that_is_unknown_sends_nothing(jsms_sandbox, api, token):
    assert problem(api.post("codes/resend/", {"token": token}), 410) == ("invalid_or_expired", "token")
    closed = api.post("codes/check/", {"token": token, "purpose": "login", "code": "123456"})
    assert problem(closed, 410) == ("invalid_or_expired", "token") and calls(jsms_sandbox) == []


def test_a_token_grows_old(jsms_sandbox, api):
    token = api.post("codes/", LOGIN).json()["token"]
    jsms_sandbox.clock.advance(1801)
    assert problem(api.post("codes/resend/", {"token": token}), 410) == ("invalid_or_expired", "token")


def test_whatever_is_closed_has_one_answer(jsms_sandbox, api):
    def answer(token, code="000000", purpose="login"):
        response = api.post("codes/check/", {"token": token, "purpose": purpose, "code": code})
        return response.status_code, response.content

    spent = api.post("codes/", LOGIN).json()["token"]
    right = jsms_sandbox.last_code()
    assert answer(spent, right)[0] == 200
    other = api.post("codes/", {**LOGIN, "mobile": "13900139000"}).json()["token"]
    found = {answer(spent, right), answer("unknown"), answer(other, purpose="reset")}
    for _ in range(5):
        assert answer(other)[0] == 400
    found.add(answer(other))
    jsms_sandbox.clock.advance(61)
    late = api.post("codes/", LOGIN).json()["token"]
    jsms_sandbox.clock.advance(301)
    found.add(answer(late))
    assert len(found) == 1 and found.pop()[0] == 410


def test_a_wrong_code_says_so(jsms_sandbox, api):
    token = api.post("codes/", LOGIN).json()["token"]
    for _ in range(4):
        response = api.post("codes/check/", {"token": token, "purpose": "login", "code": "000000"})
        assert problem(response, 400) == ("wrong_code", "code")
    response = api.post("codes/check/", {"token": token, "purpose": "login", "code": "000000"})
    assert problem(response, 400) == ("wrong_code", "code") and "new one" in response.json()["message"]


@pytest.mark.core
@pytest.mark.parametrize("refusal", [None, 50024, 50006])
def test_what_its_owner_has_jsms_refuse_looks_like_a_code_that_was_sent(jsms_sandbox, api, refusal):
    """One list of answers for all three: asked for, checked six times, sent again, and the first token after it."""
    if refusal:
        jsms_sandbox.fault("status", code=refusal, route="/v1/codes", times=3)
    first = api.post("codes/", LOGIN)
    told = first.json()
    token = told.pop("token")
    assert first.status_code == 202 and len(token) == 32
    assert told == {
        "mobile": "138****8000", "purpose": "login", "channel": "text", "expires_in": 300, "resend_after": 60
    }  # fmt: skip
    check = {"token": token, "purpose": "login", "code": "000000"}
    checks = [api.post("codes/check/", check) for _ in range(6)]
    assert [problem(each, each.status_code)[0] for each in checks] == ["wrong_code"] * 5 + ["invalid_or_expired"]
    assert "new one" in checks[4].json()["message"] and "new one" not in checks[3].json()["message"]
    jsms_sandbox.clock.advance(61)
    second = api.post("codes/resend/", {"token": check["token"]})
    check = {**check, "token": second.json()["token"]}
    assert second.status_code == 202 and problem(api.post("codes/check/", check), 400)[0] == "wrong_code"
    jsms_sandbox.clock.advance(61)
    api.post("codes/resend/", {"token": check["token"]})
    assert problem(api.post("codes/check/", check), 410)[0] == "invalid_or_expired"
    assert VerificationCode.objects.filter(status="failed").count() == (3 if refusal else 0)


@pytest.mark.parametrize(("refusal", "status", "word"), [(50014, 502, None), (50009, 429, None), (50013, 502, None)])
def test_what_jsms_refuses_is_said_in_our_shape(jsms_sandbox, api, refusal, status, word):
    jsms_sandbox.fault("status", code=refusal, route="/v1/codes")
    problem(api.post("codes/", LOGIN), status)
    if refusal == 50014:
        assert problem(api.post("codes/", {**LOGIN, "mobile": "13900139000"}), 503) == ("paused", None)


def test_an_unknown_outcome_and_an_unreachable_jsms(jsms_sandbox, api):
    jsms_sandbox.fault("close", when="after", route="/v1/codes")
    assert problem(api.post("codes/", LOGIN), 503) == ("maybe_sent", None)
    with jsms_sandbox.settings(APPS={"default": {"SANDBOX": "http://127.0.0.1:9"}}):
        assert problem(api.post("codes/", {**LOGIN, "mobile": "13900139000"}), 503) == ("unreachable", None)
    assert len(jsms_sandbox.outbox) == 1


def refuses(answer, ip, mobile, purpose):
    return False


def test_a_captcha_is_asked_for(jsms_sandbox, api):
    with jsms_sandbox.settings(CAPTCHA=f"{__name__}.refuses"):
        assert problem(api.post("codes/", {**LOGIN, "captcha": "x"}), 403) == ("captcha_required", None)
    assert calls(jsms_sandbox) == []


def test_checks_are_throttled(jsms_sandbox, api):
    with jsms_sandbox.settings(LIMITS={"check_ip": ["1/1h"]}):
        for status in (410, 429):
            response = api.post("codes/check/", {"token": "x", "purpose": "login", "code": "123456"})
            assert response.status_code == status
    assert problem(response, 429) == ("throttled", None) and response.headers["Retry-After"]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_errors_speak_the_readers_language(jsms_sandbox, api, language):
    response = api.post("codes/", {"mobile": "1", "purpose": "login"}, Accept_Language=language)
    assert problem(response, 400) == ("invalid_mobile", "mobile")
    assert response.json()["message"].isascii() == (language == "en")


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "options"])
@pytest.mark.parametrize("path", ["codes/", "codes/resend/", "codes/check/"])
def test_only_post(jsms_sandbox, api, method, path):
    assert problem(getattr(api.client, method)(f"/api/{path}"), 405) == ("method_not_allowed", None)


@override_settings(
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.TokenAuthentication"],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"],
        "EXCEPTION_HANDLER": "rest_framework.views.exception_handler",
    }
)
def test_an_expired_token_of_the_project_keeps_nobody_out(jsms_sandbox, api):
    assert api.post("codes/", LOGIN, Authorization="Token expired").status_code == 202


# -- Idempotency-Key -----------------------------------------------------------------------------------------


def test_the_same_key_has_the_same_answer_and_one_sms(jsms_sandbox, api):
    first = api.post("codes/", LOGIN, Idempotency_Key="k1")
    again = api.post("codes/", LOGIN, Idempotency_Key="k1")
    assert (first.status_code, first.json()) == (again.status_code, again.json()) == (202, first.json())
    assert len(jsms_sandbox.outbox) == VerificationCode.objects.count() == 1
    other = api.post("codes/", {**LOGIN, "purpose": "reset"}, Idempotency_Key="k1")
    assert problem(other, 422) == ("idempotency_conflict", "idempotency_key")
    stranger = api.client.post(
        "/api/codes/", LOGIN, "application/json", headers={"Idempotency-Key": "k1"}, REMOTE_ADDR="8.8.4.4"
    )
    assert problem(stranger, 429)[0] == "limited"


def test_a_key_of_callers_without_an_address_is_for_one_body_only(jsms_sandbox, db):
    """Behind a proxy that the settings do not know of, all of them come from one private address."""
    one, other = (Api(Client(REMOTE_ADDR="10.0.0.1")) for _ in range(2))
    theirs = {**LOGIN, "mobile": "13900139000"}
    first = one.post("codes/", LOGIN, Idempotency_Key="1")
    IdempotencyKey.objects.update(answer="")  # as if it were under way
    second = other.post("codes/", theirs, Idempotency_Key="1")
    assert (first.status_code, second.status_code) == (202, 202)
    assert second.json()["mobile"] == "139****9000" and second.json()["token"] != first.json()["token"]
    assert problem(one.post("codes/", LOGIN, Idempotency_Key="1"), 409)[0] == "idempotency_in_flight"
    assert other.post("codes/", theirs, Idempotency_Key="1").json() == second.json()
    assert len(jsms_sandbox.outbox) == 2


@pytest.mark.parametrize("key", ["", "x" * 256, "schlüssel", "a b", "a\tb"])
def test_a_key_that_is_none(jsms_sandbox, api, key):
    assert problem(api.post("codes/", LOGIN, Idempotency_Key=key), 400) == (
        "invalid_idempotency_key",
        "idempotency_key",
    )
    assert calls(jsms_sandbox) == []


def test_what_surely_did_nothing_frees_the_key(jsms_sandbox, api):
    with jsms_sandbox.settings(APPS={"default": {"SANDBOX": "http://127.0.0.1:9"}}):
        assert api.post("codes/", LOGIN, Idempotency_Key="k1").status_code == 503
    api.post("codes/", {**LOGIN, "mobile": "1"}, Idempotency_Key="k2")
    assert not IdempotencyKey.objects.exists()


def test_what_may_have_sent_keeps_it(jsms_sandbox, api):
    jsms_sandbox.fault("close", when="after", route="/v1/codes")
    for _ in range(2):
        assert problem(api.post("codes/", LOGIN, Idempotency_Key="k1"), 503) == ("maybe_sent", None)
    assert len(jsms_sandbox.outbox) == 1


def test_a_request_under_way_is_said_and_a_key_forgotten_in_time(jsms_sandbox, api):
    api.post("codes/", LOGIN, Idempotency_Key="k1")
    IdempotencyKey.objects.update(answer="")
    assert problem(api.post("codes/", LOGIN, Idempotency_Key="k1"), 409) == (
        "idempotency_in_flight",
        "idempotency_key",
    )
    assert purge_keys() == 0
    IdempotencyKey.objects.update(created_at=now() - KEYS_KEPT)
    assert purge_keys() == 1


@pytest.mark.databases
@pytest.mark.django_db(transaction=True)
def test_fifty_requests_with_one_key_are_one_sms(jsms_sandbox, api, race):
    with jsms_sandbox.settings(LIMITS={"mobile": []}):
        outcomes = race(50, lambda: api.post("codes/", LOGIN, Idempotency_Key="k1").status_code)
    assert set(outcomes) <= {202, 409} and 202 in outcomes, outcomes
    assert len(jsms_sandbox.outbox) == VerificationCode.objects.count() == 1
