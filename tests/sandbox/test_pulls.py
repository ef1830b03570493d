"""``/report`` and ``/reply``: bare lists, each record once, not too often, not for ever."""

from __future__ import annotations

import http.client

import pytest

from django_jsms.sandbox import SandboxServer
from django_jsms.sandbox.events import announce
from tests.sandbox.conftest import Caller
from tests.sandbox.test_refusals import refused

KINDS = pytest.mark.parametrize(
    ("path", "kind", "since"),
    [("/v1/report", "SMS_REPORT", "receiveTime"), ("/v1/reply", "SMS_REPLY", "replyTime")],
    ids=["report", "reply"],
)


@pytest.mark.core
@KINDS
def test_each_record_once(call: Caller, sandbox: SandboxServer, path: str, kind: str, since: str) -> None:
    sandbox.clock.stop()
    now = int(sandbox.clock.time() * 1000)
    records = [{"phone": str(number), since: now} for number in range(501)]
    for record in records:
        announce(sandbox.state.app(), kind, record)
    assert call("GET", path).json == records[:500]
    sandbox.clock.advance(5)
    assert call("GET", path).json == records[500:]
    sandbox.clock.advance(5)
    assert call("GET", path).body == b"[]"


@KINDS
def test_at_most_once_in_five_seconds(call: Caller, sandbox: SandboxServer, path: str, kind: str, since: str) -> None:
    sandbox.clock.stop()
    assert call("GET", path).status == 200
    sandbox.clock.advance(4.9)
    refused(call("GET", path), 50009)
    sandbox.clock.advance(0.1)
    assert call("GET", path).status == 200
    sandbox.state.options.frequency = False
    assert call("GET", path).status == 200


@KINDS
def test_three_days(call: Caller, sandbox: SandboxServer, path: str, kind: str, since: str) -> None:
    sandbox.clock.stop()
    for age in (1, 0):
        announce(sandbox.state.app(), kind, {since: int((sandbox.clock.time() - age) * 1000)})
    sandbox.clock.advance(3 * 86_400 - 0.5)
    assert len(call("GET", path).json) == 1


@KINDS
def test_a_callback_address_excludes_it(
    call: Caller, sandbox: SandboxServer, path: str, kind: str, since: str
) -> None:
    announce(sandbox.state.app(), kind, {since: int(sandbox.clock.time() * 1000)})
    sandbox.state.app().callback_urls[kind] = "http://127.0.0.1:9/"
    sandbox.state.app().callbacks = lambda *event: None
    announce(sandbox.state.app(), kind, {since: 0})
    assert call("GET", path).json == []
    sandbox.clock.advance(5)
    sandbox.state.app().callback_urls.clear()
    assert len(call("GET", path).json) == 1


@KINDS
def test_apps_have_their_own(call: Caller, sandbox: SandboxServer, path: str, kind: str, since: str) -> None:
    announce(sandbox.state.add_app("shop", "secret"), kind, {since: int(sandbox.clock.time() * 1000)})
    assert call("GET", path).json == []
    assert len(call("GET", path, auth="shop:secret").json) == 1


@KINDS
def test_a_lost_answer_has_lost_the_records(
    call: Caller, sandbox: SandboxServer, path: str, kind: str, since: str
) -> None:
    sandbox.clock.stop()
    announce(sandbox.state.app(), kind, {since: int(sandbox.clock.time() * 1000)})
    sandbox.fault("close", when="before")
    with pytest.raises(http.client.RemoteDisconnected):
        call("GET", path)
    call.close()
    sandbox.fault("truncate", when="after")
    with pytest.raises(http.client.IncompleteRead):
        call("GET", path)
    call.close()
    sandbox.clock.advance(5)
    assert call("GET", path).json == []


@KINDS
def test_the_credentials_decide_whose(call: Caller, sandbox: SandboxServer, path: str, kind: str, since: str) -> None:
    refused(call("GET", path, auth="sandbox:wrong"), 50002)
    refused(call("GET", path, auth=None), 50001)
    assert call("GET", path).json == []  # a refused call counts for nothing
