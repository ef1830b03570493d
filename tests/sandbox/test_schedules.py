"""Schedules: made, read, changed, cancelled, and fired at Beijing wall time."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any

import pytest

from django_jsms.sandbox import SandboxServer
from tests.sandbox.conftest import MOBILE, Caller
from tests.waiting import PATIENCE, wait_for

NINE = "2030-07-01 09:00:00"
ONE: dict[str, Any] = {
    "mobile": MOBILE,
    "temp_id": 10,
    "temp_para": {"no": "1", "day": "x"},
    "send_time": NINE,
}
MANY: dict[str, Any] = {
    "temp_id": 12,
    "tag": "spring",
    "recipients": [{"mobile": MOBILE}, {"mobile": "186"}],
    "send_time": NINE,
}


@pytest.fixture(autouse=True)
def before_nine(sandbox: SandboxServer) -> None:
    sandbox.clock.stop()
    sandbox.clock.set(datetime(2030, 7, 1, 8, 59))


def made(call: Caller, body: dict[str, Any] = ONE) -> str:
    path = "/v1/schedule/batch" if "recipients" in body else "/v1/schedule"
    return str(call("POST", path, body).json["schedule_id"])


@pytest.mark.core
def test_fires_at_its_time(call: Caller, sandbox: SandboxServer) -> None:
    schedule_id = made(call)
    sandbox.clock.advance(59.5)
    assert sandbox.outbox == []
    sandbox.clock.advance(0.5)
    (message,) = sandbox.outbox
    assert (message.mobile, message.schedule_id) == (MOBILE, schedule_id)
    assert message.sent_at.isoformat() == "2030-07-01T09:00:00+08:00"
    sandbox.clock.advance(3600)
    assert len(sandbox.outbox) == 1
    assert [entry.event for entry in sandbox.ledger] == ["call", "fired"]
    assert sandbox.ledger[1].msg_ids == [message.msg_id]


def test_fires_with_nobody_asking(call: Caller, sandbox: SandboxServer) -> None:
    arrived = threading.Event()
    sandbox.watch(on_messages=lambda messages: arrived.set())
    made(call)
    sandbox.clock.run(600)
    try:
        assert arrived.wait(PATIENCE)
    finally:
        sandbox.watch(on_messages=lambda messages: None)


def test_single(call: Caller) -> None:
    answer = call("POST", "/v1/schedule", ONE)
    assert list(answer.json) == ["schedule_id"]
    schedule_id = answer.json["schedule_id"]
    read = call("GET", f"/v1/schedule/{schedule_id}").json
    (recipient,) = read["recipients"]
    assert isinstance(recipient.pop("msg_id"), str)
    assert recipient == {"mobile": MOBILE, "temp_para": {"no": "1", "day": "x"}}
    assert {**read, "recipients": 0} == {
        "schedule_id": schedule_id,
        "send_time": NINE,
        "temp_id": 10,
        "recipients": 0,
    }


def test_batch(call: Caller, sandbox: SandboxServer) -> None:
    answer = call("POST", "/v1/schedule/batch", MANY).json
    schedule_id = answer.pop("schedule_id")
    assert answer == {
        "success_count": 1,
        "failure_count": 1,
        "failure_recipients": [{"error_code": "50006", "error_message": "invalid mobile", "mobile": "186"}],
    }
    (recipient,) = call("GET", f"/v1/schedule/{schedule_id}").json["recipients"]
    assert set(recipient) == {"msg_id", "mobile"}
    sandbox.clock.advance(60)
    assert [(message.msg_id, message.tag) for message in sandbox.outbox] == [(recipient["msg_id"], "spring")]


def test_batch_without_failures_has_an_empty_list(call: Caller) -> None:
    answer = call("POST", "/v1/schedule/batch", {**MANY, "recipients": [{"mobile": MOBILE}]}).json
    assert answer["failure_recipients"] == []


@pytest.mark.parametrize("body", [ONE, MANY], ids=["single", "batch"])
def test_change(call: Caller, sandbox: SandboxServer, body: dict[str, Any]) -> None:
    schedule_id = made(call, body)
    path = f"/v1/schedule/batch/{schedule_id}" if body is MANY else f"/v1/schedule/{schedule_id}"
    later = {**body, "send_time": "2030-07-01 10:00:00"}
    assert call("PUT", path, later).json["schedule_id"] == schedule_id
    assert call("GET", f"/v1/schedule/{schedule_id}").json["send_time"] == "2030-07-01 10:00:00"
    sandbox.clock.advance(60)
    assert sandbox.outbox == []
    sandbox.clock.advance(3600)
    assert len(sandbox.outbox) == 1


def test_change_to_earlier(call: Caller, sandbox: SandboxServer) -> None:
    schedule_id = made(call, {**ONE, "send_time": "2031-01-01 00:00:00"})
    call("PUT", f"/v1/schedule/{schedule_id}", ONE)
    sandbox.clock.advance(60)
    assert len(sandbox.outbox) == 1


def test_the_other_kind_is_unknown(call: Caller) -> None:
    assert call("PUT", f"/v1/schedule/batch/{made(call)}", MANY).code == 50028
    assert call("PUT", f"/v1/schedule/{made(call, MANY)}", ONE).code == 50028


@pytest.mark.core
@pytest.mark.parametrize("body", [ONE, MANY], ids=["single", "batch"])
def test_cancel(call: Caller, sandbox: SandboxServer, body: dict[str, Any]) -> None:
    schedule_id = made(call, body)
    answer = call("DELETE", f"/v1/schedule/{schedule_id}")
    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"", "0")
    assert call("GET", f"/v1/schedule/{schedule_id}").code == 50028
    assert call("DELETE", f"/v1/schedule/{schedule_id}").code == 50029
    sandbox.clock.advance(60)
    assert sandbox.outbox == []


def test_fired_is_closed_but_readable(call: Caller, sandbox: SandboxServer) -> None:
    schedule_id = made(call)
    sandbox.clock.advance(60)
    later = {**ONE, "send_time": "2030-07-01 10:00:00"}
    assert call("GET", f"/v1/schedule/{schedule_id}").status == 200
    assert call("PUT", f"/v1/schedule/{schedule_id}", later).code == 50029
    assert call("DELETE", f"/v1/schedule/{schedule_id}").code == 50029


def test_now_is_too_late(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.clock.set(datetime(2030, 7, 1, 9))
    assert call("POST", "/v1/schedule", ONE).code == 50027
    assert call("POST", "/v1/schedule", {**ONE, "send_time": "2030-07-01 09:00:01"}).status == 200


def test_another_apps_schedule_is_unknown(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.state.add_app("shop", "secret")
    path = f"/v1/schedule/{made(call)}"
    assert [call(method, path, auth="shop:secret").code for method in ("GET", "DELETE")] == [50028, 50028]


def test_money_is_taken_when_it_fires(call: Caller, sandbox: SandboxServer) -> None:
    made(call, {**MANY, "recipients": [{"mobile": MOBILE}, {"mobile": "13900000000"}]})
    sandbox.balance(industry=1, balance=0)
    sandbox.clock.advance(60)
    assert [message.mobile for message in sandbox.outbox] == [MOBILE]
    assert sandbox.balance()["industry"] == 0


def test_content_is_looked_at_when_it_fires(call: Caller, sandbox: SandboxServer) -> None:
    made(call, {**ONE, "temp_para": {"no": "敏感词", "day": "x"}})
    sandbox.clock.advance(60)
    assert sandbox.outbox == []


def test_the_alarm_sleeps_while_the_clock_stands(
    sandbox: SandboxServer, call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds: list[float | None] = []
    until_due = SandboxServer._until_due

    def noted(server: SandboxServer) -> float | None:
        wait = until_due(server)
        if server is sandbox:
            rounds.append(wait)
        return wait

    monkeypatch.setattr(SandboxServer, "_until_due", noted)
    made(call)
    sandbox.clock.wake()
    before = len(wait_for(lambda: rounds))
    for _ in range(100):
        assert call("GET", "/v1/accounts/app").status == 200
    # What it was woken for may come late; of its own accord it would go round all the time.
    assert len(rounds) <= before + 3 and set(rounds) == {None}
