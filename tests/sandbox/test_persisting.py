"""``--persist``: what the console holds outlives the process, killed or not."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from django_jsms.sandbox import SandboxServer
from django_jsms.sandbox.persisting import Keeper, snapshot
from django_jsms.sandbox.seeds import BadSeed
from tests.sandbox.conftest import MOBILE, Caller
from tests.waiting import wait_for


@pytest.mark.core
def test_over_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "kept.json"
    threads = set(threading.enumerate())
    with SandboxServer(persist=file) as server:
        call = Caller(server)
        temp_id = call("POST", "/v1/templates", {"template": "到货{{no}}", "type": 2}).json["temp_id"]
        server.audit(template_id=temp_id)
        server.reply(MOBILE, "TD")
        server.balance(voice=3)
        server.outcome("*", 4004)
        call.code()
        before = snapshot(server.state)
        call.close()
    assert set(threading.enumerate()) <= threads
    with SandboxServer(persist=file) as server:
        assert snapshot(server.state) == before and server.outbox == []
        call = Caller(server)
        sent = {"mobile": "13900000000", "temp_id": temp_id, "temp_para": {"no": "1"}}
        assert call("POST", "/v1/messages", sent).status == 200
        assert call("POST", "/v1/templates", {"template": "x", "type": 2}).json["temp_id"] != temp_id
        call.close()


def test_a_reset_empties_it_too(tmp_path: Path) -> None:
    file = tmp_path / "kept.json"
    with SandboxServer(persist=file) as server:
        fresh = json.loads(json.dumps(snapshot(server.state)))
        server.reply(MOBILE, "TD")
        server.reset()
    assert json.loads(file.read_text("utf-8")) == fresh


def test_it_goes_before_the_seed(tmp_path: Path) -> None:
    file = tmp_path / "kept.json"
    seed = {"apps": [{"app_key": "k", "master_secret": "s", "balances": {"voice": 7}}]}
    with SandboxServer(seed=seed, persist=file) as server:
        server.balance(voice=3)
    with SandboxServer(seed=seed, persist=file) as server:
        assert server.state.app("k").pools["voice"] == 3


def test_a_killed_process_leaves_it_behind(tmp_path: Path) -> None:
    file = tmp_path / "kept.json"
    run = [sys.executable, "-m", "django_jsms.sandbox", "--port", "0", "--persist", str(file)]
    with subprocess.Popen(run, stdout=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdout is not None
        call = Caller(type("Address", (), {"url": process.stdout.readline().strip()})())
        call("POST", "/_sandbox/optouts", {"mobile": MOBILE}, auth=None)
        wait_for(lambda: MOBILE in file.read_text("utf-8"))
        process.send_signal(signal.SIGKILL)
        call.close()
    assert json.loads(file.read_text("utf-8"))["apps"][0]["optouts"] == [MOBILE]
    assert file.stat().st_mode & 0o077 == 0  # secrets are in it


def test_written_only_when_something_changed(tmp_path: Path) -> None:
    server = SandboxServer()
    keeper = Keeper(server.state, tmp_path / "kept.json")
    keeper.start()
    first = (tmp_path / "kept.json").stat().st_ino
    keeper._try()
    assert (tmp_path / "kept.json").stat().st_ino == first
    server.balance(voice=0)
    keeper.stop()
    assert (tmp_path / "kept.json").stat().st_ino != first
    assert [each.name for each in tmp_path.iterdir()] == ["kept.json"]


def test_a_broken_file_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "kept.json"
    file.write_text('{"apps": [{"app_key": 1}]}')
    threads = set(threading.enumerate())
    with pytest.raises(BadSeed, match=r"kept.json: apps\[0\].app_key must be text"):
        SandboxServer(persist=file).start()
    assert file.read_text() == '{"apps": [{"app_key": 1}]}'
    assert set(threading.enumerate()) <= threads


def test_a_disk_that_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    server = SandboxServer(persist=folder / "kept.json")
    server.start()
    (folder / "kept.json").unlink()
    folder.rmdir()
    server.balance(voice=0)
    server.stop()
    assert "cannot write" in capsys.readouterr().err
