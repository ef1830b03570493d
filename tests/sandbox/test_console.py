"""The console's and the phones' part of the control API: what it changes, JSMS answers by at once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from django_jsms.sandbox import SandboxServer
from django_jsms.sandbox.events import KINDS
from tests.sandbox.conftest import MOBILE, Caller
from tests.sandbox.receiver import Receiver
from tests.sandbox.test_refusals import refused

NOTICE = {"mobile": MOBILE, "temp_id": 12}


def get(call: Caller, name: str) -> Any:
    answer = call("GET", f"/_sandbox/{name}", auth=None)
    assert answer.status == 200, answer.body
    return answer.json


def put(call: Caller, name: str, **members: Any) -> Any:
    answer = call("POST", f"/_sandbox/{name}", members, auth=None)
    assert answer.status == 200, answer.body
    return answer.json


@pytest.mark.core
def test_a_template_is_audited(call: Caller) -> None:
    temp_id = call("POST", "/v1/templates", {"template": "您的{{code}}", "type": 1, "ttl": 60}).json["temp_id"]
    body = {"mobile": MOBILE, "temp_id": temp_id}
    refused(call("POST", "/v1/codes", body), 50020)
    shown = put(call, f"templates/{temp_id}/audit", status="rejected", reason="缺少用途")
    assert (shown["status"], shown["reason"]) == ("rejected", "缺少用途")
    refused(call("POST", "/v1/codes", body), 50021)
    assert put(call, f"templates/{temp_id}/audit", status="approved")["reason"] is None
    assert call("POST", "/v1/codes", body).status == 200
    (listed,) = [each for each in get(call, "templates")["templates"] if each["temp_id"] == temp_id]
    assert (listed["template"], listed["type"], listed["status"], listed["ttl"]) == (
        "您的{{code}}",
        "code",
        "approved",
        60,
    )


def test_templates_are_put_there(call: Caller) -> None:
    made = put(call, "templates", template="到货{{no}}", temp_id=777)
    assert (made["temp_id"], made["type"], made["status"]) == (777, "notice", "approved")
    sent = call("POST", "/v1/messages", {"mobile": MOBILE, "temp_id": 777, "temp_para": {"no": "1"}})
    assert sent.status == 200
    waiting = put(call, "templates", template="促销", type="marketing", status="auditing")
    refused(call("POST", "/v1/messages", {"mobile": MOBILE, "temp_id": waiting["temp_id"]}), 50020)


def test_signatures(call: Caller, sandbox: SandboxServer) -> None:
    made = put(call, "signatures", sign="商城", status="auditing")
    number = made["sign_id"]
    refused(call("POST", "/v1/messages", {**NOTICE, "sign_id": number}), 50102)
    put(call, f"signatures/{number}/audit", status="approved")
    assert put(call, f"signatures/{number}/default")["default"]
    assert call("POST", "/v1/messages", NOTICE).status == 200
    assert sandbox.outbox[-1].text.startswith("【商城】")
    assert [each["default"] for each in get(call, "signatures")["signatures"]] == [False, True]
    assert call("DELETE", f"/v1/sign/{number}").code == 50105
    shown = put(call, f"signatures/{number}/audit", status="rejected")
    assert shown["reason"]  # a callback of a refusal always carries one
    refused(call("POST", "/v1/messages", NOTICE), 50046)


def test_outcomes(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.clock.stop()
    put(call, "outcomes", mobile=MOBILE, status=4003, delay=2)
    listed = put(call, "outcomes", mobile="*", status="none", channel="voice")
    assert listed["outcomes"] == [
        {"mobile": MOBILE, "channel": "any", "status": 4003, "delay": 2},
        {"mobile": "*", "channel": "voice", "status": "none", "delay": None},
    ]
    assert listed["statuses"]["4004"] and len(listed["statuses"]) == 11
    call.code()
    put(call, "clock", advance=2)
    assert get(call, "outbox")["messages"][0]["status"] == 4003
    assert len(call("DELETE", f"/_sandbox/outcomes?mobile={MOBILE}", auth=None).json["outcomes"]) == 1
    assert call("DELETE", "/_sandbox/outcomes", auth=None).json["outcomes"] == get(call, "outcomes")["outcomes"] == []


def test_deliver(call: Caller) -> None:
    msg_id = call.code()
    assert put(call, "deliver", msg_id=msg_id, status=4004)["status"] == 4004
    assert [each["status"] for each in call("GET", "/v1/report").json] == [4004]
    spoken = call("POST", "/v1/voice_codes", {"mobile": MOBILE}).json["msg_id"]
    assert put(call, "deliver", mobile=MOBILE, status=4008)["msg_id"] == spoken
    answer = call("POST", "/_sandbox/deliver", {"msg_id": msg_id, "status": 4008}, auth=None)
    assert answer.json["error"]["field"] == "status" and "voice" in answer.json["error"]["reason"]


@pytest.mark.core
def test_replies_and_optouts(call: Caller) -> None:
    call.code()
    assert put(call, "reply", mobile=MOBILE, content="TD")["opted_out"]
    assert get(call, "optouts")["optouts"] == [MOBILE]
    assert put(call, "optouts", mobile="13900000000")["optouts"] == [MOBILE, "13900000000"]
    refused(call("POST", "/v1/messages", {"mobile": "13900000000", "temp_id": 11}), 50024)
    dropped = call("DELETE", f"/_sandbox/optouts?mobile={MOBILE}", auth=None)
    assert dropped.json["optouts"] == ["13900000000"]
    assert call("POST", "/v1/messages", {"mobile": MOBILE, "temp_id": 11}).status == 200
    assert call("DELETE", "/_sandbox/optouts", auth=None).json["optouts"] == []
    assert [each["content"] for each in get(call, f"phones/{MOBILE}")["replies"]] == ["TD"]


def test_the_ip_list(call: Caller) -> None:
    assert put(call, "ips", ips=["10.0.0.1"])["ips"] == ["10.0.0.1"]
    refused(call("POST", "/v1/messages", NOTICE), 50035)
    refused(call("GET", "/v1/accounts/app"), 50035)
    assert get(call, "ips")["ips"] == ["10.0.0.1"]
    put(call, "ips", ips=["10.0.0.1", "127.0.0.1"])
    assert call("POST", "/v1/messages", NOTICE).status == 200
    assert put(call, "ips", ips=[])["ips"] == []


def test_apps(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.state.add_app("shop", "hidden")
    assert put(call, "apps", enabled=False)["enabled"] is False
    refused(call("POST", "/v1/messages", NOTICE), 50008)
    put(call, "apps", enabled=True, blacklisted=True)
    refused(call("POST", "/v1/messages", NOTICE), 50036)
    listed = get(call, "apps")["apps"]
    assert [(each["app_key"], each["enabled"], each["blacklisted"]) for each in listed] == [
        ("sandbox", True, True),
        ("shop", True, False),
    ]
    assert "hidden" not in str(listed)
    assert put(call, "apps", app_key="shop", blacklisted=True)["blacklisted"]


def test_options(call: Caller) -> None:
    before = get(call, "options")["options"]
    changed = {"msg_id_as_text": True, "frequency": False, "audit_after": 2, "black_words": ["禁词"]}
    assert put(call, "options", **changed)["options"] == {**before, **changed}
    assert isinstance(call("POST", "/v1/messages", NOTICE).json["msg_id"], str)
    assert all(call("POST", "/v1/messages", NOTICE).status == 200 for _ in range(5))
    put(call, "options", audit_after=None)
    put(call, "reset")
    assert get(call, "options")["options"] == before


def test_each_option_can_be_given_back(call: Caller) -> None:
    given = get(call, "options")["options"]
    assert put(call, "options", **{name: value for name, value in given.items() if name != "keep"})["options"] == given


def test_audits_after_a_while(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.clock.stop()
    put(call, "options", audit_after=60, audit_refusal="字数太少")
    temp_id = call("POST", "/v1/templates", {"template": "通知", "type": 2}).json["temp_id"]
    put(call, "clock", advance=59)
    assert call("GET", f"/v1/templates/{temp_id}").json["status"] == 0
    put(call, "clock", advance=1)
    assert call("GET", f"/v1/templates/{temp_id}").json["status"] == 2
    assert [each["reason"] for each in get(call, "templates")["templates"] if each["temp_id"] == temp_id] == [
        "字数太少"
    ]


@pytest.mark.core
def test_events(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.clock.stop()
    first = call.code()
    seen = get(call, "events")
    assert ([each["msg_id"] for each in seen["messages"]], seen["replies"], seen["reports"]) == ([first], [], [])
    second = call.code()
    put(call, "reply", mobile=MOBILE, content="收到")
    put(call, "clock", advance=1)
    newer = get(call, f"events?since={seen['seq']}")
    assert [each["msg_id"] for each in newer["messages"]] == [second]
    assert [(each["mobile"], each["content"]) for each in newer["replies"]] == [(MOBILE, "收到")]
    assert [(each["msg_id"], each["status"]) for each in newer["reports"]] == [(second, 4001), (first, 4001)]
    numbers = [each["seq"] for kind in ("messages", "replies", "reports") for each in newer[kind]]
    assert len(set(numbers)) == 4 and max(numbers) == newer["seq"]
    after = get(call, f"events?since={newer['seq']}")
    assert after["messages"] == after["replies"] == after["reports"] == [] and after["seq"] == newer["seq"]


@pytest.mark.core
def test_the_request_log(call: Caller, sandbox: SandboxServer) -> None:
    call.code()
    call("POST", "/v1/messages?a=b", {"mobile": "1", "temp_id": 12}, headers={"Cookie": "secret"})
    newest, oldest = get(call, "requests")["requests"]
    assert (oldest["method"], oldest["path"], oldest["status"]) == ("POST", "/v1/codes", 200)
    assert MOBILE in oldest["body"] and "msg_id" in oldest["answer"] and oldest["app_key"] == "sandbox"
    assert oldest["headers"]["Authorization"] == newest["headers"]["Cookie"] == "•"
    assert (newest["path"], newest["status"], newest["code"]) == ("/v1/messages?a=b", 403, 50006)
    assert "c2FuZGJveD" not in str(get(call, "requests"))
    assert get(call, f"requests?since={oldest['seq']}")["requests"] == [newest]
    put(call, "reset")
    assert get(call, "requests")["requests"] == []


def test_the_request_log_and_faults(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.fault("status", status=503)
    assert call("POST", "/v1/messages", NOTICE).status == 503
    (shown,) = get(call, "requests")["requests"]
    assert (shown["status"], shown["fault"]["fault"]) == (503, "status")


def test_the_request_log_is_bounded(call: Caller, sandbox: SandboxServer) -> None:
    recipients = [{"mobile": f"139{number:08d}"} for number in range(1000)]
    body = {"temp_id": 12, "recipients": recipients}
    assert call("POST", "/v1/messages/batch", body).status == 200
    (shown,) = get(call, "requests")["requests"]
    assert len(shown["body"]) == len(shown["answer"]) == 4000 < shown["size"]


def test_the_papers_of_a_signature_are_not_shown(call: Caller) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="legalPersonName"\r\n\r\nZhang\r\n--x--\r\n'
    call("POST", "/v1/sign", body, headers={"Content-Type": "multipart/form-data; boundary=x"})
    (shown,) = get(call, "requests")["requests"]
    assert (shown["body"], shown["size"]) == ("•", len(body))


@pytest.mark.core
def test_all_four_kinds_reach_an_address(call: Caller, sandbox: SandboxServer, receiver: Receiver) -> None:
    sandbox.clock.stop()
    for kind in KINDS:
        put(call, "callbacks", kind=kind, url=receiver.url)
    msg_id = call.code()
    put(call, "deliver", msg_id=msg_id, status=4003)
    put(call, "reply", mobile=MOBILE, content="TD")
    put(call, "templates/20/audit", status="rejected", reason="缺少用途")
    put(call, "signatures/1/audit", status="approved")
    sandbox.settle_callbacks()
    now = int(sandbox.clock.time() * 1000)
    told = [(form["type"], json.loads(form["data"])) for form in receiver.forms]
    assert told == [
        ("SMS_REPORT", {"msgId": msg_id, "phone": MOBILE, "receiveTime": now, "status": 4003}),
        ("SMS_REPLY", {"phone": MOBILE, "replyTime": now, "content": "TD"}),
        ("SMS_TEMPLATE", {"tempId": 20, "status": 2, "refuseReason": "缺少用途"}),
        ("SMS_SIGN", {"signId": 1, "status": 1}),
    ]
    assert call("GET", "/v1/report").json == call("GET", "/v1/reply").json == []
