"""What a call costs, counted: connections, threads, writes to the ledger's file."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from django_jsms.sandbox import Options, SandboxServer
from tests.sandbox.conftest import Caller


def test_one_connection_one_thread_one_sync_a_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    real = os.fsync
    monkeypatch.setattr("os.fsync", lambda number: (synced.append(number), real(number))[1])
    with SandboxServer(ledger=tmp_path / "ledger") as server:
        before = threading.active_count()
        call = Caller(server)
        for number in range(100):
            call.code(f"139{number:08d}")
        assert threading.active_count() == before + 1
        call.close()
    assert len(synced) == 100


def test_a_batch_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "ledger"
    with SandboxServer(ledger=path, templates={12: "通知"}) as server:
        call = Caller(server)
        recipients = [{"mobile": f"139{number:08d}"} for number in range(1000)]
        assert call("POST", "/v1/messages/batch", {"temp_id": 12, "recipients": recipients}).status == 200
        call.close()
    assert path.read_bytes().count(b"\n") == 1


def test_the_outbox_keeps_the_newest(sandbox: SandboxServer) -> None:
    maximum = sandbox.state.messages.maxlen
    assert maximum == sandbox.state.options.keep == 50_000


def batch(call: Caller, first: int) -> int:
    """1000 notices to numbers of their own; how many were taken."""
    recipients = [{"mobile": f"1{3_000_000_000 + first * 1000 + number}"} for number in range(1000)]
    answer = call("POST", "/v1/messages/batch", {"temp_id": 12, "recipients": recipients})
    return int(answer.json["success_count"])


def test_memory_keeps_the_newest_and_the_ledger_counts_all() -> None:
    with SandboxServer(templates={12: "通知"}, options=Options(keep=100, report_after=0)) as server:
        call = Caller(server)
        assert [batch(call, number) for number in range(3)] == [1000] * 3
        last = call("POST", "/v1/messages", {"mobile": "13900000000", "temp_id": 12}).json
        server.reply("13900000000", "1")
        call.close()
        outbox, state = server.outbox, server.state
        assert (len(outbox), outbox[-1].msg_id) == (100, str(last["msg_id"]))
        assert outbox[0].mobile == f"1{3_000_002_901}"
        assert (len(state.reports), len(state.replies)) == (100, 1)
        assert state.ledger.counts() == {"calls": 4, "accepted": 4, "messages": 3001}
        # None is lost before it could be pulled.
        assert len(state.app().waiting["SMS_REPORT"]) == 3001


def test_finished_schedules_are_forgotten_when_there_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django_jsms.sandbox.state._FINISHED_KEPT", 2)
    with SandboxServer(templates={12: "通知"}) as server:
        server.clock.stop()
        call = Caller(server)
        body = {"mobile": "13900000000", "temp_id": 12, "send_time": "2030-01-01 09:00:00"}
        made = [call("POST", "/v1/schedule", body).json["schedule_id"] for _ in range(4)]
        assert [call("DELETE", f"/v1/schedule/{each}").status for each in made[:3]] == [200] * 3
        assert [call("DELETE", f"/v1/schedule/{each}").code for each in made[:3]] == [50028, 50029, 50029]
        server.clock.advance(10 * 366 * 86_400)
        assert [call("GET", f"/v1/schedule/{each}").code for each in made] == [50028, 50028, 50028, None]
        assert len(server.state.schedules) == 2
        call.close()
