"""One sandbox for all tests of this folder, fresh for each, and a caller that speaks plain HTTP to it."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from django_jsms.sandbox import SandboxServer
from tests.sandbox.receiver import Receiver, receiving
from tests.waiting import PATIENCE

MOBILE = "13800138000"
TEMPLATES: dict[int, Any] = {
    10: "订单{{no}}已发货，{{day}}送达",
    11: {"text": "春季新品上架", "type": "marketing"},
    12: "没有参数的通知",
    20: {"text": "审核中{{code}}", "type": "code", "status": 0},
    21: {"text": "未通过{{code}}", "type": "code", "status": 2},
    30: {"text": "{{text}}", "type": "notice"},
    31: {"text": "您的验证码是{{code}}，{{name}}", "type": "code"},
}


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> int | None:
        return self.json["error"]["code"] if b'"error"' in self.body else None


class Caller:
    """One keep-alive connection; ``auth`` is «user:password» or None."""

    def __init__(self, server: SandboxServer) -> None:
        self.server = server
        self.connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=PATIENCE)

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        auth: str | None = "sandbox:sandbox",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        sent = {"Content-Type": "application/json", **(headers or {})}
        if auth is not None:
            sent["Authorization"] = "Basic " + base64.b64encode(auth.encode()).decode()
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        self.connection.request(method, path, data, {name: value for name, value in sent.items() if value})
        response = self.connection.getresponse()
        return Answer(response.status, dict(response.headers), response.read())

    def code(self, mobile: str = MOBILE, **fields: Any) -> str:
        """Send a text code; its msg_id."""
        answer = self("POST", "/v1/codes", {"mobile": mobile, "temp_id": 1, **fields})
        assert answer.status == 200, answer.body
        return str(answer.json["msg_id"])

    def close(self) -> None:
        self.connection.close()


@pytest.fixture(scope="session")
def running() -> Iterator[SandboxServer]:
    with SandboxServer(templates=TEMPLATES) as server:
        yield server


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Callbacks are waited for as long as everything here is."""
    monkeypatch.setattr(SandboxServer.settle_callbacks, "__defaults__", (PATIENCE,))


@pytest.fixture
def sandbox(running: SandboxServer) -> SandboxServer:
    running.reset()
    return running


@pytest.fixture
def call(sandbox: SandboxServer) -> Iterator[Caller]:
    caller = Caller(sandbox)
    yield caller
    caller.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver
