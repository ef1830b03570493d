"""What stands before every send: the fence, the project's guards, and numbers that no SMS is sent to."""

import logging
from datetime import timedelta

import pytest
from django.core.checks import run_checks

from django_jsms.exceptions import InvalidInput, Refused
from django_jsms.models import Message, VerificationCode
from django_jsms.models.base import now
from django_jsms.services import (
    batch_progress,
    create_batch,
    hours,
    monthly_spend,
    opt_out,
    queue_code,
    queue_message,
    retry_failed,
    schedule_batch,
    schedule_message,
    send_code,
    send_message,
    send_voice_code,
    start_batch,
    update_schedule,
    verify_code,
)
from django_jsms.services import guards as guards_service
from tests.conftest import MOBILE

pytestmark = pytest.mark.django_db
OTHER = "13900139000"
NO = {"no": "42"}
#: A module that raises something else than ImportError while it is imported.
NOT_YET = "tests.services.unready.guard"
seen = []


def no_others(intent):
    seen.append(intent)
    if intent.mobile == OTHER:
        raise Refused("Not this one.", zh="不行。")


def broken(intent):
    raise ZeroDivisionError(intent.mobile)


@pytest.fixture
def guarded(shop):
    seen.clear()
    with shop.settings(GUARDS=[f"{__name__}.no_others"]):
        yield shop


def later():
    return now() + timedelta(hours=3)


DOORS = [
    lambda mobile: send_code(mobile, purpose="login"),
    lambda mobile: send_voice_code(mobile, purpose="login"),
    lambda mobile: queue_code(mobile, purpose="login"),
    lambda mobile: send_code(mobile, purpose="login", policy="system"),
    lambda mobile: send_message(mobile, template="order-shipped", params=NO),
    lambda mobile: queue_message(mobile, template="order-shipped", params=NO),
    lambda mobile: schedule_message(mobile, template="order-shipped", params=NO, send_at=later()),
]


@pytest.mark.core
@pytest.mark.parametrize("door", DOORS)
def test_a_guard_stands_before_every_door(guarded, door):
    with pytest.raises(Refused) as caught:
        door(OTHER)
    assert (caught.value.reason, str(caught.value), caught.value.row) == ("vetoed", "Not this one.", None)
    assert guarded.ledger == [] and not VerificationCode.objects.exists() and not Message.objects.exists()
    door(MOBILE)
    intent = seen[-1]
    assert (intent.app, intent.mobile) == ("default", MOBILE) and MOBILE not in repr(intent)
    assert (intent.purpose, intent.params) in (("login", {}), ("", NO))


@pytest.mark.parametrize("path", [f"{__name__}.broken", f"{__name__}.missing", "no.such.module", NOT_YET, 5])
def test_a_guard_that_breaks_refuses(shop, path, caplog):
    with shop.settings(GUARDS=[path]), pytest.raises(Refused) as caught:
        send_code(MOBILE, purpose="login")
    assert caught.value.reason == "guard_failed" and shop.ledger == []
    assert any(record.levelno == logging.ERROR for record in caplog.records) and MOBILE not in caplog.text


def test_where_a_guard_broke_is_in_the_log_but_not_what_it_said(shop, caplog):
    with shop.settings(GUARDS=[f"{__name__}.broken"]), pytest.raises(Refused):
        queue_code(MOBILE, purpose="login")
    assert "ZeroDivisionError" in caplog.text and "raise ZeroDivisionError(intent.mobile)" in caplog.text
    assert MOBILE not in caplog.text


def test_a_list_keeps_what_a_guard_refuses_apart(guarded):
    batch = create_batch(template="order-shipped", recipients=[(MOBILE, NO), (OTHER, NO), ("13900139001", NO)])
    assert (batch.total, batch.rejected) == (2, 1)
    row = batch.rejected_rows.get()
    assert (row.line, row.reason) == (2, "vetoed") and "guard" in row.explanation


def test_a_change_of_a_schedule_is_guarded_too(guarded):
    schedule = schedule_message(MOBILE, template="order-shipped", params=NO, send_at=later())
    with pytest.raises(Refused):
        update_schedule(schedule, recipients=[OTHER])
    assert [entry.method for entry in guarded.ledger] == ["POST"]


# -- the fence ------------------------------------------------------------------------------------------------


@pytest.fixture
def fenced(shop, settings, monkeypatch):
    """As if the keys were real: ``fenced(DEBUG, ALLOWED_MOBILES)``."""
    from django_jsms import conf

    real = conf.allowed_mobiles

    def fence(debug, allowed=None):
        settings.DEBUG = debug
        settings.JSMS = {**settings.JSMS, "ALLOWED_MOBILES": allowed}

    monkeypatch.setattr(conf, "allowed_mobiles", lambda app: real(_real(app)))
    return fence


def _real(app):
    from dataclasses import replace

    return replace(app, sandbox=False)


@pytest.mark.parametrize(
    ("debug", "allowed", "passes"),
    [
        (False, None, True),
        (True, None, False),
        (True, [], False),
        (False, [], False),
        (True, ["*"], True),
        (True, [MOBILE], True),
        (True, [OTHER], False),
        (True, ["1380013*"], True),
        (True, ["1390013*", OTHER], False),
    ],
)
def test_the_fence(fenced, shop, debug, allowed, passes):
    fenced(debug, allowed)
    for door in DOORS[4:6]:
        if passes:
            door(MOBILE)
            continue
        with pytest.raises(InvalidInput) as caught:
            door(MOBILE)
        assert (caught.value.field, caught.value.reason) == ("mobile", "mobile_not_allowed")
        assert "ALLOWED_MOBILES" in caught.value.message and MOBILE not in caught.value.message
    assert passes or shop.ledger == []


@pytest.mark.core
def test_the_fence_stands_before_what_was_queued_earlier(fenced, shop, heard):
    code = queue_code(OTHER, purpose="login")
    messages = [queue_message(mobile, template="order-shipped", params=NO) for mobile in (OTHER, MOBILE)]
    fenced(True, [MOBILE])
    shop.run_pending()
    for row in (code, *messages):
        row.refresh_from_db()
    assert [(row.status, row.reason) for row in (code, *messages)] == [
        ("failed", "mobile_not_allowed"),
        ("failed", "mobile_not_allowed"),
        ("sent", ""),
    ]
    assert [entry.mobiles for entry in shop.ledger] == [[MOBILE]] and ("code_failed", "failed") in heard


@pytest.mark.core
def test_the_fence_stands_before_a_batch_that_runs(fenced, shop):
    batch = create_batch(template="order-shipped", recipients=[(each, NO) for each in (MOBILE, OTHER, "13900139001")])
    start_batch(batch)
    fenced(True, [MOBILE])
    shop.run_pending()
    progress = batch_progress(batch)
    assert (progress.status, progress.sent, progress.failed) == ("finished", 1, 2)
    assert [sms.mobile for sms in shop.outbox] == [MOBILE]
    fenced(False)
    assert retry_failed(batch) == 2  # surely not sent, so they may be sent now
    shop.run_pending()
    assert sorted(sms.mobile for sms in shop.outbox) == [MOBILE, OTHER, "13900139001"]


def test_the_fence_and_opt_outs_are_told_apart(fenced, shop, monkeypatch):
    shop.template(1300, "春季促销", "marketing")
    monkeypatch.setattr(hours, "OPENS", 0)
    monkeypatch.setattr(hours, "CLOSES", 24)
    with shop.settings(TEMPLATES={"sale": {"id": 1300, "type": "marketing", "text": "春季促销"}}):
        batch = create_batch(template="sale", recipients=[MOBILE, OTHER, "13900139001"])
        start_batch(batch)
        fenced(True, [MOBILE])
        opt_out(OTHER)
        shop.run_pending()
    failed = Message.objects.filter(status="failed").values_list("mobile", "reason")
    assert sorted(failed) == [(OTHER, "opted_out"), ("13900139001", "mobile_not_allowed")]
    assert [sms.mobile for sms in shop.outbox] == [MOBILE]


def test_the_fence_leaves_nobody_of_a_batch(fenced, shop):
    batch = create_batch(template="order-shipped", recipients=[(OTHER, NO)])
    start_batch(batch)
    fenced(True)
    shop.run_pending()
    assert batch_progress(batch).status == "finished" and shop.ledger == []


def test_the_fence_stands_before_a_schedule_made_by_a_worker(fenced, shop):
    batch = create_batch(template="order-shipped", recipients=[(MOBILE, NO), (OTHER, NO)])
    alone = create_batch(template="order-shipped", recipients=[("13900139001", NO)])
    for each in (batch, alone):
        schedule_batch(each, send_at=later())
    fenced(True, [MOBILE])
    shop.run_pending()
    shop.clock.advance(4 * 3600)
    assert [sms.mobile for sms in shop.outbox] == [MOBILE]
    failed = Message.objects.filter(status="failed").values_list("mobile", "reason")
    assert sorted(failed) == [(OTHER, "mobile_not_allowed"), ("13900139001", "mobile_not_allowed")]


def test_the_fence_stands_before_a_change_of_the_time_alone(fenced, shop):
    schedule = schedule_message(OTHER, template="order-shipped", params=NO, send_at=later())
    fenced(True, [MOBILE])
    with pytest.raises(InvalidInput) as caught:
        update_schedule(schedule, send_at=later() + timedelta(hours=1))
    assert caught.value.reason == "mobile_not_allowed" and [entry.method for entry in shop.ledger] == ["POST"]


def test_a_test_number_needs_no_place_in_it(fenced, shop):
    with shop.settings(TEST_NUMBERS={TEST: GOOD}):
        fenced(True)
        code = queue_code(TEST, purpose="login")
        shop.run_pending()
        code.refresh_from_db()
        assert code.status == "sent" and verify_code("246810", mobile=TEST, purpose="login") and shop.ledger == []


def test_a_sandbox_has_no_fence(shop, settings):
    settings.DEBUG = True
    send_code(MOBILE, purpose="login")


# -- test numbers ------------------------------------------------------------------------------------------------

TEST = "13800000000"


@pytest.fixture
def tested(shop):
    day = later().astimezone(hours.BEIJING)
    with shop.settings(TEST_NUMBERS={TEST: {"code": "246810", "until": f"{day:%Y-%m-%d}"}}):
        yield shop


@pytest.mark.core
def test_a_test_number_calls_nobody_and_logs_in(tested, heard):
    code = send_code(TEST, purpose="login")
    again = send_code(TEST, purpose="login")  # no cool-down: nothing is spent
    assert (code.status, again.status, again.is_test) == ("sent", "sent", True)
    assert verify_code("000000", token=again.token, purpose="login").reason == "wrong"
    result = verify_code("246810", mobile=TEST, purpose="login")
    assert result and result.mobile == TEST and result.proof
    assert verify_code("246810", mobile=TEST, purpose="login").reason == "used"
    assert tested.ledger == [] and ("code_verified", "verified") in heard
    assert monthly_spend(f"{now().astimezone(hours.BEIJING):%Y-%m}") == []


def test_a_test_number_is_queued_and_read_aloud_alike(tested):
    queue_code(TEST, purpose="login")
    assert tested.run_pending() == 1
    send_voice_code(TEST, purpose="pay")
    assert verify_code("246810", mobile=TEST, purpose="login") and verify_code("246810", mobile=TEST, purpose="pay")
    assert tested.ledger == []


def test_a_test_number_allows_five_tries(tested):
    send_code(TEST, purpose="login")
    reasons = [verify_code("000000", mobile=TEST, purpose="login").reason for _ in range(6)]
    assert reasons == ["wrong"] * 5 + ["locked"]


def test_after_its_day_it_is_a_number_like_any_other(tested):
    send_code(TEST, purpose="login")
    tested.clock.advance(2 * 86400)
    assert not guards_service.is_test_code(TEST, "246810")
    code = send_code(TEST, purpose="login")
    assert not code.is_test and len(tested.ledger) == 1


def test_it_never_goes_missing(tested):
    send_code(TEST, purpose="login")
    VerificationCode.objects.update(sent_at=now() - timedelta(days=4))
    assert VerificationCode.objects.primary().mark_missing(now()) == 0


# -- checks --------------------------------------------------------------------------------------------------------

GOOD = {"code": "246810", "until": "2999-12-31"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"ALLOWED_MOBILES": ["13800138000", "138*", "*"], "GUARDS": [f"{__name__}.no_others"]}, set()),
        ({"ALLOWED_MOBILES": "*"}, {"jsms.E013"}),
        ({"ALLOWED_MOBILES": ["138?"]}, {"jsms.E013"}),
        ({"ALLOWED_MOBILES": [13800138000]}, {"jsms.E013"}),
        ({"GUARDS": f"{__name__}.no_others"}, {"jsms.E014"}),
        ({"GUARDS": [f"{__name__}.missing"]}, {"jsms.E014"}),
        ({"GUARDS": [NOT_YET, 5]}, {"jsms.E014"}),
        ({"CAPTCHA": "no.such.module"}, {"jsms.E014"}),
        ({"TEST_NUMBERS": {TEST: GOOD}}, {"jsms.W034"}),
        ({"TEST_NUMBERS": {TEST: {**GOOD, "until": "2020-01-01"}}}, set()),
        ({"TEST_NUMBERS": {TEST: {**GOOD, "until": "soon"}}}, {"jsms.E015"}),
        ({"TEST_NUMBERS": {TEST: {"code": "246810"}}}, {"jsms.E015"}),
        ({"TEST_NUMBERS": {TEST: {**GOOD, "code": 246810}}}, {"jsms.E015", "jsms.W034"}),
        ({"TEST_NUMBERS": {"1380000": GOOD}}, {"jsms.E015", "jsms.W034"}),
        ({"TEST_NUMBERS": [TEST]}, {"jsms.E015"}),
    ],
)
def test_mistakes_in_the_settings_are_told(settings, given, expected):
    settings.JSMS = {"APP_KEY": "a" * 24, "MASTER_SECRET": "b" * 24, **given}
    found = {m.id for m in run_checks(include_deployment_checks=True)}
    assert found & {"jsms.E013", "jsms.E014", "jsms.E015", "jsms.W034"} == expected
