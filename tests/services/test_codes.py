"""send_code, verify_code, queue_code, redeem_proof: through the public functions and the sandbox."""

from collections import Counter

import pytest
from django.db import transaction

from django_jsms.exceptions import (
    AppPaused,
    CaptchaRequired,
    InTransaction,
    InvalidInput,
    InvalidProof,
    LimitExceeded,
    MaybeSent,
    NotSent,
    Refused,
)
from django_jsms.models import Template, VerificationCode
from django_jsms.services import (
    queue_code,
    redeem_proof,
    resend_code,
    resume_app,
    send_code,
    send_voice_code,
    verify_code,
)
from tests.conftest import MOBILE

pytestmark = pytest.mark.django_db
OTHER = "13900139000"


def wrong(code: str) -> str:
    """A code of the same length that is not this one."""
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}d}"


@pytest.mark.core
def test_a_code_reaches_a_phone_and_proves_a_login(jsms_sandbox, heard):
    code = send_code("+86 138-0013-8000", purpose="login", ip="8.8.8.8")
    assert (code.status, code.mobile, code.ip) == ("sent", MOBILE, "8.8.8.8")
    assert jsms_sandbox.outbox[-1].msg_id == code.msg_id
    result = verify_code(jsms_sandbox.last_code(MOBILE), token=code.token, purpose="login")
    assert result and (result.reason, result.mobile) == ("ok", MOBILE)
    assert redeem_proof(result.proof, purpose="login") == MOBILE
    assert heard == [("code_sent", "sent"), ("code_verified", "verified")]


def test_the_row_holds_everything_but_the_code(jsms_sandbox):
    code = send_code(MOBILE, purpose="login")
    digits = jsms_sandbox.last_code()
    stored = VerificationCode.objects.values().get(pk=code.pk)
    assert digits not in repr({name: value for name, value in stored.items() if name != "msg_id"})
    assert digits not in repr(code) + str(code) and MOBILE not in repr(code) + str(code)


def test_what_is_returned_is_what_is_committed(jsms_sandbox):
    code = send_code(MOBILE, purpose="login")
    for name, value in VerificationCode.objects.values().get(pk=code.pk).items():
        assert getattr(code, name) == value, name


def test_a_queued_code_that_failed_is_not_sent_however_late_it_is_checked(jsms_sandbox):
    jsms_sandbox.fault("status", code=50042, route="/v1/codes")
    code = queue_code(MOBILE, purpose="login")
    jsms_sandbox.run_pending()
    said = [verify_code("123456", token=code.token, purpose="login").reason for _ in range(6)]
    jsms_sandbox.clock.advance(61)
    assert {*said, verify_code("123456", token=code.token, purpose="login").reason} == {"not_sent"}


@pytest.mark.core
def test_a_code_lives_as_long_as_its_template_says(jsms_sandbox):
    about = {"remote_id": 1, "type": 1, "status": "approved", "text": "{{code}}"}
    Template.objects.create(app="other", ttl=60, **about)
    usual = send_code("13800138001", purpose="login")  # of another app's template nothing is known here
    Template.objects.create(ttl=120, **about)
    at_once, queued = send_code(MOBILE, purpose="login"), queue_code(OTHER, purpose="login")
    jsms_sandbox.run_pending()
    queued.refresh_from_db()
    codes = (usual, at_once, queued)
    assert [(code.expires_at - code.sent_at).total_seconds() for code in codes] == [300, 120, 120]
    jsms_sandbox.clock.advance(121)
    checked = [verify_code("1234", token=code.token, purpose="login").reason for code in codes]
    assert checked == ["wrong", "expired", "expired"]
    call = send_voice_code("13800138002", purpose="login")  # a call has no template
    assert (call.expires_at - call.sent_at).total_seconds() == 300


def test_a_resend_uses_the_template_of_the_code_before(jsms_sandbox):
    jsms_sandbox.template(9, "{{code}}", type="code")
    first = send_code(MOBILE, purpose="login", template=9)
    jsms_sandbox.clock.advance(61)
    again = resend_code(first.token)
    jsms_sandbox.clock.advance(61)
    call = resend_code(again.token, voice=True)
    jsms_sandbox.clock.advance(61)
    assert [again.template_id, call.template_id, resend_code(call.token).template_id] == [9, None, 1]


def test_voice_reads_a_code_aloud(jsms_sandbox):
    code = send_voice_code(MOBILE, purpose="login")
    assert (code.channel, code.template_id, jsms_sandbox.outbox[-1].kind) == ("voice", None, "voice")
    assert verify_code(jsms_sandbox.last_code(), mobile=MOBILE, purpose="login")


# -- statements: design section 8 -------------------------------------------------------------------------


def test_a_code_with_its_cool_down_is_five_statements(jsms_sandbox, django_assert_num_queries, count_statements):
    send_code(MOBILE, purpose="login")
    jsms_sandbox.clock.advance(61)
    with count_statements() as statements:
        send_code(MOBILE, purpose="login")
    assert len(statements) == 5, statements


def test_a_check_is_three_statements(jsms_sandbox, count_statements):
    send_code(MOBILE, purpose="login")
    digits = jsms_sandbox.last_code()
    with count_statements() as statements:
        assert verify_code(digits, mobile=MOBILE, purpose="login")
    assert len(statements) == 3, statements


# -- bad input --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"mobile": "1380013800"}, "mobile", "invalid_mobile"),
        ({"mobile": 13800138000}, "mobile", "invalid_mobile"),
        ({"purpose": ""}, "purpose", "invalid_purpose"),
        ({"purpose": "x" * 33}, "purpose", "invalid_purpose"),
        ({"purpose": "login\n"}, "purpose", "invalid_purpose"),
        ({"purpose": None}, "purpose", "invalid_purpose"),
        ({"template": "unknown"}, "template", "invalid_template"),
        ({"template": 0}, "template", "invalid_template"),
        ({"template": -1}, "template", "invalid_template"),
        ({"template": True}, "template", "invalid_template"),
        ({"template": 1.5}, "template", "invalid_template"),
        ({"template": 2**31}, "template", "invalid_template"),
        ({"ip": "not an address"}, "ip", "invalid_ip"),
    ],
)
def test_bad_input_names_its_field_and_writes_nothing(jsms_sandbox, changes, field, reason):
    arguments = {"mobile": MOBILE, "purpose": "login", **changes}
    with pytest.raises(InvalidInput) as caught:
        send_code(arguments.pop("mobile"), **arguments)
    assert (caught.value.field, caught.value.reason) == (field, reason)
    assert not VerificationCode.objects.exists() and not jsms_sandbox.outbox


def test_errors_speak_the_readers_language(jsms_sandbox, settings):
    from django.utils import translation

    with translation.override("zh-hans"), pytest.raises(InvalidInput) as caught:
        send_code(MOBILE, purpose="login", template="nope")
    assert "模板" in caught.value.message and "template" in str(caught.value)


NO_NAMES = ["", "登录", "x" * 33, "lo gin", "1login", "-", "login\n", None, 7]


@pytest.mark.parametrize(
    ("purposes", "purpose", "en", "zh"),
    [
        *(({}, each, "begins with a letter", "以英文字母开头") for each in NO_NAMES),
        *(({"login": {"template": 1}}, each, "begins with a letter", "以英文字母开头") for each in NO_NAMES),
        ({"login": {"template": 1}, "pay": {}}, "reset", "It has: login, pay.", "可用的有：login, pay。"),
    ],
)
def test_a_purpose_that_is_refused_says_by_which_rule(jsms_sandbox, purposes, purpose, en, zh):
    with jsms_sandbox.settings(PURPOSES=purposes), pytest.raises(InvalidInput) as caught:
        send_code(MOBILE, purpose=purpose)
    assert en in str(caught.value) and zh in caught.value.explain("zh")


def test_declared_purposes_are_the_only_ones(jsms_sandbox):
    with jsms_sandbox.settings(PURPOSES={"login": {"template": 1}}):
        with pytest.raises(InvalidInput):
            send_code(MOBILE, purpose="reset")
        assert send_code(MOBILE, purpose="login").template_id == 1


def test_a_template_goes_by_its_local_name(jsms_sandbox):
    names = {"welcome": {"id": 1, "type": "code", "text": "{{code}}"}}
    with jsms_sandbox.settings(TEMPLATES=names, PURPOSES={"login": {"template": "welcome"}}):
        assert send_code(MOBILE, purpose="login").template_id == 1


def always(answer, ip, mobile, purpose):
    return answer == "right"


def broken(answer, ip, mobile, purpose):
    raise RuntimeError("captcha service down")


def test_a_captcha_hook_decides_and_fails_closed(jsms_sandbox):
    with jsms_sandbox.settings(CAPTCHA="tests.services.test_codes.always"):
        with pytest.raises(CaptchaRequired):
            send_code(MOBILE, purpose="login")
        assert send_code(MOBILE, purpose="login", captcha="right").status == "sent"
    with jsms_sandbox.settings(CAPTCHA="tests.services.test_codes.broken"), pytest.raises(CaptchaRequired):
        send_code(OTHER, purpose="login", captcha="right")


# -- the cool-down ----------------------------------------------------------------------------------------


def test_one_code_a_minute(jsms_sandbox):
    send_code(MOBILE, purpose="login")
    with pytest.raises(LimitExceeded) as caught:
        send_code(MOBILE, purpose="reset")
    assert (caught.value.limit, caught.value.reason) == ("mobile 1/60s", "limited")
    assert 58 <= caught.value.retry_after <= 60
    assert len(jsms_sandbox.outbox) == VerificationCode.objects.count() == 1
    jsms_sandbox.clock.advance(61)
    assert send_code(MOBILE, purpose="reset").status == "sent"


def test_limits_of_the_project_hold_on_a_sandbox_too(jsms_sandbox):
    with jsms_sandbox.settings(LIMITS={"mobile": ["2/1h"]}):
        send_code(MOBILE, purpose="login")
        send_code(MOBILE, purpose="login")
        with pytest.raises(LimitExceeded) as caught:
            send_code(MOBILE, purpose="login")
    assert caught.value.limit == "mobile 2/1h" and 3500 < caught.value.retry_after <= 3600


# -- checking ---------------------------------------------------------------------------------------------


def test_wrong_codes_count_and_lock(jsms_sandbox):
    send_code(MOBILE, purpose="login")
    bad = wrong(jsms_sandbox.last_code())
    results = [verify_code(bad, mobile=MOBILE, purpose="login") for _ in range(6)]
    assert [r.reason for r in results] == ["wrong"] * 5 + ["locked"]
    assert [r.attempts_left for r in results[:5]] == [4, 3, 2, 1, 0]
    assert "request a new one" in results[4].message and "request" not in results[3].message
    assert VerificationCode.objects.get().status == "locked"
    assert not verify_code(jsms_sandbox.last_code(), mobile=MOBILE, purpose="login")


def test_a_code_works_once(jsms_sandbox):
    send_code(MOBILE, purpose="login")
    digits = jsms_sandbox.last_code()
    assert verify_code(digits, mobile=MOBILE, purpose="login")
    assert verify_code(digits, mobile=MOBILE, purpose="login").reason == "used"


def test_a_code_expires(jsms_sandbox):
    send_code(MOBILE, purpose="login")
    jsms_sandbox.clock.advance(301)
    assert verify_code(jsms_sandbox.last_code(), mobile=MOBILE, purpose="login").reason == "expired"


def test_a_newer_code_supersedes_the_older(jsms_sandbox):
    old = send_code(MOBILE, purpose="login")
    digits = jsms_sandbox.last_code()
    jsms_sandbox.clock.advance(61)
    send_code(MOBILE, purpose="login")
    assert verify_code(digits, token=old.token, purpose="login").reason == "expired"
    assert verify_code(jsms_sandbox.last_code(), mobile=MOBILE, purpose="login")


def test_a_code_for_another_purpose_is_left_alone(jsms_sandbox):
    send_code(MOBILE, purpose="login")
    first = jsms_sandbox.last_code()
    jsms_sandbox.clock.advance(61)
    send_code(MOBILE, purpose="pay")
    assert verify_code(first, mobile=MOBILE, purpose="login")


def test_a_failed_resend_leaves_the_first_code_good(jsms_sandbox):
    send_code(MOBILE, purpose="login")
    digits = jsms_sandbox.last_code()
    jsms_sandbox.clock.advance(61)
    jsms_sandbox.fault("status", status=500, code=50019)
    with pytest.raises(MaybeSent):
        send_code(MOBILE, purpose="login")
    assert verify_code(digits, mobile=MOBILE, purpose="login")


@pytest.mark.parametrize("who", [{"mobile": OTHER}, {"token": "x" * 32}, {"token": "../messages/batch?"}])
def test_nothing_to_check_is_not_found(jsms_sandbox, who):
    send_code(MOBILE, purpose="login")
    assert verify_code(jsms_sandbox.last_code(), purpose="login", **who).reason == "not_found"


def test_token_and_mobile_must_both_match_and_the_purpose_too(jsms_sandbox):
    code = send_code(MOBILE, purpose="login")
    digits = jsms_sandbox.last_code()
    assert verify_code(digits, token=code.token, mobile=OTHER, purpose="login").reason == "not_found"
    assert verify_code(digits, token=code.token, purpose="pay").reason == "not_found"
    assert verify_code(digits, token=code.token, mobile=MOBILE, purpose="login")


@pytest.mark.parametrize(
    "code",
    ["", "123", "123456789", "abcdef", 123456, None, b"123456"],
)
def test_a_malformed_code_is_not_counted(jsms_sandbox, code):
    send_code(MOBILE, purpose="login")
    with pytest.raises(InvalidInput) as caught:
        verify_code(code, mobile=MOBILE, purpose="login")
    assert (caught.value.field, caught.value.reason) == ("code", "invalid_code")
    assert VerificationCode.objects.get().checks == 0


def test_somebody_has_to_be_named(jsms_sandbox):
    with pytest.raises(InvalidInput):
        verify_code("123456", purpose="login")


@pytest.mark.parametrize(
    ("fault", "left"), [({"fault": "status", "status": 500}, 4), ({"fault": "close", "when": "after"}, 4)]
)
def test_jsms_out_of_reach_is_unavailable_and_stays_counted(jsms_sandbox, fault, left):
    send_code(MOBILE, purpose="login")
    jsms_sandbox.fault(**fault)
    result = verify_code(wrong(jsms_sandbox.last_code()), mobile=MOBILE, purpose="login")
    assert (result.reason, result.ok) == ("unavailable", False)
    assert VerificationCode.objects.get().attempts_left() == left


def test_a_check_that_never_left_is_given_back(jsms_sandbox):
    send_code(MOBILE, purpose="login")
    with jsms_sandbox.settings(APPS={"default": {"SANDBOX": "http://127.0.0.1:9"}}):
        assert verify_code("123456", mobile=MOBILE, purpose="login").reason == "unavailable"
    assert VerificationCode.objects.get().checks == 0


@pytest.mark.parametrize("answer", ['{"is_valid": "true"}', '{"is_valid": 1}', '{"is_valid": null}', "{}", "[]"])
def test_only_true_is_true(jsms_sandbox, answer):
    send_code(MOBILE, purpose="login")
    jsms_sandbox.fault("status", status=200, body=answer)
    assert verify_code(jsms_sandbox.last_code(), mobile=MOBILE, purpose="login").reason == "unavailable"


def test_a_lost_answer_to_a_right_check_is_not_a_success_later(jsms_sandbox):
    send_code(MOBILE, purpose="login")
    digits = jsms_sandbox.last_code()
    jsms_sandbox.fault("close", when="after")
    assert verify_code(digits, mobile=MOBILE, purpose="login").reason == "unavailable"
    assert verify_code(digits, mobile=MOBILE, purpose="login").reason == "used"


# -- the proof --------------------------------------------------------------------------------------------


@pytest.fixture
def proof(jsms_sandbox):
    send_code(MOBILE, purpose="login")
    return verify_code(jsms_sandbox.last_code(), mobile=MOBILE, purpose="login").proof


def test_a_proof_is_spent_once(proof):
    assert redeem_proof(proof, purpose="login") == MOBILE
    with pytest.raises(InvalidProof):
        redeem_proof(proof, purpose="login")


def test_a_rollback_gives_the_proof_back(proof):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        redeem_proof(proof, purpose="login")
        raise ZeroDivisionError
    assert redeem_proof(proof, purpose="login") == MOBILE


def test_a_proof_lives_five_minutes(proof, jsms_sandbox):
    jsms_sandbox.clock.advance(301)
    with pytest.raises(InvalidProof):
        redeem_proof(proof, purpose="login")


@pytest.mark.parametrize("change", [lambda p: p + "x", lambda p: p[1:], lambda p: "", lambda p: None])
def test_a_forged_proof_proves_nothing(proof, change):
    with pytest.raises(InvalidProof):
        redeem_proof(change(proof), purpose="login")


def test_a_proof_serves_its_purpose_only(proof):
    with pytest.raises(InvalidProof):
        redeem_proof(proof, purpose="pay")


# -- the queue --------------------------------------------------------------------------------------------


@pytest.mark.core
def test_a_queued_code_is_sent_by_a_worker(jsms_sandbox, heard):
    with transaction.atomic():
        code = queue_code(MOBILE, purpose="login")
    assert code.status == "pending" and not jsms_sandbox.outbox
    assert verify_code("123456", token=code.token, purpose="login").reason == "not_sent"
    assert jsms_sandbox.run_pending() == 1
    assert verify_code(jsms_sandbox.last_code(), token=code.token, purpose="login")
    assert jsms_sandbox.run_pending() == 0
    assert heard == [("code_sent", "sent"), ("code_verified", "verified")]


def test_a_rollback_leaves_nothing_of_a_queued_code(jsms_sandbox):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        queue_code(MOBILE, purpose="login")
        raise ZeroDivisionError
    assert not VerificationCode.objects.exists()
    assert queue_code(MOBILE, purpose="login").pk


def test_a_queued_code_that_came_too_late_is_not_sent(jsms_sandbox):
    code = queue_code(MOBILE, purpose="login")
    jsms_sandbox.clock.advance(61)
    jsms_sandbox.run_pending()
    code.refresh_from_db()
    assert (code.status, jsms_sandbox.outbox) == ("expired", [])
    assert verify_code("123456", token=code.token, purpose="login").reason == "not_sent"


def test_a_queued_code_obeys_the_cool_down(jsms_sandbox):
    queue_code(MOBILE, purpose="login")
    with pytest.raises(LimitExceeded):
        queue_code(MOBILE, purpose="login", voice=True)


def test_a_queued_voice_code_calls(jsms_sandbox):
    queue_code(MOBILE, purpose="login", voice=True)
    jsms_sandbox.run_pending()
    assert jsms_sandbox.outbox[-1].kind == "voice"


# -- transactions: real ones, not a TestCase's ------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.core
def test_sending_inside_a_transaction_is_refused_before_anything_happens(jsms_sandbox):
    with transaction.atomic(), pytest.raises(InTransaction) as caught:
        send_code(MOBILE, purpose="login")
    assert "queue_code" in str(caught.value)
    assert not VerificationCode.objects.exists() and not jsms_sandbox.outbox


@pytest.mark.django_db(transaction=True)
def test_checking_inside_a_transaction_is_refused_too(jsms_sandbox):
    send_code(MOBILE, purpose="login")
    with transaction.atomic(), pytest.raises(InTransaction):
        verify_code(jsms_sandbox.last_code(), mobile=MOBILE, purpose="login")
    assert VerificationCode.objects.get().checks == 0


# -- races ------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.databases
def test_fifty_right_checks_are_one_success(jsms_sandbox, race):
    send_code(MOBILE, purpose="login")
    digits = jsms_sandbox.last_code()
    results = race(50, lambda: verify_code(digits, mobile=MOBILE, purpose="login").reason)
    assert Counter(results)["ok"] == 1
    assert set(results) <= {"ok", "used", "locked"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.databases
def test_two_right_checks_at_once_are_one_ok_and_one_used(jsms_sandbox, race):
    send_code(MOBILE, purpose="login")
    digits = jsms_sandbox.last_code()
    assert sorted(race(2, lambda: verify_code(digits, mobile=MOBILE, purpose="login").reason)) == [
        "ok",
        "used",
    ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.databases
def test_two_hundred_wrong_checks_reach_jsms_five_times(jsms_sandbox, race):
    send_code(MOBILE, purpose="login")
    bad = wrong(jsms_sandbox.last_code())
    results = [r for _ in range(4) for r in race(50, lambda: verify_code(bad, mobile=MOBILE, purpose="login").reason)]
    assert Counter(results) == {"wrong": 5, "locked": 195}
    assert len([call for call in jsms_sandbox.ledger if call.path.endswith("/valid")]) == 5


@pytest.mark.django_db(transaction=True)
@pytest.mark.databases
def test_many_requests_for_one_number_are_one_sms(jsms_sandbox, race):
    outcomes = race(30, lambda: send_code(MOBILE, purpose="login").status)
    assert outcomes.count("sent") == 1
    assert all(isinstance(o, LimitExceeded) for o in outcomes if o != "sent")
    assert len(jsms_sandbox.outbox) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.databases
def test_many_workers_send_a_queued_code_once(jsms_sandbox, race):
    queue_code(MOBILE, purpose="login")
    race(10, jsms_sandbox.run_pending)
    assert len(jsms_sandbox.outbox) == 1 and VerificationCode.objects.get().status == "sent"


# -- what JSMS and the wire answer ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "raised", "status"),
    [
        ({"fault": "status", "status": 403, "code": 50009}, Refused, "failed"),
        ({"fault": "status", "status": 403, "code": 50013}, Refused, "failed"),
        ({"fault": "status", "status": 403, "code": 59999}, Refused, "failed"),
        ({"fault": "status", "status": 500, "code": 50019}, MaybeSent, "unknown"),
        ({"fault": "status", "status": 502, "body": "<html>"}, MaybeSent, "unknown"),
        ({"fault": "status", "status": 200, "body": "{}"}, MaybeSent, "unknown"),
        ({"fault": "status", "status": 429, "body": ""}, Refused, "failed"),
        ({"fault": "close", "when": "after"}, MaybeSent, "unknown"),
        ({"fault": "reset", "when": "before"}, MaybeSent, "unknown"),
    ],
)
def test_what_is_raised_and_what_is_stored(jsms_sandbox, heard, fault, raised, status):
    jsms_sandbox.fault(**fault)
    with pytest.raises(raised) as caught:
        send_code(MOBILE, purpose="login")
    assert caught.value.row.pk == VerificationCode.objects.get().pk
    assert VerificationCode.objects.get().status == caught.value.row.status == status
    assert caught.value.maybe_sent is (raised is MaybeSent)
    assert ("code_failed", status) in heard


def test_an_unknown_code_cannot_be_checked_and_may_be_asked_for_again(jsms_sandbox):
    jsms_sandbox.fault("close", when="after")
    with pytest.raises(MaybeSent) as caught:
        send_code(MOBILE, purpose="login")
    assert verify_code(jsms_sandbox.last_code(), token=caught.value.row.token, purpose="login").reason == "not_sent"
    jsms_sandbox.clock.advance(61)
    assert send_code(MOBILE, purpose="login").status == "sent"


def test_nobody_listening_is_not_sent(jsms_sandbox):
    with (
        jsms_sandbox.settings(APPS={"default": {"SANDBOX": "http://127.0.0.1:9"}}),
        pytest.raises(NotSent) as caught,
    ):
        send_code(MOBILE, purpose="login")
    assert caught.value.row.status == "failed" and "jsms_sandbox" in str(caught.value)


def test_what_never_left_costs_no_cool_down(jsms_sandbox):
    with jsms_sandbox.settings(APPS={"default": {"SANDBOX": "http://127.0.0.1:9"}}):
        with pytest.raises(NotSent):
            send_code(MOBILE, purpose="login")
        with pytest.raises(AppPaused) as caught:
            send_code(MOBILE, purpose="login")
    assert "jsms_sandbox" in str(caught.value)
    resume_app()
    assert send_code(MOBILE, purpose="login").status == "sent"


def test_what_was_refused_costs_it(jsms_sandbox):
    jsms_sandbox.fault("status", status=403, code=50006)
    with pytest.raises(Refused):
        send_code(MOBILE, purpose="login")
    with pytest.raises(LimitExceeded):
        send_code(MOBILE, purpose="login")
