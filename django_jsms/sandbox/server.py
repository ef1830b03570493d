"""A whole sandbox in this process: start it, read its address, stop it."""

from __future__ import annotations

import ipaddress
import os
import threading
from collections.abc import Callable, Mapping
from functools import partial
from math import inf
from types import TracebackType
from typing import Any

from .app import Application
from .audits import decide, find_draft
from .callback_orders import Order, carry_out
from .clock import Clock
from .events import KINDS
from .faults import Fault
from .ledger import Entry, Ledger
from .notifications import Notification
from .persisting import Keeper
from .records import POOLS, Message, Reply
from .replies import answers_to, reply
from .reports import DELIVERED, find_message, report_now, set_outcome
from .seeds import apply_seed, read_seed
from .serving import Server
from .state import Options, Seed, State


class SandboxServer:
    """JSMS is at ``url + "/v1"``, the phones at ``url + "/_sandbox/"``. Usable as a context manager."""

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        app_key: str | None = None,
        master_secret: str = "sandbox",
        dev_key: str = "sandbox",
        dev_secret: str = "sandbox",
        templates: Mapping[int, str | Mapping[str, object]] | None = None,
        signatures: Mapping[int, str] | None = None,
        apps: Mapping[str, str] | None = None,
        seed: Mapping[str, Any] | str | os.PathLike[str] | None = None,
        persist: str | os.PathLike[str] | None = None,
        ledger: str | os.PathLike[str] | None = None,
        options: Options | None = None,
    ) -> None:
        if not 0 <= port <= 65_535:
            raise ValueError("the port must lie between 0 and 65535")
        listed = {} if seed is None else seed if isinstance(seed, Mapping) else read_seed(seed)
        own = Seed(app_key or "sandbox", master_secret, dev_key, dev_secret)
        own.templates, own.signatures, own.apps = templates or {}, signatures or {}, apps or {}
        # Applications that are listed stand for the usual one, and stand beside one that was asked for.
        asked = app_key or templates or signatures or apps
        if not asked and isinstance(listed, Mapping) and listed.get("apps"):
            own.app_key = None
        own.more = partial(apply_seed, seed=listed, name="seed" if isinstance(seed, Mapping) else str(seed))
        self._stopping = threading.Event()
        self._host, self._port = host, port
        self._server: Server | None = None
        self._threads: list[threading.Thread] = []
        self.state = State(own, options=options, ledger=Ledger(ledger))
        self._keeper = Keeper(self.state, persist) if persist else None
        self._app = Application(self.state, self._stopping, loopback=_is_loopback(host))

    def start(self) -> SandboxServer:
        """Listen, and return; again does nothing. OSError when the port is not free or a file not to be had."""
        if self._server is not None:
            return self
        self.state.ledger.open()
        self._stopping.clear()
        self._server = Server(self._host, self._port, self._app)
        try:
            if self._keeper:
                self._keeper.start()
        except BaseException:
            self._server.server_close()
            self._server = None
            self.state.ledger.close()
            raise
        self._app.callbacks.start()
        self._threads = [
            threading.Thread(target=self._server.serve_forever, args=(0.05,), name="jsms-sandbox", daemon=True),
            threading.Thread(target=self._alarm, name="jsms-sandbox-alarm", daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> None:
        """End every connection and thread; a second call does nothing."""
        if self._server is None:
            return
        self._stopping.set()
        self.clock.wake()
        self._server.shutdown()
        self._server.end_connections()
        self._app.callbacks.stop()
        for thread in self._threads:
            thread.join(5)
        if self._keeper:
            self._keeper.stop()
        self.state.ledger.close()
        self._server = None

    def __enter__(self) -> SandboxServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        if self._server is None:
            raise RuntimeError("the sandbox is not running: call start()")
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._server.port}"

    @property
    def outbox(self) -> list[Message]:
        """Every text and call still kept, oldest first, as in ``django.core.mail.outbox``."""
        self.state.jobs.settle()
        with self.state.lock:
            return list(self.state.messages)

    @property
    def ledger(self) -> list[Entry]:
        """The calls still kept, oldest first."""
        return self.state.ledger.entries()

    @property
    def clock(self) -> Clock:
        return self.state.clock

    def last_code(self, mobile: str) -> str:
        """The newest code on that phone; LookupError, listing the outbox, when there is none."""
        outbox = self.outbox
        for message in reversed(outbox):
            if message.mobile == mobile and message.code is not None:
                return message.code
        listed = "".join(f"\n  {each.mobile} {each.text}" for each in outbox[-20:]) or " nothing was sent"
        raise LookupError(f"no code reached {mobile}; the outbox holds:{listed}")

    def fault(self, fault: str, **order: Any) -> None:
        """Order a fault; the members of ``faults.Fault`` are the keywords."""
        self.state.faults.add(Fault(fault, **order))

    def balance(self, *, of: str = "app", app_key: str | None = None, **pools: int | None) -> dict[str, int | None]:
        """Set any of the four pools of an app, or ``of="account"``; all four come back."""
        if unknown := set(pools) - set(POOLS):
            raise ValueError(f"no such pool: {', '.join(sorted(unknown))}")
        with self.state.lock:
            app = self.state.app(app_key)
            held = {"app": app.pools, "account": app.account.pools}[of]
            held.update(pools)
            return dict(held)

    def audit(
        self,
        *,
        template_id: int | None = None,
        signature_id: int | None = None,
        approved: bool = True,
        reason: str | None = None,
        app_key: str | None = None,
    ) -> None:
        """The auditor's word on one template or signature, waiting or not; LookupError when it is not there."""
        with self.state.lock:
            app = self.state.app(app_key)
            draft = find_draft(app, template_id=template_id, signature_id=signature_id)
            decide(app, draft, approved=approved, reason=reason)

    def reply(self, mobile: str, content: str, *, app_key: str | None = None) -> Reply:
        """The phone answers the app that wrote to it last; TD, T, R or 退订 keeps marketing away from it."""
        self.state.jobs.settle()
        with self.state.lock:
            app = self.state.app(app_key) if app_key is not None else answers_to(self.state, mobile)
            return reply(self.state, app, mobile, content)

    def deliver(
        self,
        *,
        msg_id: str | None = None,
        mobile: str | None = None,
        status: int = DELIVERED,
        app_key: str | None = None,
    ) -> Message:
        """Report on one message now; by its number the newest without a report. LookupError when there is none."""
        self.state.jobs.settle()
        with self.state.lock:
            app = None if app_key is None else self.state.app(app_key)
            message = find_message(self.state, app, msg_id=msg_id, mobile=mobile)
            report_now(self.state, message, status)
            return message

    def outcome(
        self,
        mobile: str,
        status: int | None = DELIVERED,
        *,
        delay: float | None = None,
        channel: str = "any",
        app_key: str | None = None,
    ) -> None:
        """A rule for reports on that number, or ``"*"``; a status of None is «never a report»."""
        with self.state.lock:
            set_outcome(self.state.app(app_key), mobile, status, delay=delay, channel=channel)

    def callback(self, kind: str, url: str | None, app_key: str | None = None, *, handshake: bool = True) -> None:
        """Set an address, or with None remove it; ValueError when it does not answer the handshake."""
        self._app.callbacks.set_address(self.state.app(app_key), _kind(kind), url, handshake=handshake)

    @property
    def callbacks(self) -> list[Notification]:
        """The newest notifications, oldest first, each with its attempts."""
        return self._app.callbacks.log()

    def send_callback(
        self,
        kind: str,
        data: dict[str, Any] | None = None,
        *,
        fault: str | None = None,
        times: int = 1,
        app_key: str | None = None,
    ) -> list[Notification]:
        """Post one on order, without ``data`` the console's test data; faults: ``callback_orders.FAULTS``."""
        order = Order(self.state.app(app_key), _kind(kind), data, fault, times)
        return carry_out(self._app.callbacks, order)

    def hold_callbacks(self, on: bool = True, *, app_key: str | None = None) -> int:
        """Keep an app's notifications back, or let them go in their order; how many went."""
        return self._app.callbacks.hold(self.state.app(app_key), on)

    def shuffle_callbacks(self, seed: int | None = None, *, app_key: str | None = None) -> int:
        """Let those kept back go in another order; how many went."""
        return self._app.callbacks.shuffle(self.state.app(app_key), seed)

    def settle_callbacks(self, timeout: float = 5.0) -> None:
        """Wait until every notification and retry that is due has been answered, or TimeoutError."""
        self._app.callbacks.settle(timeout)

    def reset(self) -> None:
        """As freshly started, ``state.options`` too; ids and the ledger's file go on."""
        self.state.reset()

    def watch(
        self,
        *,
        on_messages: Callable[[list[Message]], None] | None = None,
        on_call: Callable[[Entry], None] | None = None,
    ) -> None:
        """Be told of what reaches the phones, and of every call, from the thread that served it."""
        self.state.on_messages = on_messages or self.state.on_messages
        self.state.on_call = on_call or self.state.on_call

    def _alarm(self) -> None:
        """Run jobs when their time comes, with nobody asking."""
        changed = self.clock.changed
        while not self._stopping.is_set():
            self.state.jobs.settle()
            with changed:
                wait = self._until_due()
                if not self._stopping.is_set() and (wait is None or wait > 0):
                    changed.wait(wait)

    def _until_due(self) -> float | None:
        speed, left = self.clock.speed, self.state.jobs.due_at - self.clock.time()
        if left <= 0:
            return 0.0
        if not speed or left == inf:
            return None
        # Not above an hour: beyond a threading timeout's range, and the clock may have drifted.
        return min(left / speed, 3600.0)


def _kind(kind: str) -> str:
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}")
    return kind


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
