"""A connection that breaks in the middle of a body, over a real socket: what came is not acted on."""

from __future__ import annotations

import json
import socket
import threading
import time
from base64 import b64encode
from io import BytesIO
from urllib.parse import urlencode, urlsplit
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.contrib.auth import get_user_model
from django.core.handlers.asgi import ASGIRequest
from django.core.wsgi import get_wsgi_application
from django.test.client import BOUNDARY, MULTIPART_CONTENT
from django.urls import resolve

from django_jsms.client.callbacks import sign
from django_jsms.models import Batch, Callback, OptOut, VerificationCode
from django_jsms.services.bodies import Whole
from tests.conftest import MOBILE

pytestmark = pytest.mark.django_db(transaction=True)
TOKEN = "a-token-of-32-characters-or-more-00"


class Silent(WSGIRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(params=["runserver", "wsgiref"])
def server(request, transactional_db):
    """Host and port of Django's own server, or of the plainest there is."""
    if request.param == "runserver":
        address = urlsplit(request.getfixturevalue("live_server").url)
        yield address.hostname, address.port
        return
    with make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Silent) as served:
        thread = threading.Thread(target=served.serve_forever, args=(0.01,))
        thread.start()
        yield served.server_address
        served.shutdown()
        thread.join()


def notification() -> bytes:
    now = str(int(time.time() * 1000))
    data = json.dumps({"phone": MOBILE, "replyTime": int(now), "content": "TD"})
    form = {"nonce": "1", "timestamp": now, "signature": sign("sandbox", "sandbox", "1", now), "type": "SMS_REPLY"}
    return urlencode({**form, "data": data, "more": "x" * 20}).encode()


def send(server, path: str, body: bytes, *, missing: int = 0, kind: str = "application/json", **headers: str) -> int:
    """Posts a body that lacks its last bytes, hangs up one way, and answers the status."""
    lines = {"Host": "127.0.0.1", "Content-Type": kind, "Content-Length": len(body), "Connection": "close", **headers}
    head = f"POST {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items()) + "\r\n"
    with socket.create_connection(server, timeout=30) as connection:
        connection.sendall(head.encode() + body[: len(body) - missing])
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(65_536):
            answer += part
    return int(answer.split(None, 2)[1])


def test_a_code_is_sent_for_a_whole_body_only(jsms_sandbox, server):
    body = json.dumps({"mobile": MOBILE, "purpose": "login"}).encode() + b" " * 20
    for missing in (1, 20, 30, len(body)):
        assert send(server, "/api/codes/", body, missing=missing) == 400
    assert not VerificationCode.objects.exists() and jsms_sandbox.ledger == []
    assert send(server, "/api/codes/", body) == 202


def test_a_callback_is_kept_whole_or_not(jsms_sandbox, server):
    body = notification()
    app = {"SANDBOX": jsms_sandbox.url, "CALLBACK_TOKENS": [TOKEN]}
    with jsms_sandbox.settings(APPS={"default": app}):
        for missing in (1, 26, 60, len(body)):  # 26: it ends where the data does
            assert send(server, f"/jsms/callback/{TOKEN}/", body, missing=missing) == 400
        assert not Callback.objects.exists()
        assert send(server, f"/jsms/callback/{TOKEN}/", body) == 200


def test_half_a_file_is_no_shorter_list(shop, server):
    get_user_model().objects.create_superuser("boss", password="secret")
    login = {"Authorization": "Basic " + b64encode(b"boss:secret").decode()}
    rows = f"mobile,no\r\n{MOBILE},1\r\n13900139000,2\r\n"
    parts = 'template"\r\n\r\norder-shipped', f'file"; filename="a.csv"\r\n\r\n{rows}'
    form = "".join(f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{part}\r\n' for part in parts)
    body = f"{form}--{BOUNDARY}--\r\n".encode()
    cut = len(body) - body.index(b"13900139000")
    for missing in (1, 10, cut):
        upload = send(server, "/api/staff/batches/upload/", body, missing=missing, kind=MULTIPART_CONTENT, **login)
        assert upload == 400
    assert not Batch.objects.exists()
    assert send(server, "/api/staff/batches/upload/", body, kind=MULTIPART_CONTENT, **login) == 201


@pytest.mark.parametrize("length", ["", "abc", "-1", "9" * 5000])
def test_a_length_that_is_none_is_an_empty_body(length):
    assert Whole(BytesIO(b"a body"), length).read() == b""


def test_without_a_length_it_ends_where_it_ends():
    assert Whole(BytesIO(b"a body"), None).read(100) == b"a body"
    assert Whole(BytesIO(b"a body"), None).read(2) == b"a "
    assert Whole(BytesIO(b"a body"), None).read() == b"a body"


def through_asgi(path: str, body: bytes) -> int:
    """The status of a chunked request, which an ASGI server has read whole."""
    headers = [(b"host", b"testserver"), (b"transfer-encoding", b"chunked")]
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}
    view = resolve(path)
    return view.func(ASGIRequest(scope, BytesIO(body)), **view.kwargs).status_code


def test_a_chunked_callback_is_read_to_its_end(jsms_sandbox, server):
    """ASGI reads it whole; what WSGI does not hand on is asked for with a length."""
    body, path = notification(), f"/jsms/callback/{TOKEN}/"
    app = {"SANDBOX": jsms_sandbox.url, "CALLBACK_TOKENS": [TOKEN]}
    with jsms_sandbox.settings(APPS={"default": app}):
        assert send(server, path, b"", **{"Transfer-Encoding": "chunked"}) == 411
        assert through_asgi(path, body) == 200
    assert OptOut.objects.get().mobile == MOBILE
