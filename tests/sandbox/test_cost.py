"""What a call costs, counted: connections, threads, writes to the ledger's file."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from django_jsms.sandbox import SandboxServer
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
