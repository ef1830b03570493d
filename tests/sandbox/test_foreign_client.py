"""A client that nobody here wrote: PyPI ``jsms`` 0.0.4, Jiguang's own, with every call it really implements.

``send_batch_teml`` and ``update_schedule_message`` are empty in it: the last test watches that.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import jsms
import pytest

from django_jsms.sandbox import SandboxServer
from tests.sandbox.conftest import MOBILE

PARAMS = {"no": "42", "day": "周四"}
FUTURE = "2999-01-01 09:00:00"
PNG = b"\x89PNG\r\n\x1a\n picture"
CALLS = {
    *("send_code", "send_voice_code", "verify_code", "send_teml", "show_schedule_message", "app_balance"),
    *("delete_schedule_message", "show_sign", "delete_sign", "create_sign", "upadte_sign"),
}


@pytest.fixture
def client(sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[jsms.Jsms]:
    monkeypatch.setattr(jsms.Jsms, "BASE_URL", f"{sandbox.url}/v1/")
    made = jsms.Jsms("sandbox", "sandbox")
    made.session.trust_env = False
    yield made
    made.session.close()


@pytest.mark.core
def test_a_text_code(client: jsms.Jsms, sandbox: SandboxServer) -> None:
    msg_id = client.send_code(MOBILE, 1)["msg_id"]
    code = sandbox.last_code(MOBILE)
    wrong = client.verify_code(msg_id, "x")
    assert wrong == {"is_valid": False, "error": {"code": 50010, "message": "invalid code"}}
    assert client.verify_code(msg_id, code) == {"is_valid": True}
    assert client.verify_code(msg_id, code)["error"]["code"] == 50012


def test_temp_id_as_text(client: jsms.Jsms, sandbox: SandboxServer) -> None:
    """As in the client's own example."""
    assert client.send_code(MOBILE, "1")["msg_id"] == sandbox.outbox[-1].msg_id


def test_a_voice_code(client: jsms.Jsms, sandbox: SandboxServer) -> None:
    msg_id = client.send_voice_code(MOBILE, code="0042", lang=1, ttl=30)["msg_id"]
    assert (sandbox.outbox[-1].kind, sandbox.outbox[-1].text) == ("voice", "Your verification code is 0 0 4 2")
    assert client.send_voice_code(MOBILE)["error"]["code"] == 50009
    sandbox.clock.advance(30)
    assert client.verify_code(msg_id, "0042")["error"]["code"] == 50011
    assert client.verify_code(client.send_voice_code(MOBILE)["msg_id"], sandbox.last_code(MOBILE))["is_valid"] is True


@pytest.mark.core
def test_a_message(client: jsms.Jsms, sandbox: SandboxServer) -> None:
    before = client.app_balance()
    msg_id = client.send_teml(MOBILE, 10, PARAMS)["msg_id"]
    assert (sandbox.outbox[-1].msg_id, sandbox.outbox[-1].text) == (str(msg_id), "【短信沙箱】订单42已发货，周四送达")
    after = client.app_balance()
    assert after.pop("app_industry") == before.pop("app_industry") - 1
    assert after == before
    assert client.send_teml(MOBILE, 10)["error"]["code"] == 50023


def test_a_schedule(client: jsms.Jsms, sandbox: SandboxServer) -> None:
    made, kept = (client.send_teml(MOBILE, 10, PARAMS, time=FUTURE)["schedule_id"] for _ in range(2))
    shown = client.show_schedule_message(made)
    assert (shown["send_time"], shown["recipients"][0]["temp_para"]) == (FUTURE, PARAMS)
    assert client.delete_schedule_message(made) == 200  # its status, where there is no body
    assert client.delete_schedule_message(made)["error"]["code"] == 50029
    assert client.show_schedule_message(made)["error"]["code"] == 50028
    msg_id = client.show_schedule_message(kept)["recipients"][0]["msg_id"]
    assert sandbox.outbox == []
    sandbox.clock.advance(1_000 * 366 * 86_400)
    assert [message.msg_id for message in sandbox.outbox] == [msg_id]


def test_signatures(client: jsms.Jsms, sandbox: SandboxServer) -> None:
    """It writes the form of 2018: the sandbox's switch."""
    assert client.create_sign("新商店", io.BytesIO(PNG), type=1)["error"]["code"] == 50007
    sandbox.state.options.legacy_signatures = True
    sign_id = client.create_sign("新商店", io.BytesIO(PNG), type=1, remark="订单通知")["sign_id"]
    assert client.create_sign("再来一个")["error"]["code"] == 50103
    assert client.show_sign(str(sign_id))["status"] == 0
    sandbox.audit(signature_id=sign_id, approved=False)
    assert client.upadte_sign(str(sign_id), "另一个")["sign_id"] == sign_id
    sandbox.audit(signature_id=sign_id)
    shown: dict[str, Any] = client.show_sign(str(sign_id))
    assert (shown["sign"], shown["status"]) == ("另一个", 1)
    assert client.delete_sign(str(sign_id)) == 200
    assert client.show_sign(str(sign_id))["error"]["code"] == 50102


def test_wrong_keys(sandbox: SandboxServer, client: jsms.Jsms) -> None:
    client.session.auth = ("sandbox", "wrong")
    assert client.app_balance() == {"error": {"code": 50002, "message": "auth failed"}}


def test_every_call_that_it_implements_is_made_here(client: jsms.Jsms, sandbox: SandboxServer) -> None:
    public = {name for name, value in vars(jsms.Jsms).items() if callable(value) and not name.startswith("_")}
    empty = public - CALLS
    assert empty == {"send_batch_teml", "update_schedule_message"}
    assert client.send_batch_teml(MOBILE, 10) is client.update_schedule_message("1", MOBILE, 10) is None
    assert sandbox.ledger == []
