"""Balances that run down: which pool, how many segments, and what happens at the end."""

from __future__ import annotations

from typing import Any

import pytest

from django_jsms.sandbox import SandboxServer
from django_jsms.sandbox.rendering import length, segments
from tests.sandbox.conftest import MOBILE, Caller

POOLS = {"balance": 100, "voice": 100, "industry": 100, "market": 100}


@pytest.mark.core
@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, 1), (1, 1), (70, 1), (71, 2), (134, 2), (135, 3), (201, 3), (202, 4), (350, 6), (500, 8)],
)
def test_segments(count: int, expected: int) -> None:
    assert segments(length("字" * count)) == expected


def test_a_line_break_and_an_emoji_count_two() -> None:
    assert length("a\n😀") == 5
    assert length("\ud800") == 1


@pytest.mark.parametrize(
    ("path", "body", "pool"),
    [
        ("/v1/codes", {"temp_id": 1}, "industry"),
        ("/v1/voice_codes", {}, "voice"),
        ("/v1/messages", {"temp_id": 12}, "industry"),
        ("/v1/messages", {"temp_id": 1, "temp_para": {"code": "1"}}, "industry"),
        ("/v1/messages", {"temp_id": 11}, "market"),
    ],
)
def test_pool(call: Caller, sandbox: SandboxServer, path: str, body: dict[str, Any], pool: str) -> None:
    for expected in (POOLS | {pool: 99}, POOLS | {pool: 0, "balance": 99}):
        sandbox.balance(**POOLS | {pool: 100 if expected[pool] else 0})
        call("POST", path, {"mobile": MOBILE, **body})
        assert sandbox.balance() == expected
        sandbox.clock.advance(60)


def test_long_text_costs_its_segments(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.balance(industry=3, balance=1)
    body = {"mobile": MOBILE, "temp_id": 30, "temp_para": {"text": "字" * 129}}
    assert call("POST", "/v1/messages", body).status == 200
    assert sandbox.outbox[-1].segments == 3
    assert call("POST", "/v1/messages", body).code == 50014
    assert sandbox.balance() | {"voice": 0, "market": 0} == {"balance": 1, "voice": 0, "industry": 0, "market": 0}


def test_a_batch_is_paid_whole_or_not_sent(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.balance(industry=1, balance=1)
    recipients = [{"mobile": f"1390000000{number}"} for number in range(3)]
    assert call("POST", "/v1/messages/batch", {"temp_id": 12, "recipients": recipients}).code == 50014
    assert sandbox.outbox == []
    recipients[2]["mobile"] = "x"
    answer = call("POST", "/v1/messages/batch", {"temp_id": 12, "recipients": recipients})
    assert answer.json["success_count"] == 2
    assert sandbox.balance()["industry"] == sandbox.balance()["balance"] == 0


def test_an_app_without_allotment_lives_on_its_account(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.balance(balance=None, voice=None, industry=None, market=None)
    sandbox.balance(of="account", balance=0, industry=1)
    call.code()
    assert call("POST", "/v1/codes", {"mobile": MOBILE, "temp_id": 1}).code == 50014


def test_an_app_with_an_allotment_does_not(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.balance(balance=0, industry=0)
    assert call("POST", "/v1/codes", {"mobile": MOBILE, "temp_id": 1}).code == 50014


def test_unknown_pool(sandbox: SandboxServer) -> None:
    with pytest.raises(ValueError, match="no such pool: gold"):
        sandbox.balance(gold=1)


def test_percent_signs_and_braces_stay(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.state.app().signatures[1].text = "100%{{no}}"
    body = {"mobile": MOBILE, "temp_id": 30, "temp_para": {"text": "%s {{no}} %(text)s"}}
    assert call("POST", "/v1/messages", body).status == 200
    assert sandbox.outbox[0].text == "【100%{{no}}】%s {{no}} %(text)s"
