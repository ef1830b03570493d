"""The control API: what it does, what it refuses, and that no other web page can drive it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from django_jsms.sandbox import SandboxServer
from tests.sandbox.conftest import MOBILE, Answer, Caller
from tests.waiting import wait_for


def get(call: Caller, name: str) -> Any:
    answer = call("GET", f"/_sandbox/{name}", auth=None)
    assert answer.status == 200
    return answer.json


def put(call: Caller, name: str, body: Any = None, **more: Any) -> Answer:
    return call("POST", f"/_sandbox/{name}", body, auth=None, **more)


@pytest.mark.core
def test_outbox(call: Caller) -> None:
    first, second = call.code(), call.code("13900000000")
    messages = get(call, "outbox")["messages"]
    assert [each["msg_id"] for each in messages] == [second, first]
    assert [each["msg_id"] for each in get(call, f"outbox?since={messages[1]['seq']}")["messages"]] == [second]
    assert [each["msg_id"] for each in get(call, "outbox?limit=1")["messages"]] == [second]
    assert set(messages[0]) >= {"msg_id", "mobile", "text", "code", "kind", "temp_id", "app_key", "sent_at"}


@pytest.mark.core
def test_a_phone(call: Caller, sandbox: SandboxServer) -> None:
    first, second = call.code(), call.code()
    call.code("13900000000")
    phone = get(call, f"phones/{MOBILE}")
    assert (phone["mobile"], [each["msg_id"] for each in phone["messages"]]) == (MOBILE, [second, first])
    assert phone["messages"][0]["code"] == sandbox.last_code(MOBILE)
    assert get(call, "phones/nobody")["messages"] == []


def test_reset(call: Caller, sandbox: SandboxServer) -> None:
    epoch = get(call, "outbox")["epoch"]
    msg_id = call.code()
    put(call, "faults", {"fault": "close", "route": "/v1/x"})
    put(call, "clock", {"run": False, "advance": 1000})
    put(call, "balances", {"balance": 0})
    assert put(call, "reset").json == {"reset": True}
    after = get(call, "outbox")
    assert (after["messages"], after["epoch"]) == ([], epoch + 1)
    assert get(call, "faults")["faults"] == [] and get(call, "clock")["running"]
    assert get(call, "balances")["apps"]["sandbox"]["balance"] == 10_000_000
    assert call("POST", f"/v1/codes/{msg_id}/valid", {"code": "1"}).json["error"]["code"] == 50026
    assert int(call.code()) > int(msg_id)


def test_ledger(call: Caller) -> None:
    call.code()
    call.code()
    ledger = get(call, "ledger")
    assert ledger["counts"] == {"calls": 2, "accepted": 2, "messages": 2}
    since = ledger["calls"][0]["seq"]
    assert [each["seq"] for each in get(call, f"ledger?since={since}")["calls"]] == [ledger["calls"][1]["seq"]]


def test_clock(call: Caller) -> None:
    assert put(call, "clock", {"run": False, "set": "2030-01-01T00:00:00+00:00"}).json == {
        "now": "2030-01-01T08:00:00+08:00",
        "running": False,
        "speed": 0,
    }
    assert put(call, "clock", {"advance": 61}).json["now"] == "2030-01-01T08:01:01+08:00"
    assert put(call, "clock", {"set": "2030-05-01T09:00:00"}).json["now"] == "2030-05-01T09:00:00+08:00"
    assert put(call, "clock", {"speed": 60}).json["speed"] == 60
    assert put(call, "clock", {"run": True}).json["speed"] == 1


def test_the_clock_runs_stands_and_goes_faster(call: Caller) -> None:
    def read() -> datetime:
        return datetime.fromisoformat(get(call, "clock")["now"])

    second = timedelta(seconds=1)
    before = datetime.now(UTC)
    assert before - second < read() < datetime.now(UTC) + second
    put(call, "clock", {"run": False})
    assert read() == read()
    msg_id = call.code()
    put(call, "clock", {"speed": 100_000})
    wait_for(lambda: call("POST", f"/v1/codes/{msg_id}/valid", {"code": "x"}).code == 50011)
    put(call, "clock", {"run": True})
    began, before = time.monotonic(), read()
    assert timedelta() <= read() - before < timedelta(seconds=time.monotonic() - began) + second


def test_balances(call: Caller, sandbox: SandboxServer) -> None:
    answer = put(call, "balances", {"voice": None, "market": 5}).json
    assert (answer["apps"]["sandbox"]["voice"], answer["apps"]["sandbox"]["market"]) == (None, 5)
    assert put(call, "balances", {"of": "account", "balance": 1}).json["accounts"]["sandbox"]["balance"] == 1
    sandbox.state.add_app("shop", "secret")
    assert put(call, "balances", {"app_key": "shop", "balance": 2}).json["apps"]["shop"]["balance"] == 2


def test_faults(call: Caller) -> None:
    order = {"route": "/v1/codes", "method": "POST", "times": 2, "when": "after", "fault": "status", "status": 503}
    assert put(call, "faults", order).json["faults"] == [order]
    assert call("POST", "/v1/codes", {"mobile": MOBILE, "temp_id": 1}).status == 503
    assert get(call, "faults")["faults"] == [{**order, "times": 1}]
    assert call("DELETE", "/_sandbox/faults", auth=None).json["faults"] == []


BAD: list[tuple[str, Any, str | None]] = [
    ("reset", {"hard": True}, "hard"),
    ("clock", {}, None),
    ("clock", {"advance": "61"}, "advance"),
    ("clock", {"advance": True}, "advance"),
    ("clock", {"advance": 10**30}, "advance"),
    ("clock", {"set": "tomorrow"}, "set"),
    ("clock", {"set": 1}, "set"),
    ("clock", {"set": "0001-01-01T00:00:00"}, "set"),
    ("clock", {"run": "yes"}, "run"),
    ("clock", {"speed": -1}, "speed"),
    ("clock", {"jump": 1}, "jump"),
    ("balances", {"balance": -1}, "balance"),
    ("balances", {"balance": "1"}, "balance"),
    ("balances", {"gold": 1}, "gold"),
    ("balances", {"of": "shop"}, "of"),
    ("balances", {"app_key": "nobody"}, "app_key"),
    ("balances", {"app_key": []}, "app_key"),
    ("faults", {}, "fault"),
    ("faults", {"fault": "x"}, "fault"),
    ("faults", {"fault": "close", "when": "later"}, "when"),
    ("faults", {"fault": "close", "times": 0}, "times"),
    ("faults", {"fault": "close", "times": 1.5}, "times"),
    ("faults", {"fault": "close", "rate": 0}, "rate"),
    ("faults", {"fault": "close", "rate": 1.1}, "rate"),
    ("faults", {"fault": "close", "route": "/codes"}, "route"),
    ("faults", {"fault": "close", "method": "FETCH"}, "method"),
    ("faults", {"fault": "status", "status": 99}, "status"),
    ("faults", {"fault": "status", "headers": {"a b": "c"}}, "headers"),
    ("faults", {"fault": "status", "headers": {"a": "b\r\nc: d"}}, "headers"),
    ("faults", {"fault": "status", "headers": []}, "headers"),
    ("faults", {"fault": "delay", "seconds": -1}, "seconds"),
    ("faults", {"fault": "close", "colour": 1}, "colour"),
    ("templates", {}, "template"),
    ("templates", {"template": ""}, "template"),
    ("templates", {"template": "x", "type": "sms"}, "type"),
    ("templates", {"template": "x", "temp_id": 0}, "temp_id"),
    ("templates", {"template": "x", "ttl": 86_401}, "ttl"),
    ("templates", {"template": "x", "status": 1}, "status"),
    ("templates/1/audit", {}, "status"),
    ("templates/1/audit", {"status": "auditing"}, "status"),
    ("templates/1/audit", {"status": "approved", "reason": "x"}, "reason"),
    ("templates/404/audit", {"status": "approved"}, "id"),
    ("templates/x/audit", {"status": "approved"}, "id"),
    ("signatures", {"sign": []}, "sign"),
    ("signatures", {"sign": "x", "default": 1}, "default"),
    ("signatures/404/audit", {"status": "rejected"}, "id"),
    ("signatures/404/default", {}, "id"),
    ("outcomes", {}, "mobile"),
    ("outcomes", {"mobile": "123"}, "mobile"),
    ("outcomes", {"mobile": "*", "status": 4050}, "status"),
    ("outcomes", {"mobile": "*", "status": "never"}, "status"),
    ("outcomes", {"mobile": "*", "status": 4007, "channel": "text"}, "status"),
    ("outcomes", {"mobile": "*", "channel": "fax"}, "channel"),
    ("outcomes", {"mobile": "*", "delay": -1}, "delay"),
    ("deliver", {}, "msg_id"),
    ("deliver", {"msg_id": "1", "mobile": "1"}, "msg_id"),
    ("deliver", {"msg_id": "1"}, "msg_id"),
    ("deliver", {"mobile": MOBILE}, "mobile"),
    ("deliver", {"mobile": MOBILE, "status": 4011}, "status"),
    ("deliver", {"mobile": MOBILE, "app_key": "nobody"}, "app_key"),
    ("reply", {"content": "x"}, "mobile"),
    ("reply", {"mobile": MOBILE}, "content"),
    ("reply", {"mobile": MOBILE, "content": 1}, "content"),
    ("optouts", {"mobile": 13800138000}, "mobile"),
    ("apps", {}, None),
    ("apps", {"enabled": "no"}, "enabled"),
    ("apps", {"app_key": "nobody", "enabled": True}, "app_key"),
    ("ips", {}, "ips"),
    ("ips", {"ips": ["::1"]}, "ips"),
    ("ips", {"ips": ["10.0.0.1"] * 11}, "ips"),
    ("options", {}, None),
    ("options", {"frequency": None}, "frequency"),
    ("options", {"frequency": 1}, "frequency"),
    ("options", {"keep": 1}, "keep"),
    ("options", {"wrong_tries": 0}, "wrong_tries"),
    ("options", {"marketing_hours": "never"}, "marketing_hours"),
    ("options", {"black_words": "x"}, "black_words"),
    ("options", {"audit_after": "soon"}, "audit_after"),
    ("options", {"callback_timeout": 0}, "callback_timeout"),
    ("faults", [], None),
    ("faults", b"{", None),
    ("faults", b"[" * 100_000, None),
    ("faults", b"\xff", None),
]


@pytest.mark.parametrize(("name", "body", "field"), BAD, ids=lambda value: repr(value)[:40])
def test_bad_input(call: Caller, name: str, body: Any, field: str | None) -> None:
    answer = put(call, name, body)
    assert answer.status == 400
    assert answer.json["error"]["field"] == field and answer.json["error"]["reason"]


@pytest.mark.parametrize("query", ["since=x", "since=-1", "limit=0", "limit=9999999", "sinse=1"])
def test_bad_query(call: Caller, query: str) -> None:
    assert call("GET", f"/_sandbox/outbox?{query}", auth=None).status == 400


@pytest.mark.parametrize("path", ["nothing", "phones", "phones/1/2", "outbox/x", "../v1/codes"])
def test_unknown_path(call: Caller, path: str) -> None:
    answer = call("GET", f"/_sandbox/{path}", auth=None)
    assert answer.status == 404 and "/_sandbox/outbox" in answer.json["error"]["paths"]


def test_unknown_method(call: Caller) -> None:
    answer = call("PUT", "/_sandbox/clock", {}, auth=None)
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, POST")


def test_never_under_v1(call: Caller) -> None:
    assert call("POST", "/v1/_sandbox/reset").code == call("GET", "/v1/outbox").code == 50016


@pytest.mark.core
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "evil.example"},
    ],
)
def test_another_page_cannot_drive_it(call: Caller, sandbox: SandboxServer, headers: dict[str, str]) -> None:
    call.code()
    assert put(call, "reset", headers=headers).status == 403
    assert call("GET", "/_sandbox/outbox", auth=None, headers=headers).status == 403
    assert len(sandbox.outbox) == 1


def test_a_link_can_be_followed_to_it(call: Caller) -> None:
    headers = {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate"}
    assert call("GET", "/_sandbox/outbox", auth=None, headers=headers).status == 200
    assert put(call, "reset", headers=headers).status == 403


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_form_cannot_drive_it(call: Caller, kind: str) -> None:
    assert put(call, "clock", {"advance": 1}, headers={"Content-Type": kind}).status == 400


def test_its_own_page_can(call: Caller, sandbox: SandboxServer) -> None:
    headers = {"Origin": sandbox.url, "Sec-Fetch-Site": "same-origin"}
    assert put(call, "reset", headers=headers).status == 200


def test_answers_are_not_stored(call: Caller) -> None:
    headers = call("GET", "/_sandbox/outbox", auth=None).headers
    assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
