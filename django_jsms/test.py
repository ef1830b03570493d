"""A JSMS of its own for each test: ``SandboxMixin`` for unittest; the pytest fixture is built on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django.test import override_settings

from . import conf, services
from .models.base import shift_clock

if TYPE_CHECKING:
    from .sandbox import SandboxServer
    from .sandbox.ledger import Entry
    from .sandbox.records import Message, Reply


class Clock:
    """Moves the sandbox's time and django_jsms's own together."""

    def __init__(self, server: SandboxServer) -> None:
        self._server = server
        self._shift = timedelta()

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass: limits, codes, leases and schedules all see it."""
        self._shift += timedelta(seconds=seconds)
        shift_clock(self._shift)
        self._server.clock.advance(seconds)

    def reset(self) -> None:
        """Back to the real time."""
        self._shift = timedelta()
        shift_clock(self._shift)


class Sandbox:
    """What a test holds: the sandbox, pointed at by the settings, empty at the start of each test."""

    def __init__(self, server: SandboxServer) -> None:
        self._server = server
        self.clock = Clock(server)

    @property
    def url(self) -> str:
        """Where it listens, e.g. ``http://127.0.0.1:50123``."""
        return self._server.url

    @property
    def outbox(self) -> list[Message]:
        """What the phones received, oldest first: ``.mobile .text .code .kind .msg_id``."""
        return self._server.outbox

    @property
    def ledger(self) -> list[Entry]:
        """Every call that reached the sandbox, oldest first: ``.method .path .status .code .msg_ids``."""
        return self._server.ledger

    def last_code(self, mobile: str | None = None) -> str:
        """The newest code that arrived, at that number or at any. Fails with the outbox where there is none."""
        for message in reversed(self.outbox):
            if message.code and mobile in (None, message.mobile):
                return message.code
        held = "".join(f"\n  {message.mobile}: {message.text}" for message in self.outbox) or " nothing."
        raise AssertionError(f"No code arrived{f' at {mobile}' if mobile else ''}. The outbox holds:{held}")

    def fault(self, fault: str, **order: Any) -> None:
        """Order a fault for the next call, or for ``times`` calls of a ``route`` (docs: «The sandbox»)."""
        self._server.fault(fault, **order)

    def reply(self, mobile: str, text: str) -> Reply:
        """That phone answers: it waits for ``GET /reply``. TD, T, R and 退订 keep marketing away from it (50024)."""
        return self._server.reply(mobile, text)

    def deliver(self, mobile: str | None = None, *, msg_id: str | None = None, status: int = 4001) -> Message:
        """Report on one message now: on this one, or on the newest to a number that has no report yet.

        ``status`` is JSMS's: 4001 delivered, 4002 to 4010 and 4100 not. LookupError when there is none.
        """
        return self._server.deliver(mobile=mobile, msg_id=msg_id, status=status)

    def audit(
        self,
        *,
        template_id: int | None = None,
        signature_id: int | None = None,
        approved: bool = True,
        reason: str | None = None,
    ) -> None:
        """The auditor's word on a template or a signature, refused with a reason. LookupError when it is not there."""
        self._server.audit(template_id=template_id, signature_id=signature_id, approved=approved, reason=reason)

    def balance(self, *, of: str = "app", **pools: Any) -> dict[str, int | None]:
        """Set what is left, in segments: ``balance``, ``voice``, ``industry``, ``market``; all four come back.

        None is «never allotted», and with four of them the app draws from its account, ``of="account"``.
        """
        return self._server.balance(of=of, **pools)

    def template(self, template_id: int, text: str, type: str | None = None) -> None:
        """Let JSMS have an approved template: ``type`` ``code``, ``notice`` or ``marketing``. Those of the
        setting ``TEMPLATES`` are there already."""
        from .sandbox.state import seeded_template  # needs Werkzeug, see running()

        state = self._server.state
        with state.lock:
            state.app().templates[template_id] = seeded_template(template_id, {"text": text, "type": type})

    def run_pending(self) -> int:
        """Send, in this thread, what ``queue_*`` wrote; answers how many rows were tried."""
        return services.run_pending()

    def settings(self, **changes: Any) -> override_settings:
        """``with jsms_sandbox.settings(LIMITS={…}):`` merges into JSMS, for a while."""
        return override_settings(JSMS={**conf.raw(), **changes})

    def reset(self) -> None:
        """Forget everything, and go back to the real time."""
        self.clock.reset()
        self._server.reset()


def _pointed_at(url: str) -> dict[str, Any]:
    """The project's setting with every app at the sandbox, and nothing sent behind the test's back."""
    sandboxed = {
        alias: {"SANDBOX": url, **{name: entry[name] for name in conf.ENTRY_KEYS - conf.APP_KEYS if name in entry}}
        for alias, entry in conf.app_entries().items()
    }
    kept = {name: value for name, value in conf.raw().items() if name not in conf.APP_KEYS}
    return {**kept, "APPS": sandboxed, "DISPATCH": "django_jsms.dispatch.none"}


@contextmanager
def running() -> Iterator[SandboxServer]:
    """A server for as long as the tests need it; emptying it is cheaper than starting it."""
    from .sandbox import SandboxServer  # needs Werkzeug, an extra: only a test that uses it needs it

    with SandboxServer() as server:
        yield server


@contextmanager
def serve(server: SandboxServer) -> Iterator[Sandbox]:
    """An empty sandbox on a running server, with the settings pointed at it, for one test."""
    sandbox = Sandbox(server)
    sandbox.reset()
    for template in conf.get("TEMPLATES").values():
        if "text" in template:
            sandbox.template(template["id"], template["text"], template.get("type"))
    try:
        with override_settings(JSMS=_pointed_at(sandbox.url)):
            yield sandbox
    finally:
        sandbox.clock.reset()


class SandboxMixin:
    """For unittest: ``class LoginTests(SandboxMixin, TestCase)`` has ``self.jsms_sandbox``.

    One server runs per test class; it is emptied before each test.
    """

    jsms_sandbox: Sandbox
    _jsms_server: ClassVar[SandboxServer]

    @classmethod
    def setUpClass(cls) -> None:
        cls._jsms_server = cls.enterClassContext(running())  # type: ignore[attr-defined]
        super().setUpClass()  # type: ignore[misc]

    def setUp(self) -> None:
        self.jsms_sandbox = self.enterContext(serve(self._jsms_server))  # type: ignore[attr-defined]
        super().setUp()  # type: ignore[misc]
