"""A Celery worker beside the site, on the same database and sandbox."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

QUEUES = "jsms.codes,jsms.notices,jsms.bulk"
#: What the end waits for calls that are under way, in seconds.
EXIT_SECONDS = 15


class BrokerRefused(Exception):
    """Celery is not installed, or the broker does not answer; the text says which."""


@contextmanager
def celery_worker(broker: str, database: Path, sandbox: str) -> Iterator[subprocess.Popen[bytes]]:
    """Publish to that broker, and run a worker until the end. Raises BrokerRefused."""
    settings.CELERY_BROKER_URL = broker
    _connect()
    with tempfile.TemporaryDirectory() as directory:
        # In a session of its own: Ctrl-C is ours to tell it, when nothing asks for it any more.
        worker = subprocess.Popen(
            _command(directory),
            cwd=settings.BASE_DIR,
            env=_environment(broker, database, sandbox),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            yield worker
        finally:
            _end(worker)


def _connect() -> None:
    try:
        from example.celery import app

        with app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=5)
    except Exception as error:  # of kombu, of the broker's client, or that there is none
        raise BrokerRefused(str(error) or type(error).__name__) from None


def _command(directory: str) -> list[str]:
    """With a beat of its own. Its name is new each time: RabbitMQ locks the mailbox of one that was killed."""
    celery = [sys.executable, "-W", "ignore", "-m", "celery", "-q", "-A", "example", "worker", "--without-mingle"]
    options = ["-P", "threads", "-c", "4", "-Q", QUEUES, "-n", f"demo-{uuid.uuid4()}@%h", "-l", "ERROR"]
    beat = ["-B", "-s", str(Path(directory, "beat"))]
    return [*celery, *options, *beat]


def _environment(broker: str, database: Path, sandbox: str) -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "example.settings",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "EXAMPLE_BROKER": broker,
        "EXAMPLE_DATABASE": str(database),
        "JSMS_APP_KEY": "",
        "JSMS_MASTER_SECRET": "",
        "JSMS_SANDBOX_URL": sandbox,
    }


def _end(worker: subprocess.Popen[bytes]) -> None:
    worker.terminate()
    try:
        worker.wait(EXIT_SECONDS)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()
