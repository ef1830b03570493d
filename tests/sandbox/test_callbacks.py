"""Callbacks over real HTTP: handshake, the four kinds, retries on the sandbox's clock, dishonest ones on order."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from django_jsms.sandbox import SandboxServer, callbacks
from django_jsms.sandbox.callback_orders import FAULTS
from django_jsms.sandbox.control.callbacks import ROUTES
from django_jsms.sandbox.events import KINDS, REPLY, REPORT, SIGN, TEMPLATE
from django_jsms.sandbox.signing import seal, sign
from django_jsms.sandbox.terminal import teller
from tests.sandbox.conftest import Answer, Caller
from tests.sandbox.receiver import Receiver
from tests.waiting import PATIENCE, in_time

TEST_DATA = {
    REPORT: '{"msgId":"1857496","phone":"13000000000","receiveTime":1492150740292,"status":4001}',
    REPLY: '{"content":"TD","phone":"13000000000","replyTime":1492150740292}',
    TEMPLATE: '{"status":1,"tempId":57496}',
    SIGN: '{"signId":123,"status":1}',
}


@pytest.fixture
def told(sandbox: SandboxServer, receiver: Receiver) -> Receiver:
    """A receiver of every kind, on a clock that stands."""
    sandbox.clock.stop()
    for kind in KINDS:
        sandbox.callback(kind, receiver.url)
    return receiver


def post(call: Caller, name: str, body: Any) -> Answer:
    return call("POST", f"/_sandbox/callbacks{name}", body, auth=None)


def read(call: Caller, query: str = "") -> Any:
    return call("GET", f"/_sandbox/callbacks{query}", auth=None).json


def signed_with(form: dict[str, str], secret: str = "sandbox") -> bool:
    return form["signature"] == sign("sandbox", secret, form["nonce"], form["timestamp"])


# The signature: vectors of the callback page and of the demo that a Jiguang employee published.

SAMPLE = ("dev_sample_appKey", "dev_sample_appMasterSecret")
VECTORS = [
    (*SAMPLE, 9078159024943867327, 1559050046277, "b2224c3307287bd354dc9761ceaaaa666eaeea2a"),
    (*SAMPLE, 7659972084945889195, 1492150740274, "57858e063e5a802e09f7e87169b587701537d4d9"),
    (*SAMPLE, -1234567890123456789, 1700000000000, "25edd8f862be622a9403cd6f74221dde4934cf6c"),
    ("a" * 24, "b" * 24, -1234567890123456789, 1700000000000, "e6367d9174818d1136896b94bf2093e6ea570173"),
]


@pytest.mark.core
@pytest.mark.parametrize(("key", "secret", "nonce", "timestamp", "signature"), VECTORS)
def test_signature(key: str, secret: str, nonce: int, timestamp: int, signature: str) -> None:
    assert sign(key, secret, nonce, timestamp) == sign(key, secret, str(nonce), str(timestamp)) == signature


def test_the_signature_printed_in_the_curl_samples_is_nobodys() -> None:
    printed = "007eff6a105503211b472802eecc42465582ba70"
    assert sign(*SAMPLE, 7659972084945889195, 1492150740274) != printed


def test_nonces_are_signed_64_bit_numbers() -> None:
    nonces = {seal("a", "b", 1).nonce for _ in range(200)}
    assert len(nonces) == 200 and min(nonces) < 0 < max(nonces)
    assert all(-(2**63) <= nonce < 2**63 for nonce in nonces)


# The handshake.


@pytest.mark.core
def test_handshake(call: Caller, receiver: Receiver, sandbox: SandboxServer) -> None:
    answer = post(call, "", {"kind": REPORT, "url": receiver.url})
    assert (answer.status, answer.json["urls"]) == (200, {REPORT: receiver.url})
    (path,) = receiver.gets
    assert path.startswith("/told?echostr=")
    echostr = path.partition("=")[2]
    assert len(echostr) == 8 and echostr.isalnum()
    (entry,) = sandbox.ledger
    assert (entry.event, entry.status, entry.callback) == (
        "handshake",
        200,
        {"kind": REPORT, "url": receiver.url, "error": None},
    )


def test_handshake_of_an_address_with_a_query(sandbox: SandboxServer, receiver: Receiver) -> None:
    sandbox.callback(REPLY, f"{receiver.url}?secret=1")
    assert receiver.gets[0].startswith("/told?secret=1&echostr=")
    sandbox.send_callback(REPLY)
    sandbox.settle_callbacks()
    assert receiver.posts[0][0] == "/told?secret=1"
    assert "secret" not in json.dumps([entry.as_json() for entry in sandbox.ledger])


@pytest.mark.parametrize(
    ("status", "before", "after", "said"),
    [
        (200, b"", b"\n", 'answered 200 and "'),
        (200, b'"', b'"', 'answered 200 and "\\"'),
        (201, b"", b"", "answered 201"),
        (403, b"<html>\xff", b"", 'answered 403 and "<html>\\ufffd'),
        (302, b"", b"", "answered 302"),
        (200, b"x" * 5000, b"", "x" * 60 + '"'),
    ],
)
def test_handshake_refused(
    call: Caller, receiver: Receiver, status: int, before: bytes, after: bytes, said: str
) -> None:
    receiver.headers = {"Location": f"{receiver.url}/elsewhere"}
    receiver.echo = lambda echostr: (status, before + echostr.encode() + after)
    answer = post(call, "", {"kind": REPORT, "url": receiver.url})
    assert (answer.status, answer.json["error"]["field"]) == (400, "url")
    assert said in answer.json["error"]["reason"]
    assert len(receiver.gets) == 1
    assert read(call)["apps"]["sandbox"]["urls"] == {}


def test_handshake_with_nobody(call: Caller, sandbox: SandboxServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    answer = post(call, "", {"kind": REPORT, "url": f"http://127.0.0.1:{port}/"})
    assert (answer.status, answer.json["error"]["field"]) == (400, "url")
    assert "refused" in answer.json["error"]["reason"].lower()
    assert sandbox.ledger[-1].callback and "refused" in sandbox.ledger[-1].callback["error"].lower()


def test_without_a_handshake(call: Caller, receiver: Receiver) -> None:
    receiver.echo = lambda echostr: (500, b"")
    assert post(call, "", {"kind": SIGN, "url": receiver.url, "handshake": False}).status == 200
    assert receiver.gets == []


def test_an_address_is_removed(call: Caller, told: Receiver) -> None:
    assert set(post(call, "", {"kind": SIGN, "url": None}).json["urls"]) == set(KINDS) - {SIGN}
    assert set(post(call, "", {"kind": SIGN, "url": None}).json["urls"]) == set(KINDS) - {SIGN}


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/told",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "http:///told",
        "http://user:word@127.0.0.1/",
        "http://@127.0.0.1/",
        "http://127.0.0.1:0/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:x/",
        "http://127.0.0.1/#there",
        "http://[::1/",
        "http://127.0.0.1/a b",
        "http://127.0.0.1/\r\nX: y",
        "http://例子/",
        "http://127.0.0.1/" + "x" * 2000,
    ],
)
def test_addresses_it_refuses(call: Caller, sandbox: SandboxServer, url: str) -> None:
    answer = post(call, "", {"kind": REPORT, "url": url, "handshake": False})
    assert (answer.status, answer.json["error"]["field"]) == (400, "url")
    with pytest.raises(ValueError, match=r"^(must|is)"):
        sandbox.callback(REPORT, url)


# What is posted.


@pytest.mark.core
@pytest.mark.parametrize("kind", KINDS)
def test_the_test_button(call: Caller, sandbox: SandboxServer, told: Receiver, kind: str) -> None:
    (shown,) = post(call, "/test", {"kind": kind}).json["notifications"]
    assert shown["kind"] == kind
    sandbox.settle_callbacks()
    ((path, headers, body),) = told.posts
    assert path == "/told" and headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert [part.partition(b"=")[0] for part in body.split(b"&")] == [
        b"nonce",
        b"timestamp",
        b"signature",
        b"type",
        b"data",
    ]
    (form,) = told.forms
    assert (form["type"], form["data"]) == (kind, TEST_DATA[kind])
    assert int(form["timestamp"]) == int(sandbox.clock.time() * 1000)
    assert signed_with(form)


def test_nulls_on_request(call: Caller, sandbox: SandboxServer, told: Receiver) -> None:
    assert post(call, "/options", {"nulls": True}).json["nulls"] is True
    post(call, "/test", {"kind": TEMPLATE})
    sandbox.settle_callbacks()
    assert told.data == ['{"refuseReason":null,"status":1,"tempId":57496}']
    sandbox.reset()
    assert read(call)["options"] == {"nulls": False, "fresh_retries": False, "timeout": 5.0}


def test_any_text_arrives(sandbox: SandboxServer, told: Receiver) -> None:
    content = "退订 &=+%😀\n“”"
    sandbox.send_callback(REPLY, {"content": content, "phone": "13000000000", "replyTime": 1})
    sandbox.send_callback(REPLY, {"content": "\ud800"})
    sandbox.settle_callbacks()
    assert json.loads(told.data[0])["content"] == content
    assert told.posts[0][2].isascii() and json.loads(told.data[1])["content"] == "\ud800"


def test_what_happens_is_told(sandbox: SandboxServer, call: Caller, told: Receiver) -> None:
    app = sandbox.state.app()
    with sandbox.state.lock:
        app.callbacks(app, REPORT, {"msgId": "1", "status": 4001})
    sandbox.audit(template_id=20, approved=False, reason="不符")
    sandbox.settle_callbacks()
    assert told.data == ['{"msgId":"1","status":4001}', '{"refuseReason":"不符","status":2,"tempId":20}']
    assert all(signed_with(form) for form in told.forms)
    assert [each.status for each in sandbox.callbacks] == ["delivered", "delivered"]


def test_each_app_signs_with_its_own_key(sandbox: SandboxServer, receiver: Receiver) -> None:
    sandbox.state.add_app("shop", "secret")
    sandbox.callback(REPORT, receiver.url, "shop")
    sandbox.send_callback(REPORT, app_key="shop")
    sandbox.settle_callbacks()
    (form,) = receiver.forms
    assert form["signature"] == sign("shop", "secret", form["nonce"], form["timestamp"])
    with pytest.raises(ValueError, match="no address"):
        sandbox.send_callback(REPORT)


def test_in_order_and_one_at_a_time(sandbox: SandboxServer, told: Receiver) -> None:
    inside, most, lock = 0, 0, threading.Lock()

    def entered() -> None:
        nonlocal inside, most
        with lock:
            inside, most = inside + 1, max(most, inside + 1)
        with closing(Caller(sandbox)) as caller:  # a round trip, in which another would come
            assert caller("GET", "/v1/accounts/app").status == 200
        with lock:
            inside -= 1

    told.entered = entered
    for number in range(50):
        sandbox.send_callback(REPORT, {"msgId": str(number)})
    sandbox.settle_callbacks()
    assert [json.loads(data)["msgId"] for data in told.data] == [str(number) for number in range(50)]
    assert most == 1


def test_jsms_answers_while_a_receiver_is_slow(sandbox: SandboxServer, told: Receiver, call: Caller) -> None:
    entered, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        entered.set()
        go_on.wait(PATIENCE)

    told.entered = wait
    sandbox.send_callback(REPORT)
    assert entered.wait(PATIENCE)
    assert call("GET", "/v1/accounts/app").status == 200
    with pytest.raises(TimeoutError, match="still being posted"):
        sandbox.settle_callbacks(0.01)
    go_on.set()
    sandbox.settle_callbacks()


# Success, failure, retries.


@pytest.mark.core
def test_retries(sandbox: SandboxServer, told: Receiver) -> None:
    told.statuses.extend([500, 403, 302, 404])
    started = sandbox.clock.time()
    sandbox.send_callback(REPORT)
    for seconds, posted in [(0, 1), (179, 1), (1, 2), (3599, 2), (1, 3), (43_199, 3), (1, 4), (200_000, 4)]:
        sandbox.clock.advance(seconds)
        sandbox.settle_callbacks()
        assert len(told.posts) == posted
    (notification,) = sandbox.callbacks
    assert notification.status == "lost"
    assert len({body for _, _, body in told.posts}) == 1
    entries = [entry for entry in sandbox.ledger if entry.event == "callback"]
    assert [entry.status for entry in entries] == [500, 403, 302, 404]
    told_of = [entry.callback or {} for entry in entries]
    assert [each["attempt"] for each in told_of] == [1, 2, 3, 4]
    assert [each["outcome"] for each in told_of] == ["retrying"] * 3 + ["lost"]
    assert {(each["kind"], each["id"], each["url"]) for each in told_of} == {(REPORT, "1857496", told.url)}
    assert sandbox.clock.time() - started == 179 + 1 + 3600 + 43_200 + 200_000
    assert told.gets and len(told.gets) == 4


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_success_ends_it(sandbox: SandboxServer, told: Receiver, status: int) -> None:
    told.statuses.extend([503, status])
    sandbox.send_callback(REPORT)
    sandbox.settle_callbacks()
    for _ in range(3):
        sandbox.clock.advance(50_000)
        sandbox.settle_callbacks()
    assert len(told.posts) == 2
    assert sandbox.callbacks[0].status == "delivered"


def test_a_retry_can_be_signed_anew(call: Caller, sandbox: SandboxServer, told: Receiver) -> None:
    post(call, "/options", {"fresh_retries": True})
    told.statuses.append(500)
    sandbox.send_callback(REPORT)
    sandbox.settle_callbacks()
    sandbox.clock.advance(180)
    sandbox.settle_callbacks()
    first, second = told.forms
    assert first["nonce"] != second["nonce"] and signed_with(second)
    assert int(second["timestamp"]) - int(first["timestamp"]) == 180_000


def test_a_retry_with_nobody_asking(sandbox: SandboxServer, told: Receiver) -> None:
    arrived = threading.Event()
    told.statuses.append(500)
    sandbox.send_callback(REPORT)
    sandbox.settle_callbacks()
    told.entered = arrived.set
    sandbox.clock.advance(180)
    assert arrived.wait(PATIENCE)


def test_later_ones_do_not_wait_for_a_retry(sandbox: SandboxServer, told: Receiver) -> None:
    told.statuses.append(500)
    sandbox.send_callback(REPORT, {"msgId": "1"})
    sandbox.send_callback(REPORT, {"msgId": "2"})
    sandbox.settle_callbacks()
    sandbox.clock.advance(180)
    sandbox.settle_callbacks()
    assert [json.loads(data)["msgId"] for data in told.data] == ["1", "2", "1"]


def test_nobody_listens(sandbox: SandboxServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    sandbox.callback(REPORT, f"http://127.0.0.1:{port}/", handshake=False)
    sandbox.send_callback(REPORT)
    sandbox.settle_callbacks()
    (attempt,) = sandbox.callbacks[0].attempts
    assert attempt.status is None and "refused" in str(attempt.error).lower()
    assert sandbox.callbacks[0].status == "retrying"


def test_without_its_address_a_retry_is_lost(sandbox: SandboxServer, told: Receiver) -> None:
    told.statuses.append(500)
    sandbox.send_callback(REPORT)
    sandbox.settle_callbacks()
    sandbox.callback(REPORT, None)
    sandbox.clock.advance(180)
    sandbox.settle_callbacks()
    assert len(told.posts) == 1
    assert sandbox.callbacks[0].status == "lost"
    assert sandbox.callbacks[0].attempts[-1].error == "no address is set"


@pytest.mark.parametrize(
    ("says", "error"),
    [
        (b"", "timed out"),
        (b"HTTP/1.1 200 OK\r\nA: ", "timed out"),
        (b"garbage\r\n\r\n", "BadStatusLine"),
        (b"\x16\x03\x01", "BadStatusLine"),
    ],
    ids=["silence", "drip", "garbage", "tls"],
)
def test_receivers_that_do_not_answer(sandbox: SandboxServer, says: bytes, error: str) -> None:
    if error == "timed out":
        sandbox.state.options.callback_timeout = 0.1
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with closing(connection):
                connection.recv(65_536)
                connection.sendall(says)
                while says.startswith(b"HTTP") and not stop.wait(0.02):
                    try:
                        connection.sendall(b"x")
                    except OSError:
                        return
                stop.wait(0 if says else PATIENCE)
                with suppress(OSError):  # closing over unread bytes would reset the connection
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(65_536):
                        pass

        thread = threading.Thread(target=serve)
        thread.start()
        sandbox.callback(REPORT, f"http://127.0.0.1:{server.getsockname()[1]}/", handshake=False)
        sandbox.send_callback(REPORT)
        sandbox.settle_callbacks()
        stop.set()
        thread.join()
    (attempt,) = sandbox.callbacks[0].attempts
    assert attempt.status is None and str(attempt.error).startswith(error)


def test_an_endless_answer_is_not_read_to_its_end(sandbox: SandboxServer, receiver: Receiver) -> None:
    receiver.echo = lambda echostr: (200, b"x" * 20_000_000)
    with pytest.raises(ValueError, match=r"x{60}"):
        sandbox.callback(REPORT, receiver.url)


# On order.


def ordered(sandbox: SandboxServer, told: Receiver, *faults: str | None, **more: Any) -> list[dict[str, str]]:
    for fault in faults:
        sandbox.send_callback(REPORT, fault=fault, **more)
        sandbox.settle_callbacks()
    return told.forms


@pytest.mark.core
def test_wrong_signature(sandbox: SandboxServer, told: Receiver) -> None:
    (form,) = ordered(sandbox, told, "wrong_signature")
    assert len(form["signature"]) == 40 and not signed_with(form)


def test_replay(sandbox: SandboxServer, told: Receiver) -> None:
    ordered(sandbox, told, None)
    ordered(sandbox, told, "replay", times=2)
    assert len(told.posts) == 3 and len({body for _, _, body in told.posts}) == 1


def test_unknown_id(sandbox: SandboxServer, told: Receiver) -> None:
    (form,) = ordered(sandbox, told, "unknown_id")
    assert signed_with(form) and json.loads(form["data"])["msgId"] != "1857496"
    for kind in (TEMPLATE, SIGN):
        sandbox.send_callback(kind, fault="unknown_id")
    with pytest.raises(ValueError, match="no id"):
        sandbox.send_callback(REPLY, fault="unknown_id")
    sandbox.settle_callbacks()
    unknown = json.loads(told.data[1])["tempId"]
    assert unknown not in sandbox.state.app().templates and len(told.posts) == 3


def test_duplicate(sandbox: SandboxServer, told: Receiver) -> None:
    first, second = ordered(sandbox, told, "duplicate")
    assert first["data"] == second["data"] and first["nonce"] != second["nonce"]
    assert signed_with(first) and signed_with(second)


def test_conflict(sandbox: SandboxServer, told: Receiver) -> None:
    first, second = ordered(sandbox, told, None, "conflict")
    assert (first["nonce"], first["signature"]) == (second["nonce"], second["signature"])
    assert json.loads(second["data"]) == {**json.loads(first["data"]), "status": 4003}
    sandbox.send_callback(REPORT, {"msgId": "7"}, fault="conflict")
    sandbox.settle_callbacks()
    assert told.forms[2]["nonce"] == first["nonce"] and told.data[2] == '{"msgId":"7"}'


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_conflict(sandbox: SandboxServer, told: Receiver, kind: str) -> None:
    for fault in (None, "conflict"):
        sandbox.send_callback(kind, fault=fault)
        sandbox.settle_callbacks()
    assert told.data[0] != told.data[1]


def test_stale(sandbox: SandboxServer, told: Receiver) -> None:
    (form,) = ordered(sandbox, told, "stale")
    assert signed_with(form)
    assert int(sandbox.clock.time() * 1000) - int(form["timestamp"]) == 30 * 86_400_000


def test_faulty_ones_are_not_tried_again(sandbox: SandboxServer, told: Receiver) -> None:
    told.statuses.append(403)
    ordered(sandbox, told, "wrong_signature")
    sandbox.clock.advance(100_000)
    sandbox.settle_callbacks()
    assert len(told.posts) == 1
    assert sandbox.ledger[-1].callback and sandbox.ledger[-1].callback["fault"] == "wrong_signature"


def test_orders_over_http(call: Caller, sandbox: SandboxServer, told: Receiver) -> None:
    answer = post(call, "/send", {"kind": REPLY, "data": {"content": "R"}, "times": 3})
    assert [each["data"] for each in answer.json["notifications"]] == [{"content": "R"}] * 3
    sandbox.settle_callbacks()
    post(call, "/send", {"kind": REPLY, "fault": "replay"})
    sandbox.settle_callbacks()
    shown = read(call)["notifications"]
    assert [each["fault"] for each in shown] == ["replay", None, None, None]
    assert {each["status"] for each in shown} == {"delivered"}
    assert shown[0]["attempts"][0]["status"] == 200
    since = shown[1]["number"]
    assert len(read(call, f"?since={since}")["notifications"]) == 1
    assert len(read(call, "?limit=2")["notifications"]) == 2


@pytest.mark.parametrize(("fault", "data"), [("replay", None), ("conflict", None), ("conflict", {"msgId": "1"})])
def test_nothing_to_repeat_yet(call: Caller, told: Receiver, fault: str, data: Any) -> None:
    answer = post(call, "/send", {"kind": REPORT, "fault": fault, "data": data})
    assert (answer.status, answer.json["error"]["field"]) == (400, "fault")


def test_a_replay_takes_no_data(call: Caller, sandbox: SandboxServer, told: Receiver) -> None:
    ordered(sandbox, told, None)
    same = json.loads(TEST_DATA[REPORT])
    for fault in ("replay", "conflict"):
        answer = post(call, "/send", {"kind": REPORT, "fault": fault, "data": same})
        assert (answer.status, answer.json["error"]["field"]) == (400, "data")


# Held, released, shuffled.


@pytest.mark.core
def test_hold_and_shuffle(call: Caller, sandbox: SandboxServer, told: Receiver) -> None:
    assert post(call, "/hold", {"hold": True}).json["holding"] is True
    for number in range(5):
        sandbox.send_callback(REPORT, {"msgId": str(number)})
    sandbox.settle_callbacks()
    assert told.posts == [] and read(call)["apps"]["sandbox"]["held"] == 5
    answer = post(call, "/shuffle", {"seed": 1}).json
    assert (answer["released"], answer["holding"], answer["held"]) == (5, False, 0)
    sandbox.settle_callbacks()
    came = [json.loads(data)["msgId"] for data in told.data]
    assert sorted(came) == list("01234") and came != list("01234")
    assert post(call, "/shuffle", {}).json["released"] == 0


def test_release_in_order(call: Caller, sandbox: SandboxServer, told: Receiver) -> None:
    sandbox.hold_callbacks()
    for number in range(5):
        sandbox.send_callback(REPORT, {"msgId": str(number)})
    assert [each.status for each in sandbox.callbacks] == ["held"] * 5
    assert post(call, "/hold", {"hold": False}).json["released"] == 5
    sandbox.settle_callbacks()
    assert [json.loads(data)["msgId"] for data in told.data] == list("01234")


def test_two_are_always_swapped(sandbox: SandboxServer, told: Receiver) -> None:
    for _ in range(5):
        sandbox.hold_callbacks()
        for number in "ab":
            sandbox.send_callback(REPORT, {"msgId": number})
        sandbox.shuffle_callbacks()
        sandbox.settle_callbacks()
    assert [json.loads(data)["msgId"] for data in told.data] == ["b", "a"] * 5


# Pull and callback exclude each other.


@pytest.mark.core
def test_nothing_can_be_pulled_while_an_address_is_set(call: Caller, sandbox: SandboxServer, told: Receiver) -> None:
    sandbox.state.options.frequency = False
    sandbox.state.app().waiting[REPORT].append({"msgId": "1", "receiveTime": int(sandbox.clock.time() * 1000)})
    assert call("GET", "/v1/report").json == call("GET", "/v1/reply").json == []
    sandbox.callback(REPORT, None)
    assert [each["msgId"] for each in call("GET", "/v1/report").json] == ["1"]


# The control API's manners, and the life of it all.

BAD: list[tuple[str, Any, str | None]] = [
    ("", {}, "kind"),
    ("", {"kind": "SMS_STATE", "url": None}, "kind"),
    ("", {"kind": REPORT}, "url"),
    ("", {"kind": REPORT, "url": 5}, "url"),
    ("", {"kind": REPORT, "url": None, "handshake": "no"}, "handshake"),
    ("", {"kind": REPORT, "url": None, "app_key": "nobody"}, "app_key"),
    ("", {"kind": REPORT, "url": None, "colour": 1}, "colour"),
    ("/test", {"kind": REPORT}, "kind"),
    ("/test", {"kind": REPORT, "data": {}}, "data"),
    ("/send", {"kind": REPORT}, "kind"),
    ("/send", {"kind": REPORT, "data": []}, "data"),
    ("/send", {"kind": REPORT, "fault": "polite"}, "fault"),
    ("/send", {"kind": REPORT, "times": 0}, "times"),
    ("/send", {"kind": REPORT, "times": 1001}, "times"),
    ("/hold", {"hold": 1}, "hold"),
    ("/shuffle", {"seed": "x"}, "seed"),
    ("/options", {}, None),
    ("/options", {"nulls": "yes"}, "nulls"),
    ("/options", {"timeout": 0}, "timeout"),
]


@pytest.mark.parametrize(("name", "body", "field"), BAD, ids=lambda value: repr(value)[:40])
def test_bad_input(call: Caller, name: str, body: Any, field: str | None) -> None:
    answer = post(call, name, body)
    assert answer.status == 400
    assert answer.json["error"]["field"] == field and answer.json["error"]["reason"]


@pytest.mark.parametrize("name", ["", "/test", "/send", "/hold", "/shuffle", "/options"])
def test_another_page_cannot_drive_it(call: Caller, name: str) -> None:
    answer = call("POST", f"/_sandbox/callbacks{name}", {}, auth=None, headers={"Origin": "https://evil.example"})
    assert answer.status == 403


def test_bad_arguments(sandbox: SandboxServer, told: Receiver) -> None:
    with pytest.raises(ValueError, match="kind must be one of"):
        sandbox.callback("SMS_STATE", None)
    with pytest.raises(ValueError, match="must be one of"):
        sandbox.send_callback(REPORT, fault="polite")


def test_a_reset_forgets_everything(call: Caller, sandbox: SandboxServer, told: Receiver) -> None:
    told.statuses.append(500)
    sandbox.send_callback(REPORT)
    sandbox.settle_callbacks()
    sandbox.hold_callbacks()
    sandbox.send_callback(REPORT)
    sandbox.reset()
    sandbox.clock.advance(100_000)
    sandbox.settle_callbacks()
    assert len(told.posts) == 1 and sandbox.callbacks == [] and sandbox.ledger == []
    assert read(call)["apps"]["sandbox"] == {"urls": {}, "holding": False, "held": 0}


def test_the_oldest_is_lost_when_too_many_wait(
    sandbox: SandboxServer, told: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callbacks, "MOST", 2)
    sandbox.hold_callbacks()
    for _ in range(3):
        sandbox.send_callback(REPORT)
    assert [each.status for each in sandbox.callbacks] == ["lost", "held", "held"]


def test_the_terminal_says_what_failed(sandbox: SandboxServer, told: Receiver) -> None:
    said: list[str] = []
    told.statuses.append(503)
    sandbox.watch(on_call=teller(sandbox.url, said.append)[1])
    try:
        sandbox.send_callback(REPORT, times=2)
        sandbox.settle_callbacks()
    finally:
        sandbox.watch(on_call=lambda entry: None)
    (line,) = said
    assert line.endswith(f"callback SMS_REPORT {told.url}  503")


def test_stopped_in_the_middle_and_started_again(receiver: Receiver) -> None:
    entered, go_on, answered = threading.Event(), threading.Event(), threading.Event()

    def wait() -> None:
        entered.set()
        go_on.wait(PATIENCE)
        answered.set()

    receiver.entered = wait
    sandbox = SandboxServer()
    with sandbox:
        sandbox.state.options.callback_timeout = 2 * PATIENCE
        sandbox.callback(REPORT, receiver.url)
        sandbox.send_callback(REPORT, times=2)
        assert entered.wait(PATIENCE)
        with in_time(3):
            sandbox.stop()
    assert not answered.is_set()
    go_on.set()
    with sandbox:
        sandbox.settle_callbacks()
        assert [each.status for each in sandbox.callbacks] == ["retrying", "delivered"]


def test_a_broken_listener_stops_nothing(
    sandbox: SandboxServer, told: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(entry: object) -> None:
        raise RuntimeError("broken listener")

    sandbox.watch(on_call=broken)
    try:
        sandbox.send_callback(REPORT, times=2)
        sandbox.settle_callbacks()
    finally:
        sandbox.watch(on_call=lambda entry: None)
    assert len(told.posts) == 2 and "broken listener" in capsys.readouterr().err


def test_the_docs_name_every_fault_and_path() -> None:
    page = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text("utf-8")
    assert [name for name in FAULTS if f"| `{name}` |" not in page] == []
    assert [path for path in ROUTES if f"{path}`" not in page] == []
