"""What becomes of messages: a report each, by a rule for the number, in time or by hand."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from django_jsms.sandbox import Options, SandboxServer
from django_jsms.sandbox.events import REPORT
from django_jsms.sandbox.reports import STATUSES
from tests.sandbox.conftest import MOBILE, Caller
from tests.sandbox.receiver import Receiver

OTHER = "13900000000"
VOICE_ONLY = {4007, 4008, 4009}


@pytest.fixture(autouse=True)
def stands(sandbox: SandboxServer) -> None:
    sandbox.clock.stop()


def voice(call: Caller, mobile: str = MOBILE) -> str:
    answer = call("POST", "/v1/voice_codes", {"mobile": mobile})
    assert answer.status == 200
    return str(answer.json["msg_id"])


def pulled(call: Caller, sandbox: SandboxServer) -> list[dict[str, Any]]:
    """Everything that waits, five seconds later."""
    sandbox.clock.advance(5)
    found: list[dict[str, Any]] = call("GET", "/v1/report").json
    return found


@pytest.mark.core
def test_delivered_after_a_second(call: Caller, sandbox: SandboxServer) -> None:
    msg_id = call.code()
    assert call("GET", "/v1/report").json == [] and sandbox.outbox[0].status is None
    sandbox.clock.advance(1)
    arrived = int(sandbox.clock.time() * 1000)
    (report,) = pulled(call, sandbox)
    assert report == {"msgId": msg_id, "phone": MOBILE, "receiveTime": arrived, "status": 4001}
    assert sandbox.outbox[0].status == 4001
    assert pulled(call, sandbox) == []


@pytest.mark.parametrize("status", STATUSES)
def test_each_status(call: Caller, sandbox: SandboxServer, status: int) -> None:
    send = partial(voice, call) if status in VOICE_ONLY else call.code
    sandbox.outcome(MOBILE, status)
    msg_id, other = send(MOBILE), send(OTHER)
    found = {each["msgId"]: each["status"] for each in pulled(call, sandbox)}
    assert found == {msg_id: status, other: 4001}


@pytest.mark.parametrize("status", sorted(VOICE_ONLY))
def test_only_a_call_can_be_declined(call: Caller, sandbox: SandboxServer, status: int) -> None:
    sandbox.outcome(MOBILE, status)
    text, spoken = call.code(), voice(call)
    found = {each["msgId"]: each["status"] for each in pulled(call, sandbox)}
    assert found == {text: 4001, spoken: status}
    with pytest.raises(ValueError, match="voice"):
        sandbox.outcome(MOBILE, status, channel="text")
    with pytest.raises(ValueError, match="voice"):
        sandbox.deliver(msg_id=text, status=status)


def test_only_a_text_is_read_by_the_carrier(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.outcome(MOBILE, 4010)
    text, spoken = call.code(), voice(call)
    assert {each["msgId"]: each["status"] for each in pulled(call, sandbox)} == {text: 4010, spoken: 4001}


def test_the_nearest_rule_holds(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.outcome("*", 4004)
    sandbox.outcome(MOBILE, 4003)
    sandbox.outcome(MOBILE, 4002, channel="voice")
    found = [call.code(OTHER), call.code(), voice(call)]
    reports = {each["msgId"]: each["status"] for each in pulled(call, sandbox)}
    assert [reports[each] for each in found] == [4004, 4003, 4002]


def test_a_delay_and_never(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.outcome(MOBILE, 4003, delay=3600)
    sandbox.outcome(OTHER, None)
    late, never = call.code(), call.code(OTHER)
    sandbox.clock.advance(3590)
    assert pulled(call, sandbox) == []
    assert [each["msgId"] for each in pulled(call, sandbox)] == [late]
    sandbox.clock.advance(86_400)
    assert pulled(call, sandbox) == []
    assert [each.status for each in sandbox.outbox if each.msg_id == never] == [None]


def test_reports_can_be_switched_off(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.state.options = Options(report_after=None)
    call.code()
    sandbox.clock.advance(86_400)
    assert pulled(call, sandbox) == []


def test_by_hand(call: Caller, sandbox: SandboxServer) -> None:
    first, second = call.code(), call.code()
    assert sandbox.deliver(mobile=MOBILE, status=4003).msg_id == second
    assert sandbox.deliver(mobile=MOBILE).msg_id == first
    assert [each["status"] for each in call("GET", "/v1/report").json] == [4003, 4001]
    assert pulled(call, sandbox) == []  # nobody is told twice


def test_a_later_word_by_hand(call: Caller, sandbox: SandboxServer) -> None:
    msg_id = call.code()
    assert [each["status"] for each in pulled(call, sandbox)] == [4001]
    assert sandbox.deliver(msg_id=msg_id, status=4100).status == 4100
    assert [each["status"] for each in pulled(call, sandbox)] == [4100]


def test_what_is_not_there(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.state.add_app("shop", "secret")
    msg_id = call.code()
    with pytest.raises(LookupError, match=OTHER):
        sandbox.deliver(mobile=OTHER)
    with pytest.raises(LookupError, match=msg_id):
        sandbox.deliver(msg_id=msg_id, app_key="shop")
    with pytest.raises(ValueError, match="4001"):
        sandbox.deliver(msg_id=msg_id, status=4011)


def test_a_whole_batch(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.outcome(OTHER, 4004)
    recipients = [{"mobile": MOBILE}, {"mobile": OTHER}, {"mobile": "13700000000"}]
    items = call("POST", "/v1/messages/batch", {"temp_id": 12, "recipients": recipients}).json["recipients"]
    found = {each["msgId"]: each["status"] for each in pulled(call, sandbox)}
    assert found == {items[0]["msg_id"]: 4001, items[1]["msg_id"]: 4004, items[2]["msg_id"]: 4001}


def test_a_schedule_that_ran_dry(call: Caller, sandbox: SandboxServer) -> None:
    when = sandbox.clock.now().replace(year=2030).strftime("%Y-%m-%d %H:%M:%S")
    made = call("POST", "/v1/schedule", {"mobile": MOBILE, "temp_id": 12, "send_time": when}).json
    shown = call("GET", f"/v1/schedule/{made['schedule_id']}").json["recipients"]
    sandbox.balance(balance=0, industry=0)
    sandbox.clock.advance(5 * 366 * 86_400)
    assert sandbox.outbox == []
    (report,) = pulled(call, sandbox)
    assert (report["msgId"], report["status"]) == (shown[0]["msg_id"], 4005)


def test_a_callback_instead(call: Caller, sandbox: SandboxServer, receiver: Receiver) -> None:
    sandbox.callback(REPORT, receiver.url)
    sandbox.outcome(MOBILE, 4003)
    msg_id = call.code()
    assert pulled(call, sandbox) == []
    sandbox.settle_callbacks()
    told = json.loads(receiver.data[0])
    assert (told["msgId"], told["status"]) == (msg_id, 4003)


def test_each_app_has_its_own_rules(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.state.add_app("shop", "secret")
    sandbox.outcome(MOBILE, 4004, app_key="shop")
    call.code()
    body = {"mobile": MOBILE, "temp_id": 1}
    assert call("POST", "/v1/codes", body, auth="shop:secret").status == 200
    sandbox.clock.advance(5)
    assert [each["status"] for each in call("GET", "/v1/report").json] == [4001]
    assert [each["status"] for each in call("GET", "/v1/report", auth="shop:secret").json] == [4004]


def test_a_reset_forgets_what_was_to_be_reported(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.outcome(MOBILE, 4004, delay=10)
    call.code()
    sandbox.reset()
    sandbox.clock.stop()
    assert (sandbox.state.unreported, sandbox.state.app().outcomes) == (0, {})
    sandbox.clock.advance(60)
    assert pulled(call, sandbox) == []


def test_memory_is_bounded(call: Caller, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django_jsms.sandbox.reports.MOST", 2)
    sandbox.outcome("*", delay=86_400)
    for number in range(5):
        call.code(f"1380000000{number}")
    assert (sandbox.state.unreported, len(call("GET", "/v1/report").json)) == (2, 3)
