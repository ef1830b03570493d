"""Templates: handed in, audited, changed after a refusal, deleted, and every code of their page."""

from __future__ import annotations

from typing import Any

import pytest

from django_jsms.sandbox import SandboxServer
from tests.sandbox.conftest import MOBILE, Caller
from tests.sandbox.test_refusals import refused

CODE: dict[str, Any] = {"template": "您的验证码是{{code}}", "type": 1, "ttl": 300, "remark": "登录"}
NOTICE: dict[str, Any] = {"template": "订单{{order_no}}已发货", "type": 2}
REJECTED = "/v1/templates/21"


@pytest.mark.core
def test_a_life(call: Caller, sandbox: SandboxServer) -> None:
    temp_id = call("POST", "/v1/templates", CODE).json["temp_id"]
    path, send = f"/v1/templates/{temp_id}", ("POST", "/v1/codes", {"mobile": MOBILE, "temp_id": temp_id})
    assert type(temp_id) is int
    assert call("GET", path).json == {"temp_id": temp_id, **CODE, "status": 0}
    refused(call(*send), 50020)
    refused(call("PUT", path, CODE), 50047)
    sandbox.audit(template_id=temp_id, approved=False, reason="含义不清")
    assert call("GET", path).json["status"] == 2
    refused(call(*send), 50021)
    assert call("PUT", path, {**CODE, "temp_id": temp_id, "ttl": 60}).json == {"temp_id": temp_id}
    assert (call("GET", path).json["status"], call("GET", path).json["ttl"]) == (0, 60)
    sandbox.audit(template_id=temp_id)
    assert call(*send).status == 200
    refused(call("PUT", path, CODE), 50047)
    answer = call("DELETE", path)
    assert (answer.status, answer.body) == (200, b"")
    refused(call("GET", path), 50013)
    refused(call("DELETE", path), 50013)


def test_types_without_a_lifetime(call: Caller) -> None:
    for body in (NOTICE, {**NOTICE, "type": 3, "ttl": 0}, {"template": "没有参数", "type": "2", "temp_id": 0}):
        temp_id = call("POST", "/v1/templates", body).json["temp_id"]
        read = call("GET", f"/v1/templates/{temp_id}").json
        assert read["type"] == int(body["type"]) and read["remark"] == "" and "ttl" not in read


def test_numbers_go_on(call: Caller, sandbox: SandboxServer) -> None:
    first = call("POST", "/v1/templates", NOTICE).json["temp_id"]
    sandbox.reset()
    assert call("POST", "/v1/templates", NOTICE).json["temp_id"] == first + 1


BAD: list[tuple[dict[str, Any], int]] = [
    ({"template": None}, 50042),
    ({"template": ""}, 50042),
    ({"template": 1}, 50007),
    ({"template": "{{code}}" + "长" * 500}, 50043),
    ({"template": "没有"}, 50044),
    ({"template": "{{code}}{{name}}"}, 50044),
    ({"template": "{{code}}{{"}, 50044),
    ({"template": "{{验证码}}", "type": 2}, 50044),
    ({"template": "{{_no}}", "type": 2}, 50044),
    ({"template": "{{no_}}", "type": 2}, 50044),
    ({"template": "{{}}", "type": 2}, 50044),
    ({"template": "【沙箱】{{code}}"}, 50052),
    ({"template": "敏感词{{code}}"}, 50037),
    ({"template": "见{{url}}", "type": 2}, 50053),
    ({"template": "见{{url}}", "type": 2, "remark": "链接是 https://example.com"}, 50053),
    ({"type": None}, 50025),
    ({"type": 0}, 50025),
    ({"type": 4}, 50025),
    ({"type": True}, 50007),
    ({"ttl": None}, 50041),
    ({"ttl": 0}, 50041),
    ({"ttl": 86_401}, 50041),
    ({"ttl": 1.5}, 50041),
    ({"remark": "长" * 101}, 50045),
    ({"remark": []}, 50007),
]


@pytest.mark.parametrize(("change", "code"), BAD, ids=lambda value: str(value)[:40])
def test_refused(call: Caller, sandbox: SandboxServer, change: dict[str, Any], code: int) -> None:
    body = {name: value for name, value in {**CODE, **change}.items() if value is not None}
    refused(call("POST", "/v1/templates", body), code)
    refused(call("PUT", REJECTED, body), code)
    assert len(sandbox.state.app().templates) == 8


@pytest.mark.parametrize(
    "change",
    [
        {"template": "{{code}}，再说一遍{{code}}"},
        {"template": "见{{url}}", "type": 2, "remark": "https://example.com/a?b 是链接"},
        {"template": "见{{url}}", "type": 2, "remark": "example.com"},
        {"template": "长" * 494, "type": 2},
    ],
)
def test_taken(call: Caller, change: dict[str, Any]) -> None:
    assert call("POST", "/v1/templates", {**CODE, **change}).status == 200


def test_the_whole_message_is_measured(call: Caller) -> None:
    refused(call("POST", "/v1/templates", {"template": "长" * 494, "type": 3}), 50043)


@pytest.mark.parametrize("temp_id", [22, "x", 0])
def test_the_body_names_another(call: Caller, temp_id: Any) -> None:
    refused(call("PUT", REJECTED, {**CODE, "temp_id": temp_id}), 50013)


@pytest.mark.parametrize("path", ["/v1/templates/999", "/v1/templates/x", "/v1/templates/%C2%B2"])
def test_unknown(call: Caller, path: str) -> None:
    for method, body in (("GET", None), ("PUT", CODE), ("DELETE", None)):
        refused(call(method, path, body), 50013)


def test_an_app_without_a_signature(call: Caller, sandbox: SandboxServer) -> None:
    app = sandbox.state.app()
    app.signatures, app.default_sign = {}, None
    refused(call("POST", "/v1/templates", CODE), 50046)


def test_another_apps_template_is_unknown(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.state.add_app("shop", "secret")
    refused(call("GET", "/v1/templates/10", auth="shop:secret"), 50013)


@pytest.mark.parametrize(("refusal", "status"), [(None, 1), ("标题含糊", 2)])
def test_audited_after_a_while(call: Caller, sandbox: SandboxServer, refusal: str | None, status: int) -> None:
    sandbox.clock.stop()
    sandbox.state.options.audit_after, sandbox.state.options.audit_refusal = 60, refusal
    path = f"/v1/templates/{call('POST', '/v1/templates', CODE).json['temp_id']}"
    sandbox.clock.advance(59)
    assert call("GET", path).json["status"] == 0
    sandbox.clock.advance(1)
    assert call("GET", path).json["status"] == status


def test_decided_by_hand_before(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.clock.stop()
    sandbox.state.options.audit_after = 60
    temp_id = call("POST", "/v1/templates", CODE).json["temp_id"]
    sandbox.audit(template_id=temp_id, approved=False)
    call("PUT", f"/v1/templates/{temp_id}", CODE)
    sandbox.clock.advance(30)
    sandbox.audit(template_id=temp_id, approved=False)
    sandbox.clock.advance(60)
    assert call("GET", f"/v1/templates/{temp_id}").json["status"] == 2


def test_nobody_audits_what_is_not_there(sandbox: SandboxServer) -> None:
    with pytest.raises(LookupError, match="no template 999; known: 1, 10"):
        sandbox.audit(template_id=999)


@pytest.mark.core
def test_it_is_announced(call: Caller, sandbox: SandboxServer) -> None:
    told: list[Any] = []
    app = sandbox.state.app()
    app.callback_urls["SMS_TEMPLATE"] = "http://127.0.0.1:9/"
    app.callbacks = lambda *event: told.append(event[1:])
    temp_id = call("POST", "/v1/templates", CODE).json["temp_id"]
    sandbox.audit(template_id=temp_id, approved=False, reason="含义不清")
    sandbox.audit(template_id=temp_id)
    assert told == [
        ("SMS_TEMPLATE", {"tempId": temp_id, "status": 2, "refuseReason": "含义不清"}),
        ("SMS_TEMPLATE", {"tempId": temp_id, "status": 1, "refuseReason": None}),
    ]
