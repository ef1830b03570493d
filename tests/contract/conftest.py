"""A sandbox with the keys of the documentation's own example, and a connection to it."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from django_jsms.sandbox import SandboxServer
from tests.contract.cases import LOGINS
from tests.contract.givens import Exchange
from tests.contract.wire import Sent
from tests.waiting import PATIENCE


@pytest.fixture(scope="session")
def running() -> Iterator[SandboxServer]:
    (app_key, master_secret), (dev_key, dev_secret) = (LOGINS[who].split(":") for who in ("app", "developer"))
    with SandboxServer(app_key=app_key, master_secret=master_secret, dev_key=dev_key, dev_secret=dev_secret) as server:
        yield server


@pytest.fixture
def sandbox(running: SandboxServer) -> SandboxServer:
    running.reset()
    return running


@pytest.fixture
def exchange(sandbox: SandboxServer) -> Iterator[Exchange]:
    """One keep-alive connection: status, headers and body, which is the JSON or else the bytes."""
    connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=PATIENCE)

    def send(sent: Sent) -> tuple[int, dict[str, str], Any]:
        connection.request(sent.method, sent.path, sent.body, sent.headers)
        response = connection.getresponse()
        body = response.read()
        return response.status, dict(response.headers), json.loads(body) if body else body

    yield send
    connection.close()
