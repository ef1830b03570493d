"""``python -m django_jsms.sandbox``: its first line, what it prints, how it ends."""

from __future__ import annotations

import signal
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from django_jsms.sandbox import SandboxServer
from django_jsms.sandbox.__main__ import main
from django_jsms.sandbox.terminal import printable
from tests.sandbox.conftest import MOBILE, Caller
from tests.waiting import PATIENCE

RUN = [sys.executable, "-m", "django_jsms.sandbox"]


@pytest.mark.core
def test_a_served_sandbox() -> None:
    given = ["--port", "0", "--app-key", "k", "--master-secret", "s", "--dev-key", "d", "--dev-secret", "e"]
    given += ["--app", "k2:s2"]
    templates = ["--template", "1250=订单{{no}}已发货", "--template", "9:marketing=春季新品"]
    with subprocess.Popen([*RUN, *given, *templates], stdout=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert urlsplit(url).scheme == "http" and url in process.stdout.readline()
        call = Caller(type("Address", (), {"url": url})())
        call("POST", "/v1/codes", {"mobile": MOBILE, "temp_id": 1}, auth="k:s")
        line = process.stdout.readline()
        code = call("GET", f"/_sandbox/phones/{MOBILE}", auth=None).json["messages"][0]["code"]
        assert f"{MOBILE}  [{code}]" in line and f"{url}/_sandbox/#{MOBILE}" in line
        body = {"mobile": MOBILE, "temp_id": 9}
        assert call("POST", "/v1/messages", body, auth="k:s").status == 200
        assert "拒收请回复R" in process.stdout.readline()
        assert call("POST", "/v1/messages", {**body, "temp_id": 2}, auth="k:s").code == 50013
        assert "403 50013  (this app knows the template ids 1, 9, 1250)" in process.stdout.readline()
        assert call("GET", "/v1/accounts/dev", auth="d:e").status == 200
        assert call("GET", "/v1/templates/9", auth="k2:s2").json["type"] == 3
        process.send_signal(signal.SIGINT)
        call.close()
        assert process.wait(PATIENCE) == 0


def test_a_taken_port(sandbox: SandboxServer, capsys: pytest.CaptureFixture[str]) -> None:
    port = urlsplit(sandbox.url).port
    assert main(["--port", str(port)]) == 1
    assert capsys.readouterr().out.startswith(f"cannot start on 127.0.0.1:{port}: ")


def test_a_ledger_that_cannot_be_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--port", "0", "--ledger", "/nonexistent/ledger"]) == 1
    assert "No such file" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["--port", "x"],
        ["--port", "65536"],
        ["--template", "x"],
        ["--template", "1:odd=x"],
        ["--template", "1="],
        ["--app", "k"],
        ["--app", ":s"],
        ["--nothing"],
    ],
)
def test_bad_arguments(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2


def test_texts_do_not_steer_the_terminal() -> None:
    assert printable("a\x1b[31m\r\n\u202eb") == "a [31m   b"
