"""Every row of the table «what each wire event means» (semantics, section 4), at the client's level.

Each fault is one request at most, ends in time, says truly whether an SMS may have gone out, and leaves
a client that works.
"""

import errno
import socket
import time

import pytest
import trustme

from django_jsms.client import JSMSClient, Timeout, deadline
from django_jsms.exceptions import MaybeSent, NoAnswer, NotSent, Refused
from tests.waiting import PATIENT, in_time, wait_for

from . import faults
from .conftest import FAST

#: Total, plus what a busy machine of two cores may add.
IN_TIME = FAST.total + 1.2

AFTER_BYTES = {
    "reset before it was read": (faults.rst_before_read, 0),
    "reset after a partial read": (faults.rst_after_partial_read, 0),
    "reset after a full read": (faults.rst_after_read, 1),
    "closed after a full read": (faults.fin_after_read, 1),
    "no answer": (faults.hang, 1),
    "headers, then a stall": (faults.stall_after_headers, 1),
    "truncated body": (faults.truncated, 1),
    "bad chunk": (faults.bad_chunk, 1),
    "truncated chunk": (faults.truncated_chunk, 1),
    "bad gzip": (faults.bad_gzip, 1),
    "truncated gzip": (faults.truncated_gzip, 1),
    "encoding nobody asked for": (faults.unasked_encoding, 1),
    "150 headers": (faults.many_headers, 1),
    "garbage for a status": (faults.garbage_status, 1),
    "a drip in the body": (faults.drip_body(), 1),
    "a drip in the headers": (faults.drip_headers(), 1),
    "a drip in the status line": (faults.drip_status_line(), 1),
    "one 100 Continue after the other": (faults.drip_continues(), 1),
    "200 MB in 194 KB of gzip": (faults.bomb, 1),
    "more than the cap": (faults.too_large, 1),
    "more than the cap, of no stated length": (faults.endless, 1),
    "200 with an empty body": (faults.answer(b""), 1),
    "200 with HTML": (faults.answer(b"<html>Welcome</html>"), 1),
    "200 with truncated JSON": (faults.answer(b'{"msg_id": "27'), 1),
    "200 with a list": (faults.answer(b'[{"msg_id": "1"}]'), 1),
    "200 with null": (faults.answer(b"null"), 1),
    "200 with NaN": (faults.answer(b'{"msg_id": NaN}'), 1),
    "200 with an id of 5000 digits": (faults.answer(b'{"msg_id": ' + b"1" * 5000 + b"}"), 1),
    "200 with JSON 100 000 deep": (faults.answer(b"[" * 100_000), 1),
    "200 with an object 100 000 deep": (faults.answer(b'{"a":' * 100_000), 1),
    "200 that is no UTF-8": (faults.answer(b'{"msg_id": "\xff"}'), 1),
    "200 without what was asked for": (faults.answer(b'{"answer": 42}'), 1),
    "200 with an error nobody documented": (faults.answer({"error": {"code": 59999, "message": "new"}}), 1),
    "200 with an error that has no code": (faults.answer({"error": "oops"}), 1),
    "500 with 50019": (faults.error(50019, "server error", 500), 1),
    "502 with HTML": (faults.answer(b"<html>Bad Gateway</html>", 502), 1),
    "503 with Retry-After": (faults.answer(b"", 503, ["Retry-After: 5"]), 1),
    "504 with nothing": (faults.answer(b"", 504), 1),
    "500 with a success inside": (faults.answer(faults.OK, 500), 1),
    "a status of 101": (faults.answer(b"", 101), 1),
    "a status of 999": (faults.answer(b"", 999), 1),
}


#: Only a client's own times end these. All else ends by itself, long before a patient client would.
ENDLESS = {
    "no answer",
    "headers, then a stall",
    "a drip in the body",
    "a drip in the headers",
    "a drip in the status line",
    "one 100 Continue after the other",
    "hangs",  # the handshake
}


def times_for(name):
    return FAST if name in ENDLESS else PATIENT


def send(client, timeout=None):
    return client.send_message("13800138000", 1250, {"no": "42"}, timeout=timeout)


@pytest.mark.core
@pytest.mark.parametrize("name", AFTER_BYTES)
def test_a_send_whose_bytes_were_written_may_have_gone_out(name, serve, client_of):
    step, requests = AFTER_BYTES[name]
    server = serve(step)
    client = client_of(server)
    with in_time(IN_TIME), pytest.raises(MaybeSent) as caught:
        send(client, times_for(name))
    assert caught.value.maybe_sent
    assert (caught.value.reason, caught.value.who) == ("maybe_sent", "platform")
    wait_for(lambda: server.requests >= requests)  # the client may have left before the server could read
    assert (server.connections, server.requests) == (1, requests)
    assert send(client).msg_id


@pytest.mark.parametrize("name", AFTER_BYTES)
def test_a_query_whose_bytes_were_written_has_no_answer(name, serve, client_of):
    step, requests = AFTER_BYTES[name]
    server = serve(step)
    client = client_of(server, timeout=times_for(name))
    with in_time(IN_TIME), pytest.raises(NoAnswer) as caught:
        client.get_app_balance()
    assert (type(caught.value), caught.value.maybe_sent) == (NoAnswer, False)
    wait_for(lambda: server.requests >= requests)
    assert (server.connections, server.requests) == (1, requests)


def test_the_code_of_a_server_fault_is_kept(serve, client_of):
    with pytest.raises(MaybeSent) as caught:
        send(client_of(serve(faults.error(50019, "server error", 500))))
    assert caught.value.code == 50019


@pytest.mark.core
def test_tls_that_breaks_after_the_server_got_everything_looks_unsent_and_is_not(serve, client_of, tls_context):
    server = serve(faults.tls_break_after_read, tls=tls_context())
    client = client_of(server)
    with in_time(IN_TIME), pytest.raises(MaybeSent):
        send(client)
    assert server.requests == 1
    assert send(client).msg_id


IN_THE_HANDSHAKE = {
    "hangs": faults.tls_hang,
    "is closed": faults.tls_close,
    "is reset": faults.rst_before_tls,
    "is answered in plain text": faults.tls_garbage,
}


@pytest.mark.core
@pytest.mark.parametrize("name", IN_THE_HANDSHAKE)
def test_a_handshake_that_does_not_finish_sent_nothing(name, serve, client_of, tls_context):
    server = serve(IN_THE_HANDSHAKE[name], tls=tls_context())
    client = client_of(server)
    with in_time(IN_TIME), pytest.raises(NotSent) as caught:
        send(client, times_for(name))
    assert (caught.value.reason, caught.value.who) == ("handshake", "platform")
    assert (server.requests, server.received) == (0, 0)
    assert send(client).msg_id


@pytest.mark.core
@pytest.mark.parametrize("wrong", ["authority", "name"])
def test_a_certificate_that_is_not_trusted_is_for_a_person_to_put_right(wrong, serve, client_of, tls_context):
    tls = tls_context(by=trustme.CA()) if wrong == "authority" else tls_context("other.example")
    server = serve(tls=tls)
    with in_time(IN_TIME), pytest.raises(NotSent) as caught:
        send(client_of(server))
    assert (caught.value.reason, caught.value.who) == ("tls_untrusted", "account")
    assert (server.requests, server.received) == (0, 0)


def test_the_machines_authorities_are_used_where_no_bundle_is_given(serve, client_of, tls_context):
    with pytest.raises(NotSent) as caught:
        send(client_of(serve(tls=tls_context()), ca_bundle=None))
    assert caught.value.reason == "tls_untrusted"


@pytest.fixture
def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.mark.core
def test_a_refused_connection_sent_nothing(closed_port):
    with in_time(IN_TIME), pytest.raises(NotSent) as caught:
        send(JSMSClient("key", "secret", f"http://127.0.0.1:{closed_port}/v1", timeout=PATIENT))
    assert (caught.value.reason, caught.value.who) == ("unreachable", "platform")


def test_a_reset_while_connecting_sent_nothing(serve, client_of, monkeypatch):
    def reset(*args):
        raise ConnectionResetError(errno.ECONNRESET, "reset by peer")

    server = serve()
    client = client_of(server)
    with monkeypatch.context() as patch, pytest.raises(NotSent) as caught:
        patch.setattr(deadline, "connect", reset)
        send(client)
    assert (caught.value.reason, server.requests) == ("unreachable", 0)
    assert send(client).msg_id


@pytest.mark.parametrize("host", ["jsms.invalid", "a..b", "a" * 70 + ".example"])
def test_a_host_without_an_address_sent_nothing(host):
    with pytest.raises(NotSent) as caught:
        send(JSMSClient("key", "secret", f"http://{host}/v1", timeout=PATIENT))
    assert caught.value.reason == "unreachable"


def test_every_address_of_a_host_is_tried(serve, client_of, monkeypatch):
    """The first has no route or no family here; the second is the server's."""
    server = serve()
    found = socket.getaddrinfo("127.0.0.1", server.port, type=socket.SOCK_STREAM)
    nowhere = [(999, socket.SOCK_STREAM, 6, "", ("::1", 1)), (*found[0][:4], ("127.0.0.1", 1))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: [*nowhere, *found])
    assert send(client_of(server)).msg_id


def test_a_connection_that_hangs_ends_in_the_time_to_connect():
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        client = JSMSClient("key", "secret", f"http://127.0.0.1:{listener.getsockname()[1]}/v1", timeout=FAST)
        with in_time(IN_TIME), pytest.raises(NotSent) as caught:
            send(client)
    assert caught.value.reason == "unreachable"


def test_a_proxy_of_the_environment_is_not_used(serve, client_of, closed_port, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port}")
    assert send(client_of(serve())).msg_id


@pytest.mark.core
@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
def test_a_redirection_is_never_followed(status, serve, client_of):
    elsewhere = serve()
    server = serve(faults.redirect(f"{elsewhere.url}/messages", status))
    with in_time(IN_TIME), pytest.raises(NotSent) as caught:
        send(client_of(server))
    assert (caught.value.reason, caught.value.who) == ("redirected", "account")
    assert (server.requests, elsewhere.connections, elsewhere.received) == (1, 0, 0)


def test_a_redirection_with_a_bomb_is_not_unpacked(serve, client_of):
    headers = ["Location: /", "Content-Encoding: gzip", f"Content-Length: {len(faults.packed())}"]
    step = faults.raw(faults.head(302, headers) + faults.packed())
    with in_time(IN_TIME), pytest.raises(NotSent) as caught:
        send(client_of(serve(step)))
    assert caught.value.reason == "redirected"


REFUSALS = {
    "200 with an error": (faults.error(50006, "invalid mobile", 200), 50006, "invalid_mobile", 200),
    "403 with an error": (faults.error(50014, "no money"), 50014, "no_money", 403),
    "403 with a quoted code": (faults.error("50014", "no money"), 50014, "no_money", 403),
    "401": (faults.error(50002, "auth failed", 401), 50002, "auth_failed", 401),
    "a code nobody documented": (faults.error(59999, "something new"), 59999, "refused", 403),
    "403 with HTML": (faults.answer(b"<html>Forbidden</html>", 403), None, "unclassified", 403),
    "404 with nothing": (faults.answer(b"", 404), None, "unclassified", 404),
    "403 with an error without a code": (faults.answer({"error": {"message": "x"}}, 403), None, "unclassified", 403),
}


@pytest.mark.core
@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_is_no_send(name, serve, client_of):
    step, code, reason, status = REFUSALS[name]
    server = serve(step)
    client = client_of(server)
    with pytest.raises(Refused) as caught:
        send(client)
    error = caught.value
    assert (error.code, error.reason, error.http_status, error.maybe_sent) == (code, reason, status, False)
    assert send(client).msg_id
    assert server.connections == 1


def test_an_answer_of_4xx_whose_body_breaks_off_is_a_refusal_unclassified(serve, client_of):
    step = faults.raw(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\n{")
    with pytest.raises(Refused) as caught:
        send(client_of(serve(step)))
    assert (caught.value.code, caught.value.reason, caught.value.http_status) == (None, "unclassified", 403)


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7), ("99999999", 86400), ("soon", 60), ("0", 60), ("", 60), ("-5", 60)]
)
def test_too_many_requests_says_how_long_to_wait(header, seconds, serve, client_of):
    with pytest.raises(Refused) as caught:
        send(client_of(serve(faults.answer(b"slow down", 429, [f"Retry-After: {header}"]))))
    error = caught.value
    assert (error.reason, error.retry_after, error.http_status, error.code) == ("throttled", seconds, 429, None)


RATES = [
    (429, ["X-Rate-Limit-Reset: 30"], 30),
    (429, ["X-Rate-Limit-Limit: 600", "X-Rate-Limit-Remaining: 0", "X-Rate-Limit-Reset: 30"], 30),
    (429, ["X-Rate-Limit-Reset: 30", "Retry-After: 7"], 7),
    (429, ["X-Rate-Limit-Reset: 1795600000"], 60),  # a moment, and no number of seconds
    (429, ["X-Rate-Limit-Reset: soon"], 60),
    (403, ["X-Rate-Limit-Remaining: 0", "X-Rate-Limit-Reset: 30"], 30),
    (403, ["X-Rate-Limit-Remaining: 99", "X-Rate-Limit-Reset: 30"], 600),
]


@pytest.mark.parametrize(("status", "headers", "seconds"), RATES)
def test_the_counts_of_the_gateway_are_read(status, headers, seconds, serve, client_of):
    body = {"error": {"code": 50009, "message": "out of freq"}}
    with pytest.raises(Refused) as caught:
        send(client_of(serve(faults.answer(body, status, headers))))
    assert caught.value.retry_after == seconds


def test_too_many_requests_until_a_date(serve, client_of):
    began = time.time()
    until = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(began + 120))
    with pytest.raises(Refused) as caught:
        send(client_of(serve(faults.answer(b"", 429, [f"Retry-After: {until}"]))))
    assert 118 - (time.time() - began) <= caught.value.retry_after <= 120


def test_an_empty_200_is_the_answer_to_a_deletion(serve, client_of):
    client = client_of(serve(faults.answer(b""), faults.answer(b"{}"), faults.answer(b"<html>")))
    assert client.delete_schedule("1a886e7c") is None
    assert client.delete_schedule("1a886e7c") is None
    with pytest.raises(NoAnswer):
        client.delete_schedule("1a886e7c")


@pytest.mark.slow
@pytest.mark.core
def test_at_real_scale_a_drip_ends_within_15_5_seconds(serve, client_of):
    server = serve(faults.drip_body(1.0))
    started = time.monotonic()
    with in_time(15.5), pytest.raises(MaybeSent):
        send(client_of(server, timeout=Timeout(3, 10, 15)))
    assert time.monotonic() - started > 14.5
    assert server.requests == 1
