"""``manage.py jsms_sandbox``: a local JSMS that knows this project's templates, until Ctrl-C."""

from __future__ import annotations

import signal
import threading
import webbrowser
from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _

from django_jsms.sandbox import SandboxServer
from django_jsms.sandbox.seeds import BadSeed
from django_jsms.sandbox.serving import collect_seldom
from django_jsms.sandbox.terminal import teller

from ..base import TerminalCommand

PORT: Final = 5767


class Command(TerminalCommand):
    help = "Run a local JSMS with a web page of virtual phones, seeded from the JSMS setting."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help=_("address to listen on"))
        parser.add_argument("--port", type=int, default=PORT, help=_("port to listen on; 0 takes a free one"))
        parser.add_argument("--open", action="store_true", help=_("open the phones in a browser"))
        parser.add_argument("--seed", metavar="FILE", help=_("more apps, accounts and options, as JSON"))
        parser.add_argument("--persist", metavar="FILE", help=_("keep apps, accounts and options over restarts"))
        parser.add_argument("--ledger", metavar="FILE", help=_("append every call to this file"))

    def handle(self, *args: Any, **options: Any) -> None:
        given = getattr(settings, "JSMS", None)
        server = self._start(given if isinstance(given, Mapping) else {}, options)
        collect_seldom()
        with server:
            on_messages, on_call = teller(server.url, self._say)
            server.watch(on_messages=on_messages, on_call=on_call)
            self._greet(server)
            if options["open"]:
                webbrowser.open(f"{server.url}/_sandbox/")
            wait_for_signal()
        self._say(_("The sandbox has stopped."))

    def _start(self, given: Mapping[str, Any], options: Mapping[str, Any]) -> SandboxServer:
        host, port = options["host"], options["port"]
        try:
            files = {name: options[name] for name in ("seed", "persist", "ledger")}
            return SandboxServer(host=host, port=port, **files, **seed(given)).start()
        except BadSeed as error:
            raise CommandError(_("The sandbox cannot start: %(why)s") % {"why": error}) from None
        except (OSError, ValueError) as error:
            parts = (getattr(error, "filename", None), getattr(error, "strerror", None) or str(error))
            why = ": ".join(filter(None, parts))
            message = _("The sandbox cannot start on %(host)s:%(port)s: %(why)s")
            raise CommandError(message % {"host": host, "port": port, "why": why}) from None

    def _greet(self, server: SandboxServer) -> None:
        self._say(server.url)
        self._say(_("Virtual phones: %(url)s/_sandbox/") % {"url": server.url})
        if server.url != f"http://127.0.0.1:{PORT}":
            self._say(_('Point an app of the JSMS setting at it: "SANDBOX": "%(url)s"') % {"url": server.url})
        self._say(_("Every text appears below and on its phone. Ctrl-C stops the sandbox."))

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def seed(given: Mapping[str, Any]) -> dict[str, Any]:
    """What the sandbox starts with: the templates, their signatures, and keys meant for a sandbox."""
    templates = given.get("TEMPLATES")
    named = [each for each in templates.values() if _usable(each)] if isinstance(templates, Mapping) else []
    signatures = {each["signature"] for each in named if isinstance(each.get("signature"), int)}
    return {
        "templates": {each["id"]: {"text": each["text"], "type": _type(each)} for each in named},
        "signatures": {1: "短信沙箱", **{sign_id: f"签名{sign_id}" for sign_id in sorted(signatures - {1})}},
        "apps": _other_apps(given),
        **_keys(given),
    }


def _usable(template: Any) -> bool:
    if not isinstance(template, Mapping):
        return False
    return isinstance(template.get("id"), int) and isinstance(template.get("text"), str)


def _type(template: Mapping[str, Any]) -> str | None:
    kind = template.get("type")
    return kind if kind in ("code", "notice", "marketing") else None


def _keys(given: Mapping[str, Any]) -> dict[str, str]:
    """The default app's own keys when its ``SANDBOX`` says that they are used here, else ``sandbox``."""
    apps = given.get("APPS")
    app = apps.get("default") if isinstance(apps, Mapping) else given
    if not isinstance(app, Mapping) or not _goes_to_a_sandbox(app):
        return {}
    names = ("APP_KEY", "MASTER_SECRET", "DEV_KEY", "DEV_SECRET")
    return {name.lower(): app[name] for name in names if isinstance(app.get(name), str) and app[name]}


def _other_apps(given: Mapping[str, Any]) -> dict[str, str]:
    """Keys and secrets of the other applications that are sent to a sandbox, where they have some."""
    apps = given.get("APPS")
    others = [each for alias, each in apps.items() if alias != "default"] if isinstance(apps, Mapping) else []
    pairs = [(each.get("APP_KEY"), each.get("MASTER_SECRET")) for each in others if _goes_to_a_sandbox(each)]
    return {
        key: secret for key, secret in pairs if isinstance(key, str) and isinstance(secret, str) and key and secret
    }


def _goes_to_a_sandbox(app: Any) -> bool:
    return isinstance(app, Mapping) and bool(app.get("SANDBOX"))


def wait_for_signal() -> None:
    """Until SIGINT or SIGTERM; the former handlers are put back."""
    told = threading.Event()
    numbers = (signal.SIGINT, signal.SIGTERM)
    former = {number: signal.signal(number, lambda *_: told.set()) for number in numbers}
    try:
        told.wait()
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
