"""Rules, counters and who is asking."""

import logging

import pytest
from django.test import RequestFactory

from django_jsms.conf import NotConfigured
from django_jsms.exceptions import LimitExceeded
from django_jsms.models import Counter
from django_jsms.services import addresses, client_ip, send_code, verify_code
from django_jsms.services.limits import Reservation
from django_jsms.services.uses import Meter
from django_jsms.services.windows import Rule, parse_rule


@pytest.mark.parametrize(
    ("text", "count", "seconds"),
    [
        ("1/60s", 1, 60),
        ("5/1h", 5, 3600),
        ("10/24h", 10, 86400),
        ("5/h", 5, 3600),
        ("3/2m", 3, 120),
        ("1/1d", 1, 86400),
    ],
)
def test_a_rule_reads_as_it_is_written(text, count, seconds):
    assert parse_rule(text) == Rule(text, count, seconds)


@pytest.mark.parametrize("text", ["5", "5/x", "-1/m", "1/60s ", "١/60s", "/60s", "1//60s", "1/60s,2/h", ""])
def test_anything_else_is_no_rule(text):
    with pytest.raises(ValueError, match="is not a limit"):
        parse_rule(text)


def reserve(keys, write):
    return Reservation({key: Meter(rules) for key, rules in keys.items()}).take(write)


@pytest.mark.django_db
def test_the_rule_that_keeps_waiting_longest_is_named(jsms_sandbox):
    rules = (parse_rule("1/60s"), parse_rule("2/1h"))
    reserve({"mobile:x": rules}, lambda: None)
    jsms_sandbox.clock.advance(60)
    reserve({"mobile:x": rules}, lambda: None)
    with pytest.raises(LimitExceeded) as caught:
        reserve({"mobile:x": rules}, lambda: None)
    assert caught.value.limit == "mobile 2/1h"
    assert 3530 <= caught.value.retry_after <= 3540


@pytest.mark.django_db
def test_several_keys_count_together_or_not_at_all(jsms_sandbox):
    one = (parse_rule("1/60s"),)
    reserve({"voice:x": one}, lambda: None)
    with pytest.raises(LimitExceeded):
        reserve({"mobile:x": (parse_rule("5/1h"),), "voice:x": one}, lambda: None)
    assert not Counter.objects.filter(key="mobile:x").exclude(hits="").exists()
    jsms_sandbox.clock.advance(61)
    assert reserve({"mobile:x": one, "voice:x": one}, lambda: "written") == "written"


@pytest.mark.django_db
def test_what_fails_to_write_counts_nothing():
    with pytest.raises(ZeroDivisionError):
        reserve({"mobile:x": (parse_rule("1/60s"),)}, lambda: 1 / 0)
    assert not Counter.objects.exclude(hits="").exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.databases
def test_a_limit_is_exact_under_a_race(race):
    outcomes = race(20, lambda: reserve({"mobile:x": (parse_rule("3/1h"),)}, lambda: "in"))
    assert [o.limit for o in outcomes if o != "in"] == ["mobile 3/1h"] * 17
    assert len(Counter.objects.get().times()) == 3


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["1/60s", "3/1h", "150/1h"])
@pytest.mark.parametrize("hours", [0.01, 0.5, 1.5, 30])
def test_a_clock_that_is_set_back_makes_nobody_wait_longer_than_the_window(jsms_sandbox, text, hours):
    rule = parse_rule(text)
    for _ in range(rule.count):
        reserve({"mobile:x": (rule,)}, lambda: None)
    jsms_sandbox.clock.advance(-hours * 3600)
    try:
        reserve({"mobile:x": (rule,)}, lambda: None)
    except LimitExceeded as refusal:
        assert hours * 3600 < rule.seconds and 0 < refusal.retry_after <= rule.seconds
    else:
        assert hours * 3600 >= rule.seconds  # such a use says nothing about the window that there is now


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["3/1h", "150/1h"])
def test_processes_whose_clocks_differ_share_a_limit(jsms_sandbox, text):
    rule = parse_rule(text)
    for each in range(rule.count):
        jsms_sandbox.clock.advance(90 if each % 2 else -90)
        reserve({"mobile:x": (rule,)}, lambda: None)
    for by in (0, 90):
        jsms_sandbox.clock.advance(by)
        with pytest.raises(LimitExceeded):
            reserve({"mobile:x": (rule,)}, lambda: None)


PUBLIC, PRIVATE = "8.8.8.8", "10.0.0.7"


@pytest.mark.parametrize(
    ("configured", "remote", "headers", "found"),
    [
        ({}, PUBLIC, {}, PUBLIC),
        ({}, PUBLIC, {"X-Forwarded-For": "1.1.1.1"}, PUBLIC),
        ({}, PRIVATE, {"X-Forwarded-For": "1.1.1.1"}, None),
        ({}, "127.0.0.1", {}, None),
        ({}, "100.64.0.1", {}, None),
        ({}, "", {}, None),
        ({"TRUSTED_PROXY_COUNT": 1}, PRIVATE, {"X-Forwarded-For": f"6.6.6.6, {PUBLIC}"}, PUBLIC),
        ({"TRUSTED_PROXY_COUNT": 2}, PRIVATE, {"X-Forwarded-For": f"6.6.6.6, {PUBLIC}, 10.1.1.1"}, PUBLIC),
        ({"TRUSTED_PROXY_COUNT": 2}, PRIVATE, {"X-Forwarded-For": PUBLIC}, None),
        ({"TRUSTED_PROXY_COUNT": 1}, PRIVATE, {}, None),
        (
            {"CLIENT_IP_HEADER": "X-Real-IP"},
            PRIVATE,
            {"X-Real-IP": PUBLIC, "X-Forwarded-For": "6.6.6.6"},
            PUBLIC,
        ),
        ({"CLIENT_IP_HEADER": "X-Real-IP"}, PUBLIC, {}, None),
        ({}, "2001:4860:4860::8888", {}, "2001:4860:4860::8888"),
    ],
)
def test_the_callers_address_is_taken_only_from_where_it_can_be_trusted(settings, configured, remote, headers, found):
    settings.JSMS = configured
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR=remote)
    assert client_ip(request) == found


def test_an_unknown_proxy_is_warned_of_once(settings, caplog, monkeypatch):
    monkeypatch.setattr(addresses, "_warned", set())
    settings.JSMS = {}
    with caplog.at_level(logging.WARNING, logger="django_jsms"):
        for _ in range(3):
            client_ip(RequestFactory().get("/", REMOTE_ADDR=PRIVATE))
    assert len(caplog.records) == 1 and "TRUSTED_PROXY_COUNT" in caplog.text


@pytest.mark.django_db
@pytest.mark.parametrize("rules", ["1/60s", 5, {"1/60s": 1}, ["often"], [None], [5]])
def test_rules_that_are_none_are_not_configured(jsms_sandbox, rules):
    with (
        jsms_sandbox.settings(LIMITS={"mobile": rules}),
        pytest.raises(NotConfigured, match=r"\['mobile'\] must be a list"),
    ):
        send_code("13900139000", purpose="login")
    assert not jsms_sandbox.ledger


@pytest.mark.django_db
@pytest.mark.parametrize("found_by", ["mobile", "token"])
@pytest.mark.parametrize("scope", ["check", "check_ip"])
def test_checks_have_limits_of_their_purpose(jsms_sandbox, scope, found_by):
    with jsms_sandbox.settings(PURPOSES={"login": {"limits": {scope: ["2/1h"]}}}):
        code = send_code("13900139000", purpose="login")
        by = {"mobile": "13900139000"} if found_by == "mobile" else {"token": code.token}
        reasons = [verify_code("000000", purpose="login", ip="8.8.8.8", **by).reason for _ in range(3)]
    assert reasons == ["wrong", "wrong", "throttled"]
