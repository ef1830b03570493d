"""What runs during a demonstration: a database, an admin, a sandbox, and the site."""

from __future__ import annotations

import logging
import secrets
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.db import connections
from django.urls import reverse

from django_jsms.dispatch import thread
from django_jsms.sandbox import SandboxServer

from .celery import celery_worker

T = TypeVar("T")

HOST = "127.0.0.1"
ADMIN = "admin"
#: What JSMS tells the site: delivery reports and replies.
CALLBACKS = ("SMS_REPORT", "SMS_REPLY")


class PortRefused(Exception):
    """A port that was asked for is taken or forbidden."""

    def __init__(self, port: int, why: str) -> None:
        super().__init__(port, why)
        self.port, self.why = port, why


@dataclass(frozen=True)
class Port:
    """The one asked for; without one the usual, or a free one where that is taken."""

    asked: int | None
    usual: int = 0


@dataclass(frozen=True)
class Stage:
    """Where everything is; addresses have no slash at the end."""

    site: str
    sandbox: SandboxServer
    #: The Celery worker that sends what is queued; None: threads of this process do.
    worker: subprocess.Popen[bytes] | None = None

    @property
    def phones(self) -> str:
        return f"{self.sandbox.url}/_sandbox/"


@contextmanager
def set_up(database: Path, *, site: Port, sandbox: Port, broker: str = "") -> Iterator[Stage]:
    """Run the sandbox, the site and, with a broker, a Celery worker. Raises PortRefused and BrokerRefused.

    The process is the demonstration's alone, so its settings are, too.
    """
    for name in ("django.request", "django.server", "django_jsms"):  # the terminal is for what one should read
        logging.getLogger(name).setLevel(logging.ERROR)
    with ExitStack() as stack:
        phones = _listen(_sandbox, sandbox)
        stack.callback(phones.stop)
        server = stack.enter_context(_listen(_site, site))
        stack.callback(connections.close_all)
        token = secrets.token_urlsafe(32)
        settings.JSMS = {
            **settings.JSMS,
            "APP_KEY": "",
            "MASTER_SECRET": "",
            "SANDBOX": phones.url,
            "CALLBACK_TOKENS": [token],
            "DISPATCH": f"django_jsms.dispatch.{'celery' if broker else 'thread'}",
        }
        _prepare(database)
        stack.enter_context(_serving(server))
        stack.callback(thread.stop)  # before the sandbox: what they send would fail
        address = f"http://{HOST}:{server.server_port}"
        for kind in CALLBACKS:
            phones.callback(kind, address + reverse("django_jsms:callback", args=[token]), handshake=False)
        worker = stack.enter_context(celery_worker(broker, database, phones.url)) if broker else None
        yield Stage(site=address, sandbox=phones, worker=worker)


def _prepare(database: Path) -> None:
    connections.settings["default"]["NAME"] = database
    call_command("migrate", verbosity=0, interactive=False)
    users = get_user_model().objects
    if not users.filter(username=ADMIN).exists():
        users.create_superuser(ADMIN, password=ADMIN)


def _listen(start: Callable[[int], T], port: Port) -> T:
    if port.asked is None:
        try:
            return start(port.usual)
        except OSError:
            return start(0)
    try:
        return start(port.asked)
    except OSError as error:
        raise PortRefused(port.asked, error.strerror or str(error)) from None


def _sandbox(port: int) -> SandboxServer:
    named = settings.JSMS["TEMPLATES"].values()
    templates = {each["id"]: {"text": each["text"], "type": each["type"]} for each in named}
    return SandboxServer(host=HOST, port=port, templates=templates).start()


def _site(port: int) -> ThreadedWSGIServer:
    server = ThreadedWSGIServer((HOST, port), WSGIRequestHandler)
    server.set_app(StaticFilesHandler(WSGIHandler()))
    return server


@contextmanager
def _serving(server: ThreadedWSGIServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="site", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join(5)
