"""The example project, run as a newcomer runs it: by its own commands, under its own settings."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 120

pytestmark = pytest.mark.slow

Manage = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def manage(tmp_path: Path) -> Iterator[Manage]:
    """``manage("demo", "--check", LANG=…)`` starts a command of the project, from some other directory."""
    running = []

    def start(*arguments: str, **environment: str) -> subprocess.Popen[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("JSMS_", "LC_", "LANG"))}
        given = {
            "DJANGO_SETTINGS_MODULE": "example.settings",
            "PYTHONPATH": str(ROOT),
            "PYTHONIOENCODING": "utf-8",
            "EXAMPLE_DATABASE": str(tmp_path / "example.sqlite3"),
            **environment,
        }
        command = [sys.executable, "-W", "error", str(ROOT / "example_project" / "manage.py"), *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "encoding": "utf-8"}
        running.append(subprocess.Popen(command, cwd=tmp_path, env={**kept, **given}, **pipes))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("atomic", ["0", "1"])
def test_its_own_tests_pass(manage: Manage, atomic: str) -> None:
    process = manage("test", "accounts", EXAMPLE_ATOMIC_REQUESTS=atomic)
    out, error = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, out + error
    assert re.search(r"Ran \d{2} tests", error)


def test_its_captcha_works(manage: Manage) -> None:
    process = manage("test", "accounts.tests.test_captcha", EXAMPLE_CAPTCHA="1")
    out, error = process.communicate(timeout=SECONDS)
    assert process.returncode == 0 and "Ran 3 tests" in error, out + error


def test_its_migrations_are_complete(manage: Manage) -> None:
    process = manage("makemigrations", "--check", "--dry-run")
    out, error = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, out + error


#: The whole list of 2500 once; what a language, a setting, a broker or a terminal can change shows with a short one.
SHORT = ("--rows", "200")


@pytest.mark.parametrize(
    ("options", "environment", "told"),
    [
        ((), {"LANG": "en_US.UTF-8"}, "jsms_balance shows what is left, and for how many days"),
        (SHORT, {"LANG": "zh_CN.UTF-8", "EXAMPLE_ATOMIC_REQUESTS": "1"}, "管理后台显示结果，手机号已脱敏"),
    ],
)
def test_the_demo_walks_its_story(
    manage: Manage, options: tuple[str, ...], environment: dict[str, str], told: str
) -> None:
    process = manage("demo", "--check", *options, **environment)
    out, error = process.communicate(timeout=SECONDS)
    assert (process.returncode, error) == (0, ""), out + error
    steps = out.splitlines()
    assert len(steps) >= 6 and all(step.startswith("✓ ") for step in steps)
    assert f"✓ {told}" in steps


@pytest.mark.parametrize(
    ("variable", "broker", "port"),
    [
        ("JSMS_TEST_REDIS", "redis://127.0.0.1:6379/8", 6379),
        ("JSMS_TEST_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672//", 5672),
    ],
)
def test_a_celery_worker_sends_the_list(manage: Manage, variable: str, broker: str, port: int) -> None:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) and not os.environ.get("JSMS_REQUIRE_SERVERS"):
            pytest.skip(f"nothing answers on port {port}")
    process = manage("demo", "--check", *SHORT, "--broker", os.environ.get(variable, broker), LANG="en_US.UTF-8")
    out, error = process.communicate(timeout=SECONDS)
    assert (process.returncode, error) == (0, ""), out + error
    assert out.splitlines()[-5:-1] == [
        "✓ The workers send it",
        "✓ Each of its phones holds one text",
        "✓ JSMS reports to the site, and all of it is delivered",
        "✓ The export says what became of each row, masked",
    ]


@pytest.mark.parametrize("broker", ["redis://127.0.0.1:9/0", "nonsense://x"])
def test_a_broker_that_does_not_answer_is_one_line(manage: Manage, broker: str) -> None:
    process = manage("demo", "--check", "--broker", broker, LANG="en_US.UTF-8")
    out, error = process.communicate(timeout=SECONDS)
    assert (process.returncode, out) == (1, "")
    assert re.fullmatch(r"CommandError: The broker cannot be used: .+\n", error), error


def test_the_list_is_shown_to_its_end(manage: Manage) -> None:
    process = manage("demo", "--port", "0", "--sandbox-port", "0", LANG="en_US.UTF-8")
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line.strip())
        if line.startswith("  sent "):
            break
    assert "A list of 2500: 2492 are sent, 8 rows are bad or come twice." in lines
    assert lines[-2:] == ["2492 of 2492", "sent 2492, failed 0, unknown 0"]
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=SECONDS)
    assert (process.returncode, error) == (0, "") and out.strip().endswith("Stopped.")


def test_a_terminal_without_chinese_will_do(manage: Manage) -> None:
    process = manage("demo", "--check", *SHORT, LANG="zh_CN.UTF-8", PYTHONIOENCODING="ascii")
    out, error = process.communicate(timeout=SECONDS)
    assert (process.returncode, error) == (0, "") and out.startswith("? ???")


def test_a_step_that_fails_is_named(manage: Manage) -> None:
    """Here the first one: a site that does not answer to this machine's name."""
    process = manage("demo", "--check", LANG="en_US.UTF-8", EXAMPLE_HOSTS="elsewhere.example", EXAMPLE_DEBUG="0")
    out, error = process.communicate(timeout=SECONDS)
    assert (process.returncode, out) == (1, "")
    assert re.fullmatch(r"CommandError: ✗ The site opens: http://127\.0\.0\.1:\d+/ → 400\n", error), error


@pytest.mark.parametrize("option", ["--port", "--sandbox-port"])
def test_a_port_that_is_taken_is_one_line(manage: Manage, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        process = manage("demo", option, port, LANG="en_US.UTF-8")
        out, error = process.communicate(timeout=SECONDS)
    assert (process.returncode, out) == (1, "")
    assert re.fullmatch(rf"CommandError: Port {port} cannot be used: .+\n", error), error


@pytest.mark.parametrize(("option", "value", "named"), [("--port", "70000", "65535"), ("--rows", "99", "100")])
def test_a_number_out_of_range_is_a_usage_error(manage: Manage, option: str, value: str, named: str) -> None:
    process = manage("demo", option, value, LANG="en_US.UTF-8")
    _, error = process.communicate(timeout=SECONDS)
    assert process.returncode == 2 and named in error


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_runs_until_it_is_told_to_stop(manage: Manage, number: signal.Signals) -> None:
    process = manage("demo", "--port", "0", "--sandbox-port", "0", LANG="en_US.UTF-8")
    assert process.stdout is not None
    site = phones = ""
    for line in process.stdout:
        site = site or line.strip().partition("  ")[0] * ("phone login" in line)
        phones = phones or line.strip().partition("  ")[0] * ("virtual phones" in line)
        if "Ctrl-C" in line:
            break
    assert requests.get(site, timeout=SECONDS).status_code == 200
    assert requests.get(phones, timeout=SECONDS).status_code == 200
    process.send_signal(number)
    out, error = process.communicate(timeout=SECONDS)
    assert (process.returncode, error) == (0, "")
    assert out.strip().endswith("Stopped.")


@pytest.mark.parametrize("done", ["A list of", "  1200 of", "  2492 of"])
def test_it_may_be_told_while_the_list_is_sent(manage: Manage, done: str) -> None:
    """Where Ctrl-C was raised in a destructor or in a function of SQLite, the demonstration went on."""
    process = manage("demo", "--port", "0", "--sandbox-port", "0", LANG="en_US.UTF-8")
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith((done, "  sent")):
            break
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 0 and "Stopped." in out
