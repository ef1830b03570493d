"""The connection: it stays open, also after refusals, and what is not HTTP closes it."""

from __future__ import annotations

import http.client
import socket
import threading
from urllib.parse import urlsplit

import pytest

from django_jsms.sandbox import SandboxServer
from tests.sandbox.conftest import MOBILE, Caller
from tests.waiting import PATIENCE

AUTH = "Authorization: Basic c2FuZGJveDpzYW5kYm94\r\n"
BODY = '{"mobile":"13800138000","temp_id":1}'


def connect(server: SandboxServer) -> socket.socket:
    at = urlsplit(server.url)
    return socket.create_connection((at.hostname or "", at.port or 0), timeout=PATIENCE)


def exchange(connection: socket.socket, data: str) -> http.client.HTTPResponse:
    connection.sendall(data.encode())
    response = http.client.HTTPResponse(connection)
    response.begin()
    return response


def post(path: str, body: str, *, auth: str = AUTH, extra: str = "") -> str:
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{auth}{extra}Content-Length: {len(body.encode())}\r\n\r\n{body}"
    )


@pytest.mark.core
def test_one_socket_many_calls(sandbox: SandboxServer) -> None:
    calls = [
        (post("/v1/codes", BODY), 200),
        (post("/v1/codes", BODY, auth=""), 400),
        (post("/v1/codes", "x" * 100_000, auth=AUTH[:-3] + "x\r\n"), 401),
        (post("/v1/nowhere", BODY), 404),
        ("HEAD /v1/codes HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 405),
        (post("/v1/codes", "x", extra="Content-Type: a/b\r\n"), 415),
        ("DELETE /v1/schedule/1 HTTP/1.1\r\nHost: 127.0.0.1\r\n" + AUTH + "\r\n", 403),
        ("GET /_sandbox/outbox HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 200),
        (post("/v1/codes", BODY), 200),
    ]
    with connect(sandbox) as connection:
        for data, status in calls:
            head = data.startswith("HEAD")
            connection.sendall(data.encode())
            response = http.client.HTTPResponse(connection, method="HEAD" if head else None)
            response.begin()
            response.read()
            assert response.status == status
            assert response.getheader("Connection") is None
            response.close()


def test_calls_sent_together(sandbox: SandboxServer) -> None:
    with connect(sandbox) as connection:
        connection.sendall(post("/v1/codes", BODY).encode() * 5)
        received = b""
        while received.count(b"msg_id") < 5:
            received += connection.recv(65_536)
    assert received.count(b"HTTP/1.1 200") == 5


@pytest.mark.parametrize(
    "headers",
    [
        "Content-Length: x\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 99999999\r\n",
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: chunked\r\n",
    ],
)
def test_a_body_that_has_no_end_closes(sandbox: SandboxServer, headers: str) -> None:
    with connect(sandbox) as connection:
        response = exchange(connection, f"POST /v1/codes HTTP/1.1\r\nHost: 127.0.0.1\r\n{AUTH}{headers}\r\nzz\r\n")
        assert response.status == 403 and b"50007" in response.read()
        assert response.getheader("Connection") == "close"
        response.close()


def test_the_caller_leaves_in_the_middle(sandbox: SandboxServer, call: Caller) -> None:
    with connect(sandbox) as connection:
        connection.sendall(post("/v1/codes", BODY)[:-5].encode())
    assert call.code()
    assert len(sandbox.outbox) == 1


def test_expect_100(sandbox: SandboxServer) -> None:
    with connect(sandbox) as connection:
        whole = post("/v1/codes", BODY, extra="Expect: 100-continue\r\n")
        connection.sendall(whole[: -len(BODY)].encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100")
        response = exchange(connection, BODY)
        assert response.status == 200
        response.close()


def test_http_1_0(sandbox: SandboxServer) -> None:
    with connect(sandbox) as connection:
        request = post("/v1/codes", BODY).replace("HTTP/1.1", "HTTP/1.0")
        connection.sendall(request.encode())
        received = b""
        while more := connection.recv(65_536):
            received += more
    assert b"Connection: close" in received


@pytest.mark.core
def test_stops_with_connections_open_and_leaves_nothing() -> None:
    before = set(threading.enumerate())
    server = SandboxServer().start()
    caller = Caller(server)
    caller.code()
    idle = connect(server)
    exchange(idle, post("/v1/codes", BODY)).close()
    server.stop()
    server.stop()
    assert set(threading.enumerate()) <= before
    while idle.recv(1024):
        pass
    idle.close()
    caller.close()


def test_the_address_needs_a_running_server() -> None:
    with pytest.raises(RuntimeError, match="call start"):
        assert SandboxServer().url


def test_a_taken_port_is_an_oserror(sandbox: SandboxServer) -> None:
    with pytest.raises(OSError):
        SandboxServer(port=urlsplit(sandbox.url).port or 0).start()


def test_starts_again_after_a_stop() -> None:
    server = SandboxServer()
    for _ in range(2):
        with server:
            caller = Caller(server)
            caller.code()
            caller.close()


@pytest.mark.core
def test_thirty_two_at_once(sandbox: SandboxServer) -> None:
    ids: list[str] = []

    def work(number: int) -> None:
        caller = Caller(sandbox)
        ids.extend(caller.code(f"139{number:02d}{each:06d}") for each in range(5))
        caller.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(ids)) == len(sandbox.outbox) == sandbox.state.ledger.counts()["accepted"] == 160
    assert MOBILE not in {message.mobile for message in sandbox.outbox}


@pytest.mark.parametrize("host", ["a]b", "a[b]", "elsewhere.example"])
def test_a_host_that_is_not_this_machine_is_refused(sandbox: SandboxServer, host: str) -> None:
    with connect(sandbox) as connection:
        connection.sendall(f"GET /v1/accounts/app HTTP/1.1\r\nHost: {host}\r\n{AUTH}\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 403")
