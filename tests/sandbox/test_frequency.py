"""How often a number may be reached: the platform's table, on the sandbox's clock."""

from __future__ import annotations

from typing import Any

import pytest

from django_jsms.sandbox import SandboxServer
from django_jsms.sandbox.frequency import Frequency
from tests.sandbox.conftest import MOBILE, Caller

VOICE = ("/v1/voice_codes", {"mobile": MOBILE})
CODE = ("/v1/codes", {"mobile": MOBILE, "temp_id": 1})
NOTICE = ("/v1/messages", {"mobile": MOBILE, "temp_id": 12})
MARKETING = ("/v1/messages", {"mobile": MOBILE, "temp_id": 11})


@pytest.mark.parametrize(
    ("send", "most", "seconds"),
    [(VOICE, 1, 20), (CODE, 200, 86_400), (NOTICE, 3, 600), (MARKETING, 3, 600)],
    ids=["voice", "code", "notice", "marketing"],
)
def test_most_in_a_window(
    call: Caller, sandbox: SandboxServer, send: tuple[str, dict[str, Any]], most: int, seconds: int
) -> None:
    sandbox.clock.stop()
    path, body = send
    assert [call("POST", path, body).status for _ in range(most)] == [200] * most
    assert call("POST", path, body).code == 50009
    assert call("POST", path, {**body, "mobile": "13900000000"}).status == 200
    sandbox.clock.advance(seconds - 1)
    assert call("POST", path, body).code == 50009
    sandbox.clock.advance(1)
    assert call("POST", path, body).status == 200


def test_notices_with_other_content(call: Caller) -> None:
    for number in range(8):
        body = {"mobile": MOBILE, "temp_id": 10, "temp_para": {"no": str(number), "day": "x"}}
        assert call("POST", "/v1/messages", body).status == 200


def test_items_of_a_batch(call: Caller) -> None:
    for _ in range(3):
        call("POST", *NOTICE)
    recipients = [{"mobile": MOBILE}, {"mobile": "13900000000"}]
    answer = call("POST", "/v1/messages/batch", {"temp_id": 12, "recipients": recipients}).json
    assert [item.get("error_code") for item in answer["recipients"]] == ["50009", None]


def test_switched_off(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.state.options.frequency = False
    assert [call("POST", *VOICE).status for _ in range(5)] == [200] * 5


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django_jsms.sandbox.frequency._HALF", 50)
    lane = Frequency().lane("app", "voice")
    for number in range(1000):
        assert lane.take(str(number), "x", 1000.0)
        assert not lane.take(str(max(0, number - 20)), "x", 1001.0)  # the newest are remembered
    assert 20 <= len(lane) <= 101


def test_memory_is_bounded_for_few_numbers_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django_jsms.sandbox.frequency._HALF", 50)
    lane = Frequency().lane("app", "code")
    for number in range(1000):
        lane.take(str(number % 3), "x", 1000.0 + number)
    assert len(lane) < 3 * 200 + 101


def test_a_refused_call_is_not_counted(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.balance(balance=0, voice=0)
    assert call("POST", *VOICE).code == 50014
    sandbox.balance(voice=1)
    assert call("POST", *VOICE).status == 200


def test_without_the_newer_rule(call: Caller, sandbox: SandboxServer) -> None:
    def send(number: int) -> int:
        body = {"mobile": MOBILE, "temp_id": 10, "temp_para": {"no": str(number), "day": "x"}}
        return call("POST", "/v1/messages", body).status

    assert [send(number) for number in range(201)] == [200] * 200 + [403]
    sandbox.state.options.notice_other_content = False
    assert send(201) == 200
