"""Faults on order, as a caller meets them on the wire, and as the ledger tells them."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import threading
import time
from typing import Any

import pytest

from django_jsms.sandbox import SandboxServer
from django_jsms.sandbox.faults import KINDS
from tests.sandbox.conftest import MOBILE, Caller
from tests.sandbox.test_serving import BODY, connect, post
from tests.waiting import in_time, wait_for


def raw(server: SandboxServer, data: str) -> bytes:
    """Everything the server says until it closes."""
    received = b""
    with connect(server) as connection:
        connection.sendall(data.encode())
        while more := connection.recv(65_536):
            received += more
    return received


@pytest.mark.core
@pytest.mark.parametrize("when", ["before", "after"])
def test_before_and_after_the_work(call: Caller, sandbox: SandboxServer, when: str) -> None:
    sandbox.fault("status", when=when)
    answer = call("POST", "/v1/codes", {"mobile": MOBILE, "temp_id": 1})
    assert (answer.status, answer.code) == (500, 50019)
    sent = 1 if when == "after" else 0
    assert len(sandbox.outbox) == sent
    (entry,) = sandbox.ledger
    assert (len(entry.msg_ids), entry.accepted, entry.status) == (sent, bool(sent), 200 if sent else None)
    assert entry.fault is not None and entry.fault["when"] == when
    assert call.code()


@pytest.mark.parametrize(
    ("order", "status", "code"),
    [
        ({"status": 502}, 502, 50019),
        ({"code": 50014}, 403, 50014),
        ({"code": 59999, "status": 400}, 400, 59999),
        ({"status": 503, "body": "<html>"}, 503, None),
        ({"status": 200, "body": {"msg_id": "x"}}, 200, None),
        ({"status": 200, "body": "[NaN]"}, 200, None),
    ],
)
def test_status(call: Caller, sandbox: SandboxServer, order: dict[str, Any], status: int, code: int | None) -> None:
    sandbox.fault("status", **order)
    answer = call("POST", "/v1/codes", {"mobile": MOBILE, "temp_id": 1})
    assert (answer.status, answer.code) == (status, code)


def test_headers(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.fault("status", status=429, headers={"Retry-After": "7"})
    assert call("GET", "/v1/accounts/app").headers["Retry-After"] == "7"


def test_order_times_route_and_method(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.fault("status", status=501, route="/v1/codes/{msg_id}/valid", times=2)
    sandbox.fault("status", status=502, route="/v1/accounts/app", method="get")
    sandbox.fault("status", status=503, method="DELETE")
    sandbox.fault("status", status=504)
    asked = [
        ("POST", "/v1/codes/1/valid"),
        ("GET", "/v1/accounts/app"),
        ("POST", "/v1/codes/2/valid"),
        ("POST", "/v1/codes/3/valid"),
        ("GET", "/v1/accounts/app"),
        ("DELETE", "/v1/schedule/1"),
    ]
    seen = [call(method, path, {"code": "1"} if method == "POST" else None).status for method, path in asked]
    assert seen == [501, 502, 501, 504, 200, 503]
    assert sandbox.state.faults.waiting() == []


def balance(call: Caller) -> int:
    return call("GET", "/v1/accounts/app").status


def test_by_rate(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.fault("status", status=503, rate=0.25)
    assert [balance(call) for _ in range(8)] == [200, 200, 200, 503] * 2
    assert len(sandbox.state.faults.waiting()) == 1  # it stays
    sandbox.state.faults.clear()
    sandbox.fault("status", status=503, rate=0.3)
    assert sum(balance(call) == 503 for _ in range(100)) == 30
    sandbox.state.faults.clear()
    sandbox.fault("status", status=503, rate=0.5, times=1)
    assert [balance(call) for _ in range(4)] == [200, 503, 200, 200]


def test_by_rate_and_route(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.fault("status", status=503, rate=0.5, route="/v1/accounts/dev")
    assert [balance(call) for _ in range(4)] == [200] * 4
    assert [call("GET", "/v1/accounts/dev").status for _ in range(4)] == [200, 503] * 2


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("fault", sorted(KINDS.keys() - {"bomb"}))
def test_each_is_in_the_ledger(sandbox: SandboxServer, fault: str, when: str) -> None:
    sandbox.fault(fault, when=when, seconds=0)
    with contextlib.suppress(ConnectionError):
        raw(sandbox, post("/v1/codes", BODY, extra="Connection: close\r\n"))
    (entry,) = sandbox.ledger
    assert entry.fault == {"fault": fault, "when": when, "times": 0, "seconds": 0}
    assert len(entry.msg_ids) == len(sandbox.outbox) == (when == "after" or fault == "delay")


@pytest.mark.parametrize("when", ["before", "after"])
def test_delay(call: Caller, sandbox: SandboxServer, when: str) -> None:
    sandbox.fault("delay", when=when, seconds=0.2)
    began = time.monotonic()
    assert call.code()
    assert time.monotonic() - began >= 0.2


@pytest.mark.core
@pytest.mark.parametrize("when", ["before", "after"])
def test_reset_is_a_real_rst(sandbox: SandboxServer, when: str) -> None:
    sandbox.fault("reset", when=when)
    with connect(sandbox) as connection:
        connection.sendall(post("/v1/codes", BODY).encode())
        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    assert len(sandbox.outbox) == (when == "after")


@pytest.mark.parametrize("fault", ["close", "hang"])
def test_no_answer(sandbox: SandboxServer, fault: str) -> None:
    sandbox.fault(fault, when="after", seconds=0.1)
    assert raw(sandbox, post("/v1/codes", BODY)) == b""
    assert len(sandbox.outbox) == 1


def test_a_hang_is_in_the_ledger_at_once(sandbox: SandboxServer) -> None:
    sandbox.fault("hang", when="after", seconds=600)
    with connect(sandbox) as connection:
        connection.sendall(post("/v1/codes", BODY).encode())
        wait_for(lambda: len(sandbox.ledger) == 1)
        connection.setblocking(False)
        with pytest.raises(BlockingIOError):  # it is open, and nothing was answered
            connection.recv(1)


@pytest.mark.parametrize("fault", ["hang", "drip", "delay"])
def test_stop_does_not_wait_for_a_fault(fault: str) -> None:
    before = set(threading.enumerate())
    server = SandboxServer().start()
    server.fault(fault, when="after", seconds=600)
    with connect(server) as connection:
        connection.sendall(post("/v1/codes", BODY).encode())
        wait_for(lambda: server.outbox)
        with in_time(4):
            server.stop()
    assert set(threading.enumerate()) <= before


def test_drip(sandbox: SandboxServer) -> None:
    sandbox.fault("drip", when="after", seconds=0.001)
    received = raw(sandbox, post("/v1/codes", BODY))
    assert received.startswith(b"HTTP/1.1 200 OK\r\n") and received.endswith(b'"}')


def test_truncate(sandbox: SandboxServer) -> None:
    sandbox.fault("truncate", when="after")
    head, _, body = raw(sandbox, post("/v1/codes", BODY)).partition(b"\r\n\r\n")
    assert b"Content-Length: 25" in head
    assert 0 < len(body) < 25


def test_garbage(sandbox: SandboxServer) -> None:
    sandbox.fault("garbage")
    assert not raw(sandbox, post("/v1/codes", BODY)).startswith(b"HTTP/")
    sandbox.fault("garbage", body="HTTP/1.1 999 x\r\n\r\n")
    assert raw(sandbox, post("/v1/codes", BODY)) == b"HTTP/1.1 999 x\r\n\r\n"


def test_bad_gzip(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.fault("bad_gzip", when="after")
    answer = call("POST", "/v1/codes", {"mobile": MOBILE, "temp_id": 1})
    assert answer.headers["Content-Encoding"] == "gzip"
    with pytest.raises((gzip.BadGzipFile, EOFError, OSError)):
        gzip.decompress(answer.body)


@pytest.mark.slow
def test_bomb(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.fault("bomb")
    answer = call("GET", "/v1/accounts/app")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.body) < 250_000
    assert len(gzip.decompress(answer.body)) == 200_000_000


def test_redirect(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.fault("redirect")
    answer = call("POST", "/v1/codes", {"mobile": MOBILE, "temp_id": 1})
    assert (answer.status, answer.headers["Location"]) == (307, "/_sandbox/redirected")
    sandbox.fault("redirect", headers={"Location": "http://127.0.0.1:9/"})
    assert call("GET", "/v1/accounts/app").headers["Location"] == "http://127.0.0.1:9/"


def test_the_connection_after_a_fault_is_new(call: Caller, sandbox: SandboxServer) -> None:
    sandbox.fault("close")
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        call("GET", "/v1/accounts/app")
    call.close()
    assert call("GET", "/v1/accounts/app").status == 200


@pytest.mark.parametrize(
    "order",
    [
        {"fault": "nonsense"},
        {"fault": "close", "when": "now"},
        {"fault": "close", "times": 0},
        {"fault": "close", "rate": 0},
    ],
)
def test_wrong_orders(sandbox: SandboxServer, order: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        sandbox.fault(**order)
