"""A batch of 1000 answered by the sandbox, against reading and writing its JSON alone."""

from __future__ import annotations

import base64
import gc
import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from django_jsms.sandbox import SandboxServer
from django_jsms.sandbox.serving import collect_seldom

from . import report
from .measure import Call, callers, interleave
from .report import Row

CPU_MOST = 8.0
RECIPIENTS = 1000
_TEMPLATE = "订单{{no}}已发货，{{day}}送达"


def rows(*, quick: bool) -> Iterator[Row]:
    body, calls, rounds = _body(), 10 if quick else 20, 3 if quick else 9
    usual = gc.get_threshold()
    collect_seldom()  # as both commands do
    with SandboxServer(templates={10: _TEMPLATE}) as server, _caller(server) as call, callers(1) as crowd:
        pair = interleave(call, _json_alone(body), crowd, calls=calls, rounds=rounds)
        # A call that was refused would be a cheap one.
        refused = [each.code for each in server.ledger if each.code or len(each.msg_ids) != RECIPIENTS]
    gc.set_threshold(*usual)
    assert refused == [], refused
    yield report.cpu(f"sandbox, a batch of {RECIPIENTS}", pair, most=CPU_MOST)


def _body() -> bytes:
    items = [{"mobile": f"139{n:08d}", "temp_para": {"no": str(n), "day": "周一"}} for n in range(RECIPIENTS)]
    return json.dumps({"temp_id": 10, "recipients": items}).encode()


def _json_alone(body: bytes) -> Call:
    items = [{"msg_id": str(176405712345 + n), "mobile": f"139{n:08d}"} for n in range(RECIPIENTS)]
    answer = {"success_count": RECIPIENTS, "failure_count": 0, "recipients": items}
    return lambda: (json.loads(body), json.dumps(answer))


@contextmanager
def _caller(server: SandboxServer) -> Iterator[Call]:
    """Makes one call over a connection that stays, from a process whose CPU is not counted."""
    command = [sys.executable, "-m", "bench.sandbox_rows", str(urlsplit(server.url).port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        to, back = process.stdin, process.stdout

        def call() -> None:
            to.write(b"\n")
            to.flush()
            assert back.readline() == b"200\n"

        yield call
        to.close()


def _calls(port: int) -> None:
    """In the process of its own: a call for each line, to other numbers than the one before."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Authorization": "Basic " + base64.b64encode(b"sandbox:sandbox").decode()}
    for number, _ in enumerate(sys.stdin):
        body = _body().replace(b'"139', b'"1%02d' % (number % 100))
        connection.request("POST", "/v1/messages/batch", body, headers)
        response = connection.getresponse()
        response.read()
        print(response.status, flush=True)


if __name__ == "__main__":
    _calls(int(sys.argv[1]))
