"""Processes of their own on the test's database and sandbox: workers to be stopped and killed."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import pytest
from django.core.management import execute_from_command_line
from django.db import connection

from tests.waiting import PATIENCE

SETUP = """
import os, sys
from tests import settings
settings.DATABASES["default"]["NAME"] = os.environ["DATABASE"]
settings.JSMS = {"SANDBOX": os.environ["SANDBOX"], "DISPATCH": os.environ["DISPATCH"]}
"""
MANAGE = f"""{SETUP}
import signal  # as in a terminal: what a shell runs in the background ignores it
signal.signal(signal.SIGINT, signal.default_int_handler)
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", *sys.argv[1:]])
"""
PUBLISH = f"""{SETUP}
settings.JSMS["DISPATCH"] = sys.argv[1]
import django
django.setup()
if "BROKER" in os.environ:
    from tests.brokers import app_on
    app_on(os.environ["BROKER"], os.environ["PREFIX"])
from django_jsms.services import queue_message
for n in range(30):
    queue_message(f"138{{n:08d}}", template=1, params={{"code": "123456"}})
"""
CELERY = f"""{SETUP}
settings.JSMS["DISPATCH"] = "django_jsms.dispatch.celery"
import django
django.setup()
from tests.brokers import QUEUES, app_on
app = app_on(os.environ["BROKER"], os.environ["PREFIX"])
app.autodiscover_tasks(["django_jsms"])
arguments = ["-n", os.environ["NAME"], "-Q", ",".join(QUEUES), "--without-gossip", "--without-mingle"]
app.worker_main(["worker", "-P", "threads", "-c", "4", *arguments])
"""

Process = subprocess.Popen[str]


def start(
    program: str,
    *arguments: str,
    sandbox: str,
    stdout: int | IO[str] = subprocess.PIPE,
    stderr: int | IO[str] = subprocess.PIPE,
    **environment: str,
) -> Process:
    """Run a program on the test's database and that sandbox. What may say much gets a file."""
    given = {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE": str(connection.settings_dict["NAME"]),
        "SANDBOX": sandbox,
        "DISPATCH": "django_jsms.dispatch.none",
    }
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", program, *arguments],
        env={**os.environ, **given, **environment},
        stdout=stdout,
        stderr=stderr,
        text=True,
    )


def new_name() -> str:
    """Of a Celery worker, and no other's: RabbitMQ locks the mailbox of one that was killed for a while."""
    return f"{uuid.uuid4().hex}@test"


@contextmanager
def ended() -> Iterator[list[Process]]:
    """A list whose processes are killed at the end, and their pipes closed."""
    processes: list[Process] = []
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def finish(process: Process, seconds: float = 3 * PATIENCE) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=seconds)
    return process.returncode, out, err


def typed(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    """The exit code and the output of a command that fails, as typed in a shell, without a process of its own."""
    with pytest.raises(SystemExit) as caught:
        execute_from_command_line(["manage.py", *map(str, arguments)])
    out, err = capsys.readouterr()
    assert err.strip() and "Traceback" not in err, arguments
    return int(caught.value.code or 0), out
