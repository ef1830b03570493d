"""No body, path or member brings it down: every answer is JSON and none is a 500 that nobody ordered."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_jsms.sandbox import SandboxServer
from tests.sandbox.conftest import MOBILE, Caller
from tests.sandbox.test_refusals import POSTS

SETTINGS = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
SCALAR = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.just(MOBILE)
VALUE = st.recursive(SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))
NAMES = sorted({"tag", "sign_id", "ttl", "voice_lang", "code"} | {name for row in POSTS.values() for name in row[2]})
CHANGES = st.dictionaries(st.sampled_from(NAMES), VALUE, max_size=3)
CONTROL = ["reset", "clock", "balances", "faults"]
MEMBERS = [
    "advance",
    "set",
    "run",
    "speed",
    "of",
    "app_key",
    "balance",
    "fault",
    "when",
    "times",
    "headers",
    "seconds",
]


def sane(answer: Any) -> None:
    assert answer.status != 500, answer.body
    assert json.loads(answer.body) is not None


@pytest.mark.parametrize("name", POSTS)
@given(change=CHANGES)
@settings(SETTINGS, max_examples=60)
def test_members(call: Caller, name: str, change: dict[str, Any]) -> None:
    method, path, body = POSTS[name]
    sane(call(method, path, {**body, **change}))


@given(items=st.lists(VALUE | st.fixed_dictionaries({"mobile": SCALAR, "temp_para": VALUE}), max_size=4))
@SETTINGS
def test_recipients(call: Caller, items: list[Any]) -> None:
    sane(call("POST", "/v1/messages/batch", {"temp_id": 10, "recipients": items}))


@given(body=st.binary(max_size=200))
@SETTINGS
def test_bytes(call: Caller, body: bytes) -> None:
    sane(call("POST", "/v1/messages", body))


@given(path=st.text(max_size=30), method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]))
@SETTINGS
def test_paths(call: Caller, path: str, method: str) -> None:
    sane(call(method, "/v1/" + quote(path, errors="replace"), b"{}"))
    sane(call(method, "/v1/schedule/" + quote(path, safe="", errors="replace"), b"{}"))


@given(value=st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=40))
@SETTINGS
def test_headers(call: Caller, value: str) -> None:
    sane(call("POST", "/v1/codes", b"{}", auth=None, headers={"Authorization": f"Basic {value}"}))
    sane(call("POST", "/v1/codes", b"{}", headers={"Content-Type": f"x{value}"}))


@pytest.mark.parametrize("name", CONTROL)
@given(members=st.dictionaries(st.sampled_from(MEMBERS), VALUE, max_size=3))
@settings(SETTINGS, max_examples=60)
def test_control(call: Caller, name: str, members: dict[str, Any]) -> None:
    sane(call("POST", f"/_sandbox/{name}", members, auth=None))


def test_lone_surrogates(call: Caller, sandbox: SandboxServer) -> None:
    body = b'{"mobile":"13800138000","temp_id":30,"temp_para":{"text":"\\ud83d"}}'
    assert call("POST", "/v1/messages", body).status == 200
    assert call("GET", "/_sandbox/outbox", auth=None).json["messages"][0]["text"] == sandbox.outbox[0].text
    assert call("POST", "/v1/messages", body.replace(b"13800138000", b"\\ud83d")).code == 50006
