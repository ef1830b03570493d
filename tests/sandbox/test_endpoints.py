"""What each endpoint answers when all is well, in shape and type, and what it forgives."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from django_jsms.sandbox import SandboxServer
from tests.sandbox.conftest import MOBILE, Caller

PARAMS = {"no": "42", "day": "周四"}


@pytest.mark.core
def test_text_code(call: Caller, sandbox: SandboxServer) -> None:
    answer = call("POST", "/v1/codes", {"mobile": MOBILE, "temp_id": 1})
    assert set(answer.json) == {"msg_id"}
    assert re.fullmatch(r"\d{12}", answer.json["msg_id"])
    (message,) = sandbox.outbox
    assert re.fullmatch(r"\d{6}", message.code or "")
    assert message.text == f"【短信沙箱】您的验证码是{message.code}，5分钟内有效。"
    assert (message.kind, message.mobile, message.msg_id) == ("text", MOBILE, answer.json["msg_id"])


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"code": "0042"}, "您的验证码是 0 0 4 2"),
        ({"code": "0042", "voice_lang": 1}, "Your verification code is 0 0 4 2"),
        ({"code": "0042", "voice_lang": "2"}, "您的验证码是 0 0 4 2. Your code is 0 0 4 2"),
        ({"code": 12345678}, "您的验证码是 1 2 3 4 5 6 7 8"),
    ],
)
def test_voice_code(call: Caller, sandbox: SandboxServer, fields: dict[str, Any], text: str) -> None:
    answer = call("POST", "/v1/voice_codes", {"mobile": MOBILE, **fields})
    assert isinstance(answer.json["msg_id"], str)
    (message,) = sandbox.outbox
    assert (message.kind, message.text, message.code) == ("voice", text, str(fields["code"]))


def test_voice_code_of_its_own(call: Caller, sandbox: SandboxServer) -> None:
    msg_id = call("POST", "/v1/voice_codes", {"mobile": MOBILE}).json["msg_id"]
    code = sandbox.last_code(MOBILE)
    assert len(code) == 6
    assert call("POST", f"/v1/codes/{msg_id}/valid", {"code": code}).json == {"is_valid": True}


@pytest.mark.core
def test_message_answers_a_number(call: Caller, sandbox: SandboxServer) -> None:
    answer = call("POST", "/v1/messages", {"mobile": MOBILE, "temp_id": 10, "temp_para": PARAMS})
    assert type(answer.json["msg_id"]) is int
    assert sandbox.outbox[-1].text == "【短信沙箱】订单42已发货，周四送达"
    assert sandbox.outbox[-1].msg_id == str(answer.json["msg_id"])


def test_message_answers_text_by_switch(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.state.options.msg_id_as_text = True
    assert isinstance(call("POST", "/v1/messages", {"mobile": MOBILE, "temp_id": 12}).json["msg_id"], str)


def test_marketing_carries_the_opt_out_line(call: Caller, sandbox: SandboxServer) -> None:
    call("POST", "/v1/messages", {"mobile": MOBILE, "temp_id": 11})
    assert sandbox.outbox[-1].text == "【短信沙箱】春季新品上架拒收请回复R"


@pytest.mark.core
def test_batch(call: Caller, sandbox: SandboxServer) -> None:
    recipients = [
        {"mobile": MOBILE, "temp_para": PARAMS},
        {"mobile": "186", "temp_para": PARAMS},
        {"mobile": MOBILE, "temp_para": PARAMS},
        {"mobile": MOBILE, "temp_para": {**PARAMS, "no": "43"}},
    ]
    answer = call("POST", "/v1/messages/batch", {"temp_id": 10, "recipients": recipients, "tag": "spring"}).json
    items = answer["recipients"]
    assert (answer["success_count"], answer["failure_count"], len(items)) == (2, 2, 4)
    assert [item.get("error_code") for item in items] == [None, "50006", "50034", None]
    assert items[2]["error_message"] == "repeat send"
    assert len({item["msg_id"] for item in items}) == 4
    assert [(message.msg_id, message.tag) for message in sandbox.outbox] == [
        (items[0]["msg_id"], "spring"),
        (items[3]["msg_id"], "spring"),
    ]


def test_batch_in_which_all_failed(call: Caller) -> None:
    answer = call("POST", "/v1/messages/batch", {"temp_id": 12, "recipients": [{"mobile": "1"}]})
    assert (answer.status, answer.json["success_count"], answer.json["failure_count"]) == (200, 0, 1)


def test_a_thousand(call: Caller, sandbox: SandboxServer) -> None:
    recipients = [{"mobile": f"139{number:08d}"} for number in range(1000)]
    answer = call("POST", "/v1/messages/batch", {"temp_id": 12, "recipients": recipients})
    assert answer.json["success_count"] == len(sandbox.outbox) == 1000
    assert len(sandbox.ledger) == 1 and len(sandbox.ledger[0].msg_ids) == 1000


def test_balances(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.balance(balance=1, voice=22, industry=None, market=14)
    sandbox.balance(of="account", balance=9, voice=None, industry=121981, market=11683)
    assert call("GET", "/v1/accounts/app").json == {
        "app_balance": 1,
        "app_voice": 22,
        "app_industry": None,
        "app_market": 14,
    }
    assert call("GET", "/v1/accounts/dev").json == {
        "dev_balance": 9,
        "dev_voice": None,
        "dev_industry": 121981,
        "dev_market": 11683,
    }


LENIENT: list[tuple[str, Any, dict[str, str]]] = [
    ("no type", {}, {"Content-Type": ""}),
    ("text/plain", {}, {"Content-Type": "text/plain; charset=utf-8"}),
    ("json with charset", {}, {"Content-Type": "application/json; charset=UTF-8"}),
    ("number as mobile", {"mobile": 13800138000}, {}),
    ("text as temp_id", {"temp_id": "12"}, {}),
    ("text as sign_id", {"sign_id": "1"}, {}),
    ("PHP's empty array", {"temp_para": []}, {}),
    ("empty object", {"temp_para": {}}, {}),
    ("null", {"temp_para": None, "sign_id": None}, {}),
    ("surplus parameters", {"temp_para": {"other": "x"}}, {}),
    ("unknown members", {"type": 1, "text": "x", "ttl": []}, {}),
    ("numbers as parameters", {"temp_id": 10, "temp_para": {"no": 42, "day": 1.5}}, {}),
]


@pytest.mark.parametrize(("change", "headers"), [row[1:] for row in LENIENT], ids=[row[0] for row in LENIENT])
def test_forgiven(call: Caller, change: dict[str, Any], headers: dict[str, str]) -> None:
    body = {"mobile": MOBILE, "temp_id": 12, **change}
    assert call("POST", "/v1/messages", body, headers=headers).status == 200
    item = {name: body[name] for name in ("mobile", "temp_para") if name in body}
    batch = {**body, "recipients": [item]}
    assert call("POST", "/v1/messages/batch", batch, headers=headers).json["success_count"] == 1


def test_numbers_come_back_as_given(call: Caller) -> None:
    item = {"mobile": "1", "temp_para": {"no": 42, "day": "x"}}
    answer = call("POST", "/v1/messages/batch", {"temp_id": 10, "recipients": [item]})
    assert answer.json["recipients"][0]["temp_para"] == {"no": 42, "day": "x"}


def test_chunked_body(call: Caller) -> None:
    body = json.dumps({"mobile": MOBILE, "temp_id": 1}).encode()
    connection = call.connection
    headers = {"Authorization": "Basic c2FuZGJveDpzYW5kYm94", "Transfer-Encoding": "chunked"}
    for _ in range(2):
        connection.request("POST", "/v1/codes", iter([body[:9], body[9:]]), headers, encode_chunked=True)
        response = connection.getresponse()
        assert (response.status, b"msg_id" in response.read()) == (200, True)


def test_several_apps(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.state.add_app("shop", "secret", templates={77: "只属于商店"})
    body = {"mobile": MOBILE, "temp_id": 77}
    assert call("POST", "/v1/messages", body).code == 50013
    assert call("POST", "/v1/messages", body, auth="shop:secret").status == 200
    msg_id = call.code()
    answer = call("POST", f"/v1/codes/{msg_id}/valid", {"code": sandbox.last_code(MOBILE)}, auth="shop:secret")
    assert answer.json["error"]["code"] == 50026
    assert call("GET", "/v1/accounts/dev", auth="shop:secret").code == 50002
