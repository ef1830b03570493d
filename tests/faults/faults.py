"""The steps of a FaultServer's script: everything that can go wrong with one request, each by its name."""

import gzip
import json
import os
import socket
from functools import cache

OK = b'{"msg_id": "274887115920"}'


def answer(body=OK, status=200, headers=(), reason="OK"):
    """Reads the request and answers as ordered, then keeps the connection."""
    body = body if isinstance(body, bytes) else json.dumps(body).encode()

    def step(connection):
        connection.read()
        connection.send(head(status, (f"Content-Length: {len(body)}", *headers), reason) + body)
        return True

    return step


def error(code, message="no", status=403, **more):
    """JSMS's error envelope."""
    return answer({"error": {"code": code, "message": message}, **more}, status)


def redirect(location, status=307):
    return answer(b"", status, (f"Location: {location}",), "Elsewhere")


def head(status, headers, reason="OK"):
    return "\r\n".join([f"HTTP/1.1 {status} {reason}", *headers, "", ""]).encode()


def rst_before_read(connection):
    """Late enough that the client has connected: before, nothing would have been written."""
    connection.wait(0.05)
    connection.reset()


def rst_after_partial_read(connection):
    connection.receive()
    connection.reset()


def rst_after_read(connection):
    connection.read()
    connection.reset()


def fin_after_read(connection):
    connection.read()
    connection.close()


def hang(connection):
    connection.read()
    connection.wait(30)


def stall_after_headers(connection):
    connection.read()
    connection.send(head(200, ["Content-Length: 26"]))
    connection.wait(30)


def _dripping(before, drops, interval):
    """Sends ``before``, then a drop every so often: each arrives in time, all of them never do."""

    def step(connection):
        connection.read()
        connection.send(before)
        for drop in drops:
            connection.send(drop)
            if connection.wait(interval):
                return

    return step


def drip_body(interval=0.1):
    return _dripping(head(200, ["Content-Length: 1000"]), [b" "] * 1000, interval)


def drip_headers(interval=0.1):
    return _dripping(b"HTTP/1.1 200 OK\r\nX-Slow: ", [b"a"] * 1000, interval)


def drip_status_line(interval=0.1):
    return _dripping(b"HTTP/1.1 200 ", [b"O"] * 1000, interval)


def drip_continues(interval=0.1):
    return _dripping(b"", [b"HTTP/1.1 100 Continue\r\n\r\n"] * 1000, interval)


def raw(data):
    """Sends bytes as they are after reading the request, then closes in order."""

    def step(connection):
        connection.read()
        connection.send(data)
        connection.close()

    return step


def _gzipped(body):
    return raw(head(200, ["Content-Encoding: gzip", f"Content-Length: {len(body)}", "Connection: close"]) + body)


truncated = raw(head(200, ["Content-Length: 100"]) + OK)
bad_chunk = raw(head(200, ["Transfer-Encoding: chunked"]) + b"zz\r\n" + OK)
truncated_chunk = raw(head(200, ["Transfer-Encoding: chunked"]) + b"ff\r\n" + OK)
bad_gzip = _gzipped(b"\x1f\x8b this is no gzip at all")
truncated_gzip = _gzipped(gzip.compress(OK)[:-9])
unasked_encoding = raw(head(200, ["Content-Encoding: br", "Content-Length: 26", "Connection: close"]) + OK)
garbage_status = raw(b"SMTP ready when you are\r\n\r\n")
many_headers = raw(head(200, [f"X-{n}: {n}" for n in range(150)]) + OK)
too_large = raw(head(200, ["Content-Length: 1100000"]) + OK + b" " * 1099974)
endless = raw(head(200, []) + OK + b" " * 1200000)


def bomb(connection):
    """200 MB of blanks in 194 KB of gzip."""
    connection.read()
    connection.send(head(200, ["Content-Encoding: gzip", f"Content-Length: {len(packed())}"]) + packed())
    return True


@cache
def packed():
    return gzip.compress(bytes(200 * 1024 * 1024), 9)


def tls_hang(connection):
    connection.wait(30)


def tls_close(connection):
    """After the client's hello: a reset before it makes CPython's ssl forget to close its own socket."""
    connection.sock.recv(65536)
    connection.close()


def rst_before_tls(connection):
    connection.sock.recv(65536)
    connection.reset()


def tls_garbage(connection):
    connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    connection.sock.recv(65536)
    connection.wait(0.05)
    connection.close()


for _step in (tls_hang, tls_close, rst_before_tls, tls_garbage):
    _step.before_tls = True


def tls_break_after_read(connection):
    """Everything was read and may have been done; then the record layer turns to noise."""
    connection.read()
    plain = socket.socket(fileno=os.dup(connection.sock.fileno()))
    with plain:
        plain.sendall(b"this is no TLS record, and never was one")
        connection.wait(0.05)
