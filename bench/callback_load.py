"""The load of ``bench callbacks``: a site of several processes, rows that wait, and rounds of reports for them."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from django.db import connection, connections

from django_jsms.client.callbacks import sign
from django_jsms.models import Callback, Message, Report
from django_jsms.models.base import mobile_hash, now

KEYS: Final = {"APP_KEY": "a" * 24, "MASTER_SECRET": "b" * 24}
TOKEN: Final = "t" * 32
JSMS: Final = {"APPS": {"default": {**KEYS, "CALLBACK_TOKENS": [TOKEN]}}, "REPORTS": "callback"}
#: Milliseconds in which ninety-nine of a hundred are answered (semantics 11, F45).
P99_MOST: Final = 500.0


@contextmanager
def site(workers: int) -> Iterator[int]:
    """So many processes on one listening socket; its port."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        listening.set_inheritable(True)
        database = {name: value for name, value in connection.settings_dict.items() if name != "TEST"}
        number = listening.fileno()
        given = [str(number), json.dumps(database, default=str), json.dumps(JSMS)]
        command = [sys.executable, "-m", "bench.callback_site", *given]
        root = Path(__file__).parent.parent
        processes = [subprocess.Popen(command, cwd=root, pass_fds=[number]) for _ in range(workers)]
        try:
            yield listening.getsockname()[1]
        finally:
            for process in processes:
                process.terminate()
                process.wait(10)


def messages(count: int) -> list[tuple[str, str]]:
    """Rows that wait for their report: msg_id and mobile of each."""
    known = [(str(10**11 + each), f"139{each:08d}") for each in range(count)]
    rows = (
        Message(mobile=mobile, mobile_hash=mobile_hash(mobile), msg_id=msg_id, status="sent", sent_at=now())
        for msg_id, mobile in known
    )
    Message.objects.bulk_create(rows, batch_size=1000)
    with connection.cursor() as cursor:  # as a database that has been up for a while knows its tables
        cursor.execute("ANALYZE")
    return known


def bodies(known: list[tuple[str, str]]) -> list[bytes]:
    at = str(int(time.time() * 1000))
    found = []
    for nonce, (msg_id, mobile) in enumerate(known):
        data = {"msgId": msg_id, "phone": mobile, "receiveTime": int(at), "status": 4001}
        form = {"nonce": nonce, "timestamp": at, "type": "SMS_REPORT", "data": json.dumps(data)}
        signature = sign(KEYS["APP_KEY"], KEYS["MASTER_SECRET"], str(nonce), at)
        found.append(urlencode({**form, "signature": signature}).encode())
    return found


def post_all(name: str, port: int, posts: list[bytes], rate: int | None, callers: int) -> int:
    """Post them all, at that rate or as fast as they are taken; answers how many were not answered 200."""
    took: list[float] = []
    failed: list[int] = []
    started, line = time.perf_counter(), enumerate(posts)
    lock = threading.Lock()

    def body() -> None:
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while True:
            with lock:
                index, each = next(line, (-1, b""))
            if index < 0:
                return
            if rate:
                time.sleep(max(0.0, started + index / rate - time.perf_counter()))
            began = time.perf_counter()
            status = _post(client, each)
            took.append(time.perf_counter() - began)
            if status != 200:
                failed.append(status)

    threads = [threading.Thread(target=body) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _tell(name, len(posts), time.perf_counter() - started, sorted(took), len(failed))
    return len(failed)


def _post(client: http.client.HTTPConnection, body: bytes) -> int:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    try:
        client.request("POST", f"/jsms/callback/{TOKEN}/", body, headers)
        answer = client.getresponse()
        answer.read()
    except OSError:
        client.close()
        return 0
    return answer.status


def _tell(name: str, count: int, seconds: float, took: list[float], failed: int) -> None:
    middle, late = took[len(took) // 2] * 1000, took[len(took) * 99 // 100] * 1000
    print(
        f"{name}: {count / seconds:.0f} a second for {seconds:.0f} s, "
        f"p50 {middle:.1f} ms, p99 {late:.1f} ms (bound {P99_MOST:.0f}), not answered 200: {failed}",
        flush=True,
    )


def lost() -> int:
    """Rows whose report is not there."""
    connections.close_all()
    return Message.objects.exclude(delivery="delivered").count()


def state() -> list[Any]:
    """Everything a repeat must not change."""
    connections.close_all()
    rows = Message.objects.order_by("pk").values_list("pk", "status", "delivery", "report_status", "updated_at")
    return [Callback.objects.count(), Report.objects.count(), *rows]
