"""Every limit that stands before a code and before a check: exact, in every window, under every race."""

import threading

import pytest
from django.db import connection, connections, transaction
from django.test import RequestFactory

from django_jsms.exceptions import CaptchaRequired, InvalidInput, LimitExceeded, NotSent
from django_jsms.models import Counter, VerificationCode
from django_jsms.services import client_ip, queue_code, send_code, send_voice_code, verify_code
from django_jsms.services.windows import SLICES, Rule, Slices, window
from tests.conftest import MOBILE
from tests.waiting import PATIENCE

pytestmark = pytest.mark.django_db
PUBLIC = "8.8.8.8"
#: An app that does not answer.
AWAY = {"default": {"SANDBOX": "http://127.0.0.1:9"}}
#: The defaults of production, which a sandbox leaves out.
REAL = {
    "mobile": ["1/60s", "5/1h", "10/24h"],
    "purpose": ["10/24h"],
    "voice": ["3/24h"],
    "ip": ["20/1m", "200/1h", "1000/24h"],
    "prefix": ["60/1h"],
    "check": ["30/24h"],
    "check_ip": ["60/1h"],
}


def numbers(count, prefix="1380013"):
    return [f"{prefix}{each:04d}" for each in range(count)]


def refusal(call):
    with pytest.raises(LimitExceeded) as caught:
        call()
    return caught.value


def codes(sandbox):
    return [entry for entry in sandbox.ledger if entry.path in ("/v1/codes", "/v1/voice_codes")]


# -- each scope -------------------------------------------------------------------------------------------

SCOPES = [
    # scope, rule, what is asked so often, what is refused then, what still passes
    ("mobile", "2/1h", {"mobile": MOBILE}, {}, {"mobile": "13900139000"}),
    ("purpose", "2/24h", {"purpose": "login"}, {}, {"purpose": "reset"}),
    ("ip", "2/1h", {"ip": PUBLIC}, {"mobile": "13900139000"}, {"mobile": "13900139001", "ip": "8.8.4.4"}),
    ("ip", "2/1h", {"ip": "2001:4860::1"}, {"ip": "2001:4860::9:9"}, {"ip": "2001:4860:0:1::1"}),
    ("prefix", "2/1h", {"mobile": "13800138001"}, {"mobile": "13800130009"}, {"mobile": "13800148001"}),
    ("app", "2/1h", {}, {"mobile": "13900139000"}, None),
    ("ip", "150/1h", {"ip": PUBLIC}, None, {"ip": PUBLIC}),
]


@pytest.mark.parametrize(("scope", "rule", "asked", "refused", "passes"), SCOPES)
def test_a_scope_counts_what_it_names(jsms_sandbox, scope, rule, asked, refused, passes):
    usual = {"mobile": MOBILE, "purpose": "login", "ip": None, **asked}
    with jsms_sandbox.settings(LIMITS={"mobile": [], "prefix": [], scope: [rule]}):
        for _ in range(2):
            send_code(**usual)
        if refused is not None:
            error = refusal(lambda: send_code(**{**usual, **refused}))
            assert error.limit == f"{scope} {rule}" and error.retry_after > 3500
            assert len(codes(jsms_sandbox)) == VerificationCode.objects.count() == 2
        if passes is not None:
            send_code(**{**usual, **passes})


def test_voice_counts_in_both(jsms_sandbox):
    with jsms_sandbox.settings(LIMITS={"mobile": ["9/1h"], "voice": ["1/24h"]}):
        send_voice_code(MOBILE, purpose="login")
        assert refusal(lambda: send_voice_code(MOBILE, purpose="login")).limit == "voice 1/24h"
        send_code(MOBILE, purpose="login")


def test_what_jsms_would_refuse_is_refused_before(jsms_sandbox):
    with jsms_sandbox.settings(LIMITS={"mobile": [], "voice": ["9/1h"]}):
        send_voice_code(MOBILE, purpose="login")
        jsms_sandbox.clock.advance(6)
        error = refusal(lambda: send_voice_code(MOBILE, purpose="login"))
        assert (error.limit, error.retry_after) == ("voice 1/20s", 14) and len(codes(jsms_sandbox)) == 1
        jsms_sandbox.clock.advance(14)
        send_voice_code(MOBILE, purpose="login")


@pytest.mark.parametrize(
    ("given", "limit"),
    [
        ({"LIMITS": {"mobile": ["3/1h"]}}, "mobile 3/1h"),
        ({"LIMITS": {"mobile": ["3/1h"]}, "APPS": {"default": {"LIMITS": {"mobile": ["2/1h"]}}}}, "mobile 2/1h"),
        (
            {
                "APPS": {"default": {"LIMITS": {"mobile": ["2/1h"]}}},
                "PURPOSES": {"login": {"template": 1, "limits": {"mobile": ["1/2h"]}}},
            },
            "mobile 1/2h",
        ),
    ],
)
def test_the_nearer_setting_wins(jsms_sandbox, given, limit):
    apps = {"default": {"SANDBOX": jsms_sandbox.url, **given.get("APPS", {}).get("default", {})}}
    with jsms_sandbox.settings(**{**given, "APPS": apps}):
        for _ in range(int(limit.split()[1][0])):
            send_code(MOBILE, purpose="login")
        assert refusal(lambda: send_code(MOBILE, purpose="login")).limit == limit


def test_a_sandbox_has_the_cool_down_only(jsms_sandbox):
    for mobile in numbers(25):
        send_code(mobile, purpose="login", ip=PUBLIC)
    assert Counter.objects.filter(key__startswith="mobile:").count() == Counter.objects.count() == 25
    assert refusal(lambda: send_code(mobile, purpose="login")).limit == "mobile 1/60s"


# -- windows ----------------------------------------------------------------------------------------------


def test_a_window_rolls(jsms_sandbox):
    with jsms_sandbox.settings(LIMITS={"mobile": ["2/60s"]}):
        send_code(MOBILE, purpose="login")
        jsms_sandbox.clock.advance(40)
        send_code(MOBILE, purpose="login")
        assert refusal(lambda: send_code(MOBILE, purpose="login")).retry_after == 20
        jsms_sandbox.clock.advance(20)
        send_code(MOBILE, purpose="login")
        assert 39 <= refusal(lambda: send_code(MOBILE, purpose="login")).retry_after <= 40


def test_slices_are_never_over_and_strict_by_one_slice():
    rule = Rule("200/1h", 200, 3600)
    held, taken = None, []
    for at in range(0, 3 * 3600 * 1000, 9000):  # 400 asked an hour
        if not Slices(rule, held).wait(rule, at):
            held = Slices(rule, held).add(at)
            taken.append(at)
    for end in taken:
        inside = [time for time in taken if end - 3600 * 1000 < time <= end]
        assert len(inside) <= 200
    assert len(taken) >= 3 * 200 * (SLICES - 1) // SLICES and len(held.hits.split(",")) <= SLICES + 1


@pytest.mark.parametrize("rule", [Rule("5/1h", 5, 3600), Rule("150/1h", 150, 3600)])
def test_a_wait_is_as_long_as_it_says(rule):
    held, at = None, 1_000_000_000
    for _ in range(rule.count):
        place, held = window([rule], held).place(at), window([rule], held).add(at)
        at += 1000
    standing = window([rule], held)
    wait = standing.wait(rule, at)
    assert standing.wait(rule, at + int(wait * 1000) - 1) > 0 == standing.wait(rule, at + int(wait * 1000))
    assert window([rule], standing.remove(place)).used(rule, at) == rule.count - 1


# -- what gives back, and what does not ----------------------------------------------------------------------


def test_only_what_surely_was_not_sent_is_given_back(jsms_sandbox):
    with jsms_sandbox.settings(LIMITS={"mobile": ["1/1h"], "ip": ["2/1h", "150/24h"], "app": ["9/1h"]}):
        send_code("13900139000", purpose="login", ip=PUBLIC)
        with jsms_sandbox.settings(APPS=AWAY), pytest.raises(NotSent):
            send_code(MOBILE, purpose="login", ip=PUBLIC)
    assert Counter.objects.get(key__startswith="ip 150/24h").total == 1
    used = {str(counter): len(counter.times()) for counter in Counter.objects.exclude(hits="")}
    assert used == {"mobile": 1, "ip": 1, "app": 1}


def test_a_refusal_of_jsms_stays_counted(jsms_sandbox):
    with jsms_sandbox.settings(LIMITS={"mobile": ["1/1h"]}):
        with pytest.raises(Exception, match="template"):
            send_code(MOBILE, purpose="login", template=999)
        assert refusal(lambda: send_code(MOBILE, purpose="login")).limit == "mobile 1/1h"


def test_policy_system_counts_for_the_app_only(jsms_sandbox, caplog):
    limits = {scope: ["1/1h"] for scope in ("mobile", "purpose", "ip", "prefix")}
    with jsms_sandbox.settings(LIMITS={**limits, "app": ["4/1h"]}, CAPTCHA="tests.services.test_codes.never"):
        for _ in range(3):
            row = send_code(MOBILE, purpose="login", policy="system")
        queue_code(MOBILE, purpose="login", policy="system")
        assert jsms_sandbox.run_pending() == 1
        assert refusal(lambda: send_code(MOBILE, purpose="login", policy="system")).limit == "app 4/1h"
    assert row.policy == "system" and MOBILE not in caplog.text
    assert not Counter.objects.filter(key__contains=row.mobile_hash).exists()
    with pytest.raises(InvalidInput, match="policy"):
        send_code(MOBILE, purpose="login", policy="root")


# -- the app's own: told before it stops -----------------------------------------------------------------------


def test_an_apps_own_limit_tells_then_stops(jsms_sandbox, heard):
    with jsms_sandbox.settings(LIMITS={"app": ["5/1h"]}):
        for mobile in numbers(5):
            send_code(mobile, purpose="login")
        assert refusal(lambda: send_code("13900139000", purpose="login")).limit == "app 5/1h"
    assert [name for name, _ in heard].count("limit_near") == 1


# -- addresses and the captcha --------------------------------------------------------------------------------


@pytest.mark.parametrize("forged", ["1.2.3.4", "1.2.3.4, 5.6.7.8", "::1", "unknown", "8.8.8.8, " * 50])
def test_a_forged_header_changes_nothing(jsms_sandbox, forged):
    with jsms_sandbox.settings(LIMITS={"ip": ["2/1h"]}):
        for each, mobile in enumerate(numbers(3)):
            headers = {"X-Forwarded-For": f"{each}.{forged}", "X-Real-IP": f"9.9.9.{each}", "Forwarded": f"for={each}"}
            ip = client_ip(RequestFactory().post("/", headers=headers, REMOTE_ADDR=PUBLIC))
            if each < 2:
                send_code(mobile, purpose="login", ip=ip)
            else:
                assert refusal(lambda: send_code(mobile, purpose="login", ip=ip)).limit == "ip 2/1h"  # noqa: B023


@pytest.mark.parametrize("ip", [None, "10.0.0.7", "127.0.0.1", "100.64.3.3", "::1", "fe80::1"])
def test_an_address_that_is_not_public_is_not_counted(jsms_sandbox, ip):
    with jsms_sandbox.settings(LIMITS={"ip": ["1/1h"]}):
        for mobile in numbers(3):
            send_code(mobile, purpose="login", ip=ip)


def passed(answer, ip, mobile, purpose):
    return answer == "right"


def test_a_captcha_is_wanted_once_an_address_had_its_share(jsms_sandbox):
    here = f"{__name__}.passed"
    with jsms_sandbox.settings(CAPTCHA=here, LIMITS={"captcha": ["3/1h"]}):
        for mobile in numbers(3):
            send_code(mobile, purpose="login", ip=PUBLIC)
        with pytest.raises(CaptchaRequired):
            send_code("13900139000", purpose="login", ip=PUBLIC)
        with transaction.atomic(), pytest.raises(CaptchaRequired):
            queue_code("13900139000", purpose="login", ip=PUBLIC)
        send_code("13900139000", purpose="login", ip=PUBLIC, captcha="right")
        send_code("13900139001", purpose="login", ip="8.8.4.4")
        with pytest.raises(CaptchaRequired):
            send_code("13900139002", purpose="login")  # from an address that nobody knows
    assert len(codes(jsms_sandbox)) == 5


# -- checks -----------------------------------------------------------------------------------------------------


def test_checks_of_a_number_are_counted_whatever_comes_of_them(jsms_sandbox):
    with jsms_sandbox.settings(LIMITS={"mobile": [], "check": ["4/24h"]}):
        for _ in range(2):
            send_code(MOBILE, purpose="login")
            assert verify_code("000000", mobile=MOBILE, purpose="login").reason == "wrong"
            assert verify_code(jsms_sandbox.last_code(), mobile=MOBILE, purpose="login")
        code = send_code(MOBILE, purpose="login")
        asked = len(jsms_sandbox.ledger)
        result = verify_code(jsms_sandbox.last_code(), mobile=MOBILE, purpose="login")
        assert (result.reason, bool(result)) == ("throttled", False) and 86000 < result.retry_after <= 86400
        code.refresh_from_db()
        assert len(jsms_sandbox.ledger) == asked and code.checks == 0
        jsms_sandbox.clock.advance(86400)
        assert verify_code("000000", mobile=MOBILE, purpose="login").reason != "throttled"


def test_checks_of_an_address_are_counted_when_they_find_nothing(jsms_sandbox):
    with jsms_sandbox.settings(LIMITS={"check_ip": ["3/1h"]}):
        for each in range(3):
            assert verify_code("000000", token=f"guess{each}", purpose="login", ip=PUBLIC).reason == "not_found"
        assert verify_code("000000", token="guess", purpose="login", ip=PUBLIC).reason == "throttled"
        assert verify_code("000000", token="guess", purpose="login", ip="8.8.4.4").reason == "not_found"


def test_a_check_that_never_left_is_given_back(jsms_sandbox):
    with jsms_sandbox.settings(LIMITS={"check": ["1/24h"]}):
        send_code(MOBILE, purpose="login")
        with jsms_sandbox.settings(APPS=AWAY):
            for _ in range(2):
                assert verify_code("123456", mobile=MOBILE, purpose="login").reason == "unavailable"


# -- statements ---------------------------------------------------------------------------------------------------


def test_a_code_and_a_check_with_every_limit(jsms_sandbox, count_statements):
    with jsms_sandbox.settings(LIMITS={**REAL, "app": ["600/1h", "5000/24h"]}):
        send_code("13900139000", purpose="login", ip=PUBLIC)  # some counters exist, others do not
        with count_statements() as sent:
            send_code(MOBILE, purpose="login", ip=PUBLIC)
        with count_statements() as checked:
            assert verify_code(jsms_sandbox.last_code(), mobile=MOBILE, purpose="login", ip=PUBLIC)
    assert len(sent) <= 6, sent
    assert len(checked) <= 6, checked


# -- races --------------------------------------------------------------------------------------------------------


@pytest.mark.databases
@pytest.mark.django_db(transaction=True)
def test_a_hundred_threads_that_want_one_number_make_one_call(jsms_sandbox, race):
    with jsms_sandbox.settings(LIMITS={**REAL, "ip": ["200/1h"], "app": ["600/1h"]}):
        outcomes = race(100, lambda: send_code(MOBILE, purpose="login", ip=PUBLIC).status)
    assert outcomes.count("sent") == 1 and len(codes(jsms_sandbox)) == 1
    assert {type(each) for each in outcomes} == {str, LimitExceeded}, outcomes
    assert VerificationCode.objects.count() == 1


@pytest.mark.databases
@pytest.mark.django_db(transaction=True)
def test_a_shared_limit_is_exact_and_lets_nobody_starve(jsms_sandbox, race):
    waiting = numbers(40, prefix="1390000")
    with jsms_sandbox.settings(LIMITS={"app": ["30/1h"], "ip": ["150/1h"]}):
        outcomes = race(40, lambda: send_code(waiting.pop(), purpose="login", ip=PUBLIC).status)
    assert outcomes.count("sent") == len(codes(jsms_sandbox)) == 30
    assert [each.limit for each in outcomes if each != "sent"] == ["app 30/1h"] * 10


@pytest.mark.core
@pytest.mark.django_db(transaction=True)
def test_queued_codes_count_together_when_they_are_sent(jsms_sandbox, heard):
    with jsms_sandbox.settings(LIMITS={"app": ["2/1h"], "ip": ["150/1h"]}):
        rows = [queue_code(mobile, purpose="login", ip=PUBLIC) for mobile in numbers(3)]
        assert not Counter.objects.exclude(key__startswith="mobile:").exists()
        jsms_sandbox.run_pending()
    for row in rows:
        row.refresh_from_db()
    assert [(row.status, row.reason) for row in rows] == [("sent", ""), ("sent", ""), ("failed", "limited")]
    assert len(codes(jsms_sandbox)) == 2 and heard[-1] == ("code_failed", "failed")


@pytest.mark.core
@pytest.mark.django_db(transaction=True)
def test_two_open_transactions_queue_without_waiting(jsms_sandbox):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    done = []

    def other():
        with transaction.atomic():
            queue_code("13900139000", purpose="login", ip=PUBLIC)
        done.append(True)
        connections.close_all()

    with jsms_sandbox.settings(LIMITS={**REAL, "app": ["600/1h"]}), transaction.atomic():
        queue_code(MOBILE, purpose="login", ip=PUBLIC)
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(PATIENCE)
        assert done == [True]
