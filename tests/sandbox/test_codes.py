"""Codes over time: checked once, gone after their ttl, independent of each other."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from django_jsms.sandbox import SandboxServer
from tests.sandbox.conftest import MOBILE, Caller


def check(call: Caller, msg_id: str, code: Any) -> Any:
    return call("POST", f"/v1/codes/{msg_id}/valid", {"code": code})


def verdict(call: Caller, msg_id: str, code: Any) -> int | bool:
    answer = check(call, msg_id, code)
    if answer.status == 200:
        assert answer.json == {"is_valid": True}
        return True
    assert answer.status == 403 and answer.json["is_valid"] is False
    return int(answer.json["error"]["code"])


@pytest.mark.core
def test_right_once(call: Caller, sandbox: SandboxServer) -> None:
    msg_id = call.code()
    code = sandbox.last_code(MOBILE)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    assert [verdict(call, msg_id, each) for each in (wrong, wrong, code, code, wrong)] == [
        50010,
        50010,
        True,
        50012,
        50012,
    ]


@pytest.mark.core
def test_ttl_is_the_templates(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.clock.stop()
    early, late = call.code(), call.code("13900000000")
    sandbox.clock.advance(299)
    assert verdict(call, early, sandbox.last_code(MOBILE)) is True
    sandbox.clock.advance(1)
    assert verdict(call, late, sandbox.last_code("13900000000")) == 50011
    assert verdict(call, late, "000000x") == 50011


@pytest.mark.parametrize(("fields", "ttl"), [({}, 60), ({"ttl": 120}, 120), ({"ttl": "120"}, 120)])
def test_ttl_of_voice(call: Caller, sandbox: SandboxServer, fields: dict[str, Any], ttl: int) -> None:
    sandbox.clock.stop()
    send = {"mobile": MOBILE, "code": "1234", **fields}
    msg_id = call("POST", "/v1/voice_codes", send).json["msg_id"]
    sandbox.clock.advance(ttl - 1)
    assert verdict(call, msg_id, "0000") == 50010
    sandbox.clock.advance(1)
    assert verdict(call, msg_id, "1234") == 50011


def test_one_does_not_end_another(call: Caller, sandbox: SandboxServer) -> None:
    first = call.code()
    first_code = sandbox.last_code(MOBILE)
    second = call.code()
    assert verdict(call, second, sandbox.last_code(MOBILE)) is True
    assert verdict(call, first, first_code) is True


def test_unknown_msg_ids(call: Caller) -> None:
    sent = call("POST", "/v1/messages", {"mobile": MOBILE, "temp_id": 1, "temp_para": {"code": "246810"}}).json
    assert verdict(call, str(sent["msg_id"]), "246810") == 50026
    assert [verdict(call, each, "1") for each in ("1", "x" * 300, "%E7%A0%81", "..")] == [50026] * 4


def test_a_code_of_the_callers_own_is_read_off_too(call: Caller, sandbox: SandboxServer) -> None:
    call("POST", "/v1/messages", {"mobile": MOBILE, "temp_id": 1, "temp_para": {"code": "246810"}})
    assert sandbox.last_code(MOBILE) == "246810"


def test_no_code_names_the_outbox(call: Caller, sandbox: SandboxServer) -> None:
    call.code("13900000000")
    with pytest.raises(LookupError, match=r"no code reached 13800138000[\s\S]*13900000000"):
        sandbox.last_code(MOBILE)


def test_racing_checks_have_one_winner(call: Caller, sandbox: SandboxServer) -> None:
    msg_id, code = call.code(), sandbox.last_code(MOBILE)
    verdicts: list[int | bool] = []

    def race() -> None:
        caller = Caller(sandbox)
        verdicts.append(verdict(caller, msg_id, code))
        caller.close()

    threads = [threading.Thread(target=race) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(verdicts) == [True] + [50012] * 15


def test_wrong_tries_by_option(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.state.options.wrong_tries = 3
    msg_id, other = call.code(), call.code()
    codes = [each.code for each in sandbox.outbox]

    def check(number: str, code: str | None) -> int | None:
        return call("POST", f"/v1/codes/{number}/valid", {"code": code}).code

    assert [check(msg_id, "wrong") for _ in range(3)] == [50010] * 3
    assert check(msg_id, codes[0]) == 50011
    assert [check(other, "wrong"), check(other, "wrong"), check(other, codes[1])] == [50010, 50010, None]
