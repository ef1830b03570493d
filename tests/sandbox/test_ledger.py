"""The ledger: every call, in order, on disk before its answer, and nothing secret in it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from django_jsms.sandbox import SandboxServer
from django_jsms.sandbox.ledger import Entry, Ledger
from tests.sandbox.conftest import MOBILE, Caller
from tests.sandbox.test_serving import BODY, post
from tests.waiting import wait_for


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_each_call_is_written(call: Caller, sandbox: SandboxServer) -> None:
    msg_id = call.code()
    call("POST", f"/v1/codes/{msg_id}/valid", {"code": "x"})
    call("GET", "/v1/nowhere")
    entries = sandbox.ledger
    assert [(each.method, each.path, each.status, each.code) for each in entries] == [
        ("POST", "/v1/codes", 200, None),
        ("POST", f"/v1/codes/{msg_id}/valid", 403, 50010),
        ("GET", "/v1/nowhere", 404, 50016),
    ]
    assert (entries[0].msg_ids, entries[0].mobiles, entries[0].accepted) == ([msg_id], [MOBILE], True)
    assert [each.seq for each in entries] == sorted(each.seq for each in entries)


def test_nothing_secret(call: Caller, sandbox: SandboxServer) -> None:
    msg_id = call.code()
    code = sandbox.last_code(MOBILE)
    call("POST", f"/v1/codes/{msg_id}/valid", {"code": code})
    written = json.dumps([each.as_json() for each in sandbox.ledger])
    assert "c2FuZGJveDpzYW5kYm94" not in written and "Basic" not in written
    assert f'"{code}"' not in written


def test_50013_says_which_ids_it_knows(call: Caller, sandbox: SandboxServer) -> None:
    answer = call("POST", "/v1/codes", {"mobile": MOBILE, "temp_id": 99})
    assert answer.json["error"]["message"] == "invalid temp_id"
    assert sandbox.ledger[-1].hint == "this app knows the template ids 1, 10, 11, 12, 20, 21, 30, 31"


@pytest.mark.core
def test_a_killed_process_leaves_the_truth(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    command = [sys.executable, "-m", "django_jsms.sandbox", "--port", "0", "--ledger", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        caller = Caller(type("Address", (), {"url": url})())
        answered = [caller.code(f"139{number:08d}") for number in range(20)]
        # One more, killed while its answer is held back: it was accepted, so it is there.
        caller("POST", "/_sandbox/faults", {"fault": "hang", "when": "after"}, auth=None)
        caller.connection.sock.sendall(post("/v1/codes", BODY).encode())
        wait_for(lambda: path.read_bytes().count(b"\n") >= 21)
        process.send_signal(signal.SIGKILL)
        caller.close()
    written = lines(path)
    assert [each["msg_ids"][0] for each in written[:20]] == answered
    assert written[20]["mobiles"] == [MOBILE] and written[20]["fault"]["fault"] == "hang"


def test_the_file_is_only_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    server = SandboxServer(ledger=path)
    for _ in range(2):
        with server:
            caller = Caller(server)
            caller.code()
            server.reset()
            caller.code()
            caller.close()
    assert [each["seq"] for each in lines(path)] == [1, 2, 3, 4]


def test_memory_keeps_the_newest_and_counts_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django_jsms.sandbox.ledger._KEEP_IDS", 100)
    ledger = Ledger()
    for number in range(50):
        ledger.write(Entry("call", "", accepted=True, msg_ids=[f"{number}-{each}" for each in range(10)]))
    assert [each.seq for each in ledger.entries()] == list(range(41, 51))
    assert ledger.counts() == {"calls": 50, "accepted": 50, "messages": 500}
    assert [each.seq for each in ledger.entries(since=48)] == [49, 50]
