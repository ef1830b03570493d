"""Every endpoint with every code that applies to it: status, number and phrase as the tables print them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from django_jsms.sandbox import SandboxServer
from django_jsms.sandbox.refusals import TABLE
from tests.sandbox.conftest import MOBILE, Caller

FUTURE = "2999-01-01 09:00:00"
UNKNOWN = "1a886e7c-a267-49e6-9970-0d396ca5bb1e"
CODE = {"mobile": MOBILE, "temp_id": 1}
VOICE: dict[str, Any] = {"mobile": MOBILE}
SINGLE: dict[str, Any] = {"mobile": MOBILE, "temp_id": 10, "temp_para": {"no": "1", "day": "周四"}}
BATCH: dict[str, Any] = {"temp_id": 12, "recipients": [{"mobile": MOBILE}]}
SCHEDULE = {**SINGLE, "send_time": FUTURE}
SCHEDULE_BATCH = {**BATCH, "send_time": FUTURE}

#: method, path, a body that is accepted
POSTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "code": ("POST", "/v1/codes", CODE),
    "voice": ("POST", "/v1/voice_codes", VOICE),
    "valid": ("POST", "/v1/codes/1/valid", {"code": "123456"}),
    "message": ("POST", "/v1/messages", SINGLE),
    "batch": ("POST", "/v1/messages/batch", BATCH),
    "schedule": ("POST", "/v1/schedule", SCHEDULE),
    "schedule_batch": ("POST", "/v1/schedule/batch", SCHEDULE_BATCH),
    "reschedule": ("PUT", f"/v1/schedule/{UNKNOWN}", SCHEDULE),
    "reschedule_batch": ("PUT", f"/v1/schedule/batch/{UNKNOWN}", SCHEDULE_BATCH),
}
GETS: dict[str, tuple[str, str, None]] = {
    "read": ("GET", f"/v1/schedule/{UNKNOWN}", None),
    "delete": ("DELETE", f"/v1/schedule/{UNKNOWN}", None),
    "account": ("GET", "/v1/accounts/dev", None),
    "app": ("GET", "/v1/accounts/app", None),
}
EVERY: dict[str, tuple[str, str, Any]] = {**POSTS, **GETS}
SINGLES = ("message", "schedule", "reschedule")
BATCHES = ("batch", "schedule_batch", "reschedule_batch")
SCHEDULES = ("schedule", "schedule_batch", "reschedule", "reschedule_batch")
TEMPLATED = ("code", *SINGLES, *BATCHES)


def refused(answer: Any, code: int) -> None:
    assert (answer.code, answer.status) == (code, TABLE[code][0])
    assert answer.json["error"]["message"] == TABLE[code][1]
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.core
@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize(("auth", "code"), [(None, 50001), ("sandbox:wrong", 50002), ("nobody:sandbox", 50002)])
def test_credentials(call: Caller, name: str, auth: str | None, code: int) -> None:
    method, path, body = EVERY[name]
    refused(call(method, path, body, auth=auth), code)


@pytest.mark.parametrize("header", ["Basic", "Basic !!", "Basic c2FuZGJveA==", "Bearer sandbox", "x"])
def test_header_that_is_no_basic(call: Caller, header: str) -> None:
    refused(call("GET", "/v1/accounts/app", auth=None, headers={"Authorization": header}), 50002)


@pytest.mark.parametrize("name", EVERY)
def test_method(call: Caller, name: str) -> None:
    refused(call("PATCH", EVERY[name][1]), 50018)
    refused(call("OPTIONS", EVERY[name][1]), 50018)
    assert call("HEAD", EVERY[name][1]).status == 405


@pytest.mark.parametrize(
    "path",
    ["/v1/", "/v1/code", "/v1/codes/", "/v1//codes", "/v2/codes", "/v1/codes/1/2/valid", "/v1/codes/a%2Fb/valid"],
)
def test_path(call: Caller, path: str) -> None:
    refused(call("POST", path, CODE), 50016)


@pytest.mark.parametrize("name", POSTS)
def test_media(call: Caller, name: str) -> None:
    method, path, body = POSTS[name]
    refused(call(method, path, body, headers={"Content-Type": "application/x-www-form-urlencoded"}), 50017)


@pytest.mark.parametrize("name", POSTS)
@pytest.mark.parametrize("body", [b"", b" \r\n"])
def test_no_body(call: Caller, name: str, body: bytes) -> None:
    refused(call(*POSTS[name][:2], body), 50003)


BROKEN = [b"{", b"[]", b"1", b"null", b'"x"', b"{'a':1}", b"\xff", b"[" * 100_000, b'{"a":NaN}', b'{"a":1}x']


@pytest.mark.parametrize("name", POSTS)
@pytest.mark.parametrize("body", BROKEN, ids=lambda body: repr(body[:8]))
def test_broken_body(call: Caller, name: str, body: bytes) -> None:
    refused(call(*POSTS[name][:2], body), 50007)


def _cases() -> list[tuple[str, dict[str, Any], int]]:
    """endpoint, members put in (None takes one out), code"""
    rows: list[tuple[str, dict[str, Any], int]] = []
    for name in ("code", "voice", *SINGLES):
        rows += [(name, {"mobile": None}, 50004), (name, {"mobile": ""}, 50004)]
        rows += [(name, {"mobile": bad}, 50006) for bad in ("1380013800", "+8613800138000", "2" * 11, "１" * 11, 1)]
        rows += [(name, {"mobile": wrong}, 50007) for wrong in (True, [], {}, 1.5)]
    for name in TEMPLATED:
        rows += [(name, {"temp_id": None}, 50005), (name, {"temp_id": ""}, 50005)]
        rows += [(name, {"temp_id": bad}, 50013) for bad in (99, "99", "x", -1, 0, 10**30)]
        rows += [(name, {"temp_id": 20}, 50020), (name, {"temp_id": 21}, 50021), (name, {"temp_id": [1]}, 50007)]
        rows += [(name, {"sign_id": 99}, 50102), (name, {"sign_id": "x"}, 50102), (name, {"sign_id": True}, 50007)]
    for name in SINGLES:
        rows += [(name, {"temp_para": bad}, 50007) for bad in ("x", 1, [1], {"no": []}, {"no": True})]
        rows += [(name, {"temp_para": bad}, 50023) for bad in (None, {}, [], {"no": "", "day": "x"}, {"no": None})]
        rows += [(name, {"temp_para": bad}, 50022) for bad in ({"no": "1"}, {"other": "1"})]
    for name in BATCHES:
        rows += [(name, {"recipients": bad}, 50030) for bad in (None, [])]
        rows += [(name, {"recipients": bad}, 50007) for bad in ("x", {}, [1], [{"mobile": []}], [None])]
        rows += [(name, {"recipients": [{"mobile": MOBILE, "temp_para": "x"}]}, 50007)]
        rows += [(name, {"recipients": [{"mobile": MOBILE}] * 1001}, 50031)]
    for name in SCHEDULES:
        rows += [(name, {"send_time": bad}, 50027) for bad in (None, "", "2999-1-1 9:00:00", "2999-02-30 09:00:00")]
        rows += [(name, {"send_time": bad}, 50027) for bad in ("2999-01-01T09:00:00", "2020-01-01 09:00:00", "x")]
        rows += [(name, {"send_time": 1}, 50007)]
    for name in ("reschedule", "reschedule_batch"):
        rows += [(name, {}, 50028)]
    for name in ("batch", "schedule_batch"):
        rows += [(name, {"tag": "x" * 11}, 50007), (name, {"tag": 1}, 50007)]
    rows += [("code", {"temp_id": kind}, 50025) for kind in (10, 11, "12")]
    rows += [("code", {"temp_id": 31}, 50022)]
    rows += [("voice", {"code": bad}, 50038) for bad in ("", "123", "123456789", 123)]
    rows += [("voice", {"code": bad}, 50039) for bad in ("12a4", "１２３４", "12 4")]
    rows += [("voice", {"voice_lang": bad}, 50040) for bad in (3, -1, "x", 1.5)]
    rows += [("voice", {"ttl": bad}, 50041) for bad in (0, -1, 86_401, "x", 1.5)]
    rows += [("valid", {"code": bad}, 50015) for bad in (None, "")]
    rows += [("valid", {}, 50026), ("valid", {"code": []}, 50007)]
    rows += [("message", {"temp_para": {"no": "【", "day": "x"}}, 50054)]
    rows += [("message", {"temp_para": {"no": "敏感词", "day": "x"}}, 50037)]
    rows += [("message", {"temp_para": {"no": "长" * 500, "day": "x"}}, 50038)]
    return rows


@pytest.mark.parametrize(("name", "change", "code"), _cases())
def test_members(call: Caller, sandbox: SandboxServer, name: str, change: dict[str, Any], code: int) -> None:
    method, path, body = POSTS[name]
    changed = {key: value for key, value in {**body, **change}.items() if value is not None}
    if name.startswith("reschedule") and code != 50028:
        made = call("POST", path.rpartition("/")[0], body)
        path = path.replace(UNKNOWN, made.json["schedule_id"])
    refused(call(method, path, changed), code)
    assert sandbox.outbox == []


def _no_money(server: SandboxServer) -> None:
    server.balance(balance=0, voice=0, industry=0, market=0)


def _set(**values: Any) -> Callable[[SandboxServer], None]:
    def apply(server: SandboxServer) -> None:
        for name, value in values.items():
            setattr(server.state.app(), name, value)

    return apply


SENDS = ("code", "voice", "message", "batch", "schedule", "schedule_batch")


@pytest.mark.parametrize("name", SENDS)
@pytest.mark.parametrize(
    ("arrange", "code"),
    [
        (_set(allowed_ips=frozenset({"10.0.0.1"})), 50035),
        (_set(enabled=False), 50008),
        (_set(blacklisted=True), 50036),
        (_no_money, 50014),
    ],
    ids=["ip", "service", "black", "money"],
)
def test_app(
    call: Caller, sandbox: SandboxServer, name: str, arrange: Callable[[SandboxServer], None], code: int
) -> None:
    arrange(sandbox)
    refused(call(*POSTS[name]), code)
    assert sandbox.outbox == []


@pytest.mark.parametrize("name", [name for name in SENDS if name != "voice"])
def test_no_signature(call: Caller, sandbox: SandboxServer, name: str) -> None:
    sandbox.state.app().default_sign = None
    refused(call(*POSTS[name]), 50046)


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/schedule"])
def test_opted_out(call: Caller, sandbox: SandboxServer, path: str) -> None:
    sandbox.state.app().opted_out.add(MOBILE)
    marketing = {"mobile": MOBILE, "temp_id": 11, "send_time": FUTURE}
    refused(call("POST", path, marketing), 50024)
    assert call("POST", path, {**marketing, "temp_id": 12}).status == 200


def test_app_without_allotment(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.balance(balance=None, voice=None, industry=None, market=None)
    refused(call("GET", "/v1/accounts/app"), 50033)


def test_50038_newer_text_by_switch(call: Caller, sandbox: SandboxServer) -> None:
    assert call("POST", "/v1/voice_codes", {**VOICE, "code": "1"}).json["error"]["message"] == "invalid code length"
    sandbox.state.options.newer_messages = True
    answer = call("POST", "/v1/voice_codes", {**VOICE, "code": "1"})
    assert answer.json["error"] == {"code": 50038, "message": "invalid content length"}


ITEMS = [
    ({"mobile": ""}, "50004"),
    ({"mobile": None}, "50004"),
    ({"mobile": "1"}, "50006"),
    ({"temp_para": {}}, "50023"),
    ({"temp_para": {"no": "1"}}, "50022"),
    ({"temp_para": {"no": "【】", "day": "x"}}, "50054"),
    ({"temp_para": {"no": "敏感词", "day": "x"}}, "50037"),
    ({"temp_para": {"no": "长" * 500, "day": "x"}}, "50038"),
]


@pytest.mark.core
@pytest.mark.parametrize(("change", "code"), ITEMS)
def test_item_of_a_batch(call: Caller, sandbox: SandboxServer, change: dict[str, Any], code: str) -> None:
    good = {"mobile": MOBILE, "temp_para": {"no": "1", "day": "x"}}
    bad = {"mobile": "18603050709", "temp_para": {"no": "2", "day": "x"}, **change}
    answer = call("POST", "/v1/messages/batch", {"temp_id": 10, "recipients": [bad, good]})
    assert answer.status == 200
    failed, sent = answer.json["recipients"]
    assert (answer.json["success_count"], answer.json["failure_count"]) == (1, 1)
    assert (failed["error_code"], failed["error_message"]) == (code, TABLE[int(code)][1])
    assert isinstance(failed["msg_id"], str)
    assert failed.get("temp_para") == (bad["temp_para"] or None)
    assert set(sent) == {"msg_id", "mobile"}
    assert [message.mobile for message in sandbox.outbox] == [MOBILE]
