"""What a check counts, and against whom: a stranger who guesses must not lock a number out."""

import pytest

from django_jsms.exceptions import JSMSError, Refused
from django_jsms.models import Counter, VerificationCode
from django_jsms.models.base import mobile_hash
from django_jsms.services import queue_code, send_code, verify_code
from tests.conftest import MOBILE

pytestmark = pytest.mark.django_db
PUBLIC = "8.8.8.8"
#: The limits of production that stand before a check.
REAL = {"mobile": [], "check": ["30/24h"], "check_ip": ["60/1h"]}
NUMBER, ADDRESS = f"check:{mobile_hash(MOBILE)}", f"check_ip:{PUBLIC}/32"


def uses(key):
    counter = Counter.objects.filter(key=key).first()
    return len(counter.times()) if counter else 0


def asked(sandbox):
    return sum(entry.path.endswith("/valid") for entry in sandbox.ledger)


def guess(code="000000", **found_by):
    return verify_code(code, purpose="login", ip=PUBLIC, **found_by)


# -- against whom it is counted ---------------------------------------------------------------------------


@pytest.mark.core
def test_thirty_checks_of_one_token_lock_nobody_out(jsms_sandbox):
    with jsms_sandbox.settings(LIMITS=REAL):
        code = send_code(MOBILE, purpose="login")
        for _ in range(30):
            verify_code("000000", token=code.token, purpose="login")
        assert asked(jsms_sandbox) == uses(NUMBER) == 5
        send_code(MOBILE, purpose="login")
        assert verify_code(jsms_sandbox.last_code(), mobile=MOBILE, purpose="login")


def queued(sandbox):
    return queue_code(MOBILE, purpose="login")


def used(sandbox):
    code = send_code(MOBILE, purpose="login")
    VerificationCode.objects.update(status="verified")
    return code


def superseded(sandbox):
    code = send_code(MOBILE, purpose="login")
    send_code(MOBILE, purpose="login")
    return code


def expired(sandbox):
    code = send_code(MOBILE, purpose="login")
    sandbox.clock.advance(301)
    return code


def spent(sandbox):
    code = send_code(MOBILE, purpose="login")
    VerificationCode.objects.update(checks=5)
    return code


def unknown(sandbox):
    sandbox.fault("close", when="after")
    with pytest.raises(JSMSError):
        send_code(MOBILE, purpose="login")
    return VerificationCode.objects.get()


@pytest.mark.parametrize(
    ("closed", "reason"),
    [
        (queued, "not_sent"),
        (unknown, "not_sent"),
        (used, "used"),
        (superseded, "expired"),
        (expired, "expired"),
        (spent, "locked"),
    ],
)
def test_what_jsms_is_not_asked_about_counts_against_the_address_only(jsms_sandbox, count_statements, closed, reason):
    with jsms_sandbox.settings(LIMITS=REAL):
        code = closed(jsms_sandbox)
        with count_statements() as statements:
            result = guess(token=code.token)
        assert (result.reason, result.attempts_left) == (reason, None) and len(statements) <= 4, statements
        assert guess(mobile="13900139000").reason == guess(token="unknown").reason == "not_found"
    assert (asked(jsms_sandbox), uses(NUMBER), uses(ADDRESS)) == (0, 0, 3)
    assert not Counter.objects.filter(key=f"check:{mobile_hash('13900139000')}").exists()


def test_a_number_at_its_limit_costs_the_code_no_attempt(jsms_sandbox):
    with jsms_sandbox.settings(LIMITS={**REAL, "check": ["1/24h"]}):
        code = send_code(MOBILE, purpose="login")
        assert [guess(token=code.token).reason for _ in range(3)] == ["wrong", "throttled", "throttled"]
    code.refresh_from_db()
    assert (code.checks, asked(jsms_sandbox), uses(NUMBER)) == (1, 1, 1)


def test_a_check_that_never_left_is_uncounted_everywhere(jsms_sandbox):
    with jsms_sandbox.settings(LIMITS=REAL):
        code = send_code(MOBILE, purpose="login")
        with jsms_sandbox.settings(APPS={"default": {"SANDBOX": "http://127.0.0.1:9"}}):
            assert guess(token=code.token).reason == "unavailable"
    code.refresh_from_db()
    assert (code.checks, uses(NUMBER), uses(ADDRESS)) == (0, 0, 0)


# -- a code that its owner has JSMS refuse -------------------------------------------------------------------


@pytest.fixture(params=[None, 50024, 50006])
def code(request, jsms_sandbox):
    """A code that was sent, and two that JSMS refused because of the number: a stranger must see no difference."""
    if request.param is None:
        return send_code(MOBILE, purpose="login")
    jsms_sandbox.fault("status", code=request.param, route="/v1/codes")
    with pytest.raises(Refused) as caught:
        send_code(MOBILE, purpose="login")
    return caught.value.row


@pytest.mark.core
def test_jsms_is_asked_about_what_it_refused_too(jsms_sandbox, code):
    with jsms_sandbox.settings(LIMITS=REAL):
        answers = [guess(token=code.token) for _ in range(6)]
    assert [answer.reason in ("wrong", "not_sent") for answer in answers] == [True] * 5 + [False]
    assert [answer.attempts_left for answer in answers] == [4, 3, 2, 1, 0, None]
    assert (asked(jsms_sandbox), uses(NUMBER), uses(ADDRESS)) == (5, 5, 6)


@pytest.mark.parametrize("fault", [{"fault": "status", "status": 500}, {"fault": "close", "when": "after"}])
def test_what_jsms_refused_fails_when_jsms_fails(jsms_sandbox, code, fault):
    jsms_sandbox.fault(**fault)
    assert guess(token=code.token).reason == "unavailable"
    with jsms_sandbox.settings(APPS={"default": {"SANDBOX": "http://127.0.0.1:9"}}):
        assert guess(token=code.token).reason == "unavailable"
    code.refresh_from_db()
    assert code.checks == 1


@pytest.mark.parametrize("code", [50024], indirect=True)
def test_no_answer_of_jsms_makes_a_refused_code_right(jsms_sandbox, code):
    jsms_sandbox.fault("status", status=200, body='{"is_valid": true}', route="/v1/codes/<msg_id>/valid")
    assert guess(token=code.token).reason == "not_sent"
    code.refresh_from_db()
    assert (code.status, code.checks) == ("failed", 1)


# -- races ------------------------------------------------------------------------------------------------


@pytest.mark.databases
@pytest.mark.django_db(transaction=True)
def test_fifty_checks_of_one_code_count_five_against_its_number(jsms_sandbox, race):
    with jsms_sandbox.settings(LIMITS=REAL):
        code = send_code(MOBILE, purpose="login")
        reasons = race(50, lambda: guess(token=code.token).reason)
    assert set(reasons) <= {"wrong", "locked", "throttled"}, reasons
    assert reasons.count("wrong") == asked(jsms_sandbox) == uses(NUMBER) <= 5
    assert uses(ADDRESS) == 50 - reasons.count("throttled")


@pytest.mark.databases
@pytest.mark.django_db(transaction=True)
def test_a_numbers_limit_is_exact_across_its_codes(jsms_sandbox, race):
    with jsms_sandbox.settings(LIMITS={**REAL, "check": ["7/24h"]}):
        tokens = [send_code(MOBILE, purpose=purpose).token for purpose in ("login", "pay", "reset")]
        waiting = [(purpose, token) for purpose, token in zip(("login", "pay", "reset"), tokens, strict=True)] * 8

        def check():
            purpose, token = waiting.pop()
            return verify_code("000000", token=token, purpose=purpose).reason

        reasons = race(24, check)
    checks = VerificationCode.objects.values_list("checks", flat=True)
    assert set(reasons) <= {"wrong", "locked", "throttled"}, reasons
    assert reasons.count("wrong") == asked(jsms_sandbox) == uses(NUMBER) == sum(checks) <= 7
