"""What phones answer: it reaches the app that wrote last, and an opt-out word keeps marketing away."""

from __future__ import annotations

import json

import pytest

from django_jsms.sandbox import SandboxServer
from django_jsms.sandbox.events import REPLY
from tests.sandbox.conftest import MOBILE, Caller
from tests.sandbox.receiver import Receiver
from tests.sandbox.test_refusals import refused

MARKETING = {"mobile": MOBILE, "temp_id": 11}


@pytest.mark.core
def test_it_can_be_pulled_once(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.clock.stop()
    now = int(sandbox.clock.time() * 1000)
    answer = sandbox.reply(MOBILE, "好的")
    assert (answer.app_key, answer.content, answer.opted_out) == ("sandbox", "好的", False)
    assert call("GET", "/v1/reply").json == [{"phone": MOBILE, "replyTime": now, "content": "好的"}]
    sandbox.clock.advance(5)
    assert call("GET", "/v1/reply").json == []


@pytest.mark.core
@pytest.mark.parametrize("word", ["TD", "td", " T ", "R", "r", "退订"])
def test_opt_out(call: Caller, sandbox: SandboxServer, word: str) -> None:
    assert call("POST", "/v1/messages", MARKETING).status == 200
    assert sandbox.reply(MOBILE, word).opted_out
    refused(call("POST", "/v1/messages", MARKETING), 50024)
    assert call("POST", "/v1/messages", {"mobile": MOBILE, "temp_id": 12}).status == 200
    assert call.code()


def test_in_a_batch_it_fails_the_item(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.reply(MOBILE, "TD")
    recipients = [{"mobile": MOBILE}, {"mobile": "13900000000"}]
    items = call("POST", "/v1/messages/batch", {"temp_id": 11, "recipients": recipients}).json["recipients"]
    assert [item.get("error_code") for item in items] == ["50024", None]


@pytest.mark.parametrize("word", ["", "TDD", "不要T", "RR", "退订吧"])
def test_other_words_are_words(sandbox: SandboxServer, word: str) -> None:
    assert not sandbox.reply(MOBILE, word).opted_out
    assert sandbox.state.app().opted_out == set()


def test_it_goes_to_the_app_that_wrote_last(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.state.add_app("shop", "secret")
    call.code()
    call("POST", "/v1/codes", {"mobile": MOBILE, "temp_id": 1}, auth="shop:secret")
    call.code("13900000000")
    assert sandbox.reply(MOBILE, "TD").app_key == "shop"
    assert sandbox.reply("13900000000", "TD").app_key == "sandbox"
    assert sandbox.reply(MOBILE, "1", app_key="sandbox").app_key == "sandbox"
    assert call("POST", "/v1/messages", MARKETING).status == 200
    assert len(call("GET", "/v1/reply", auth="shop:secret").json) == 1


def test_a_callback_instead(call: Caller, sandbox: SandboxServer, receiver: Receiver) -> None:
    sandbox.callback(REPLY, receiver.url)
    sandbox.reply(MOBILE, "退订")
    sandbox.settle_callbacks()
    told = json.loads(receiver.data[0])
    assert (told["phone"], told["content"]) == (MOBILE, "退订")
    assert call("GET", "/v1/reply").json == []


def test_a_reset_forgets_them(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.reply(MOBILE, "TD")
    sandbox.reset()
    assert call("GET", "/v1/reply").json == [] and not sandbox.state.replies
    assert call("POST", "/v1/messages", MARKETING).status == 200
