"""The order of the checks: a call with everything wrong is refused for the first reason, then for the next."""

from __future__ import annotations

from typing import Any

from django_jsms.sandbox import SandboxServer
from tests.sandbox.conftest import MOBILE, Caller


def test_one_by_one(call: Caller, sandbox: SandboxServer) -> None:
    app = sandbox.state.app()
    app.allowed_ips, app.enabled, app.blacklisted = frozenset({"10.0.0.1"}), False, True
    app.opted_out.add(MOBILE)
    sandbox.balance(balance=0, market=0)
    body: dict[str, Any] = {"temp_id": 21, "mobile": "1", "sign_id": 9}
    seen = []

    def ask(method: str = "POST", path: str = "/v1/messages", data: Any = body, **more: Any) -> None:
        seen.append(call(method, path, data, **more).code)

    form = {"Content-Type": "text/html"}
    ask("PUT", "/v1/nothing", auth=None)
    ask("PUT", auth=None)
    ask(auth=None, headers=form)
    ask(auth="x:y", headers=form)
    ask(headers=form)
    app.allowed_ips = frozenset()
    ask(headers=form)
    app.enabled = True
    ask(headers=form)
    app.blacklisted = False
    ask(headers=form)
    ask(data=b"")
    ask(data={"mobile": True})
    ask(data={"temp_id": "x", "mobile": ""})
    ask(data={**body, "temp_id": None})
    ask()
    body["mobile"] = MOBILE
    ask()
    app.templates[21].status, app.templates[21].type = 1, 3
    ask()
    del body["sign_id"]
    ask()
    body["temp_para"] = {"code": "【敏感词】"}
    ask()
    body["temp_para"] = {"code": "敏感词"}
    ask()
    body["temp_para"] = {"code": "1"}
    ask()
    app.opted_out.clear()
    ask()
    assert seen == [
        *(50016, 50018, 50001, 50002, 50035, 50008, 50036, 50017, 50003, 50007),
        *(50004, 50005, 50006, 50021, 50102, 50023, 50054, 50037, 50024, 50014),
    ]


def test_frequency_comes_before_money(call: Caller, sandbox: SandboxServer) -> None:
    for _ in range(3):
        assert call("POST", "/v1/messages", {"mobile": MOBILE, "temp_id": 12}).status == 200
    sandbox.balance(balance=0, industry=0)
    assert call("POST", "/v1/messages", {"mobile": MOBILE, "temp_id": 12}).code == 50009


def test_a_refusal_for_money_is_no_send(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.balance(balance=0, voice=0)
    assert call("POST", "/v1/voice_codes", {"mobile": MOBILE}).code == 50014
    sandbox.balance(voice=1)
    assert call("POST", "/v1/voice_codes", {"mobile": MOBILE}).status == 200
