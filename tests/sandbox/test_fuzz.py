"""No body, path or member brings it down: every answer is JSON and none is a 500 that nobody ordered."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_jsms.sandbox import SandboxServer
from tests.docs.test_sandbox_page import ROWS
from tests.sandbox.conftest import MOBILE, Caller
from tests.sandbox.test_refusals import POSTS

SETTINGS = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
SCALAR = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.just(MOBILE)
VALUE = st.recursive(SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))
NAMES = sorted({"tag", "sign_id", "ttl", "voice_lang", "code"} | {name for row in POSTS.values() for name in row[2]})
CHANGES = st.dictionaries(st.sampled_from(NAMES), VALUE, max_size=3)
#: (method, path) → members, as the docs have them. Those of the callbacks post to an address: see test_callbacks.
CONTROL = {row: sorted(names) for row, names in ROWS.items() if row[0] != "GET" and "/callbacks" not in row[1]}
#: So that not all of it ends at the first member.
LIKELY = st.sampled_from([MOBILE, "*", "approved", "rejected", "close", "none", 4003, 4008, 0, 1, None, True, []])


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


@pytest.mark.parametrize("row", CONTROL, ids=" ".join)
@given(data=st.data())
@settings(SETTINGS, max_examples=60)
def test_control(call: Caller, sandbox: SandboxServer, row: tuple[str, str], data: st.DataObject) -> None:
    """Whatever its members hold, it answers 200, or 400 with the reason and the field; and JSMS goes on."""
    names = st.sampled_from(["nowhere", *CONTROL[row]])
    members = data.draw(st.dictionaries(names, LIKELY | VALUE, max_size=4))
    target = row[1].replace("{id}", data.draw(st.sampled_from(["1", "x", "99"])))
    if row[0] == "DELETE":
        target += "?" + urlencode({name: str(value) for name, value in members.items()}, errors="replace")
    answer = call(row[0], target, None if row[0] == "DELETE" else members, auth=None)
    assert answer.status in (200, 400), answer.body
    if answer.status == 400:
        error = answer.json["error"]
        assert error["reason"] and error["field"] in (None, "id", "nowhere", *CONTROL[row])
    sandbox.state.faults.clear()
    sane(call("GET", "/v1/accounts/app"))


def test_lone_surrogates(call: Caller, sandbox: SandboxServer) -> None:
    body = b'{"mobile":"13800138000","temp_id":30,"temp_para":{"text":"\\ud83d"}}'
    assert call("POST", "/v1/messages", body).status == 200
    assert call("GET", "/_sandbox/outbox", auth=None).json["messages"][0]["text"] == sandbox.outbox[0].text
    assert call("POST", "/v1/messages", body.replace(b"13800138000", b"\\ud83d")).code == 50006
