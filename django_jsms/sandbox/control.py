"""The control API under ``/_sandbox/``: what tests and the page drive the sandbox with. JSON in, JSON out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

from werkzeug.wrappers import Request, Response

from .callbacks import Callbacks
from .control_callbacks import ROUTES, CallbackControl
from .faults import KINDS, Fault
from .members import BadInput, Members
from .records import POOLS, Pools
from .state import State
from .wire import json_response

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_PHONE: Final = re.compile(r"/_sandbox/phones/([^/]+)")
_NEWEST: Final = 1000
_FOREVER: Final = 3_000_000_000


class Control:
    """One method for each path; every answer is JSON, errors name the member and the reason."""

    def __init__(self, state: State, callbacks: Callbacks, *, loopback: bool) -> None:
        self.state = state
        self._loopback = loopback
        self._routes = {**_bound(_ROUTES, self), **_bound(ROUTES, CallbackControl(state, callbacks))}

    def respond(self, request: Request) -> Response:
        response = self._respond(request)
        response.headers.update({"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"})
        return response

    def _respond(self, request: Request) -> Response:
        if reason := foreign(request, loopback=self._loopback):
            return _failure(403, reason)
        phone = _PHONE.fullmatch(request.path)
        methods = self._routes.get("/_sandbox/phones/" if phone else request.path.rstrip("/"))
        if methods is None:
            return _failure(404, f"there is no {request.path} here", paths=sorted(self._routes))
        act = methods.get(request.method)
        if act is None:
            response = _failure(405, f"{request.path} takes {', '.join(methods)}")
            response.headers["Allow"] = ", ".join(methods)
            return response
        try:
            return json_response(act(phone[1] if phone else Members.of(request)))
        except BadInput as bad:
            return _failure(400, bad.reason, field=bad.field)

    def reset(self, given: Members) -> Any:
        given.close()
        self.state.reset()
        return {"reset": True}

    def outbox(self, given: Members) -> Any:
        """Newest first; ``since`` leaves out what the caller has, ``epoch`` tells it of a reset."""
        since = given.integer("since", 0, low=0, high=_FOREVER)
        limit = given.integer("limit", _NEWEST, low=1, high=100_000)
        given.close()
        with self.state.lock:
            newer: list[dict[str, Any]] = []
            for message in reversed(self.state.messages):
                if message.seq <= since or len(newer) >= limit:
                    break
                newer.append(message.as_json())
            return {"epoch": self.state.epoch, "now": self.state.clock.now().isoformat(), "messages": newer}

    def phone(self, mobile: str) -> Any:
        with self.state.lock:
            mine = [each.as_json() for each in reversed(self.state.messages) if each.mobile == mobile]
        return {"mobile": mobile, "messages": mine}

    def ledger(self, given: Members) -> Any:
        since = given.integer("since", 0, low=0, high=_FOREVER)
        given.close()
        ledger = self.state.ledger
        return {"counts": ledger.counts(), "calls": [each.as_json() for each in ledger.entries(since)]}

    def read_clock(self, given: Members) -> Any:
        given.close()
        clock = self.state.clock
        return {"now": clock.now().isoformat(), "running": clock.speed > 0, "speed": clock.speed}

    def turn_clock(self, given: Members) -> Any:
        """``run`` or ``speed``, then ``set``, then ``advance``; at least one."""
        moment = given.moment("set")
        seconds = given.number("advance", low=-_FOREVER, high=_FOREVER)
        running, speed = given.flag("run"), given.number("speed", low=0, high=1_000_000)
        given.close(at_least_one=True)
        clock = self.state.clock
        if running is not None or speed is not None:
            clock.run(0 if running is False else 1 if speed is None else speed)
        try:
            if moment is not None:
                clock.set(moment)
            if seconds is not None:
                clock.advance(seconds)
        except (ValueError, OverflowError) as error:
            raise BadInput("set" if seconds is None else "advance", str(error)) from None
        return self.read_clock(Members({}))

    def read_balances(self, given: Members) -> Any:
        given.close()
        with self.state.lock:
            apps = {app.key: dict(app.pools) for app in self.state.apps.values()}
            return {
                "apps": apps,
                "accounts": {each.key: dict(each.pools) for each in self.state.accounts.values()},
            }

    def set_balances(self, given: Members) -> Any:
        """Any of the four pools, null for «never allotted»; with ``"of": "account"`` those of the account."""
        of = given.choice("of", ("app", "account"), "app")
        app = given.app(self.state)
        pools: Pools = {name: given.pool(name) for name in POOLS if name in given}
        given.close()
        with self.state.lock:
            (app if of == "app" else app.account).pools.update(pools)
        return self.read_balances(Members({}))

    def list_faults(self, given: Members) -> Any:
        given.close()
        return {"faults": [each.as_json() for each in self.state.faults.waiting()], "kinds": KINDS}

    def order_fault(self, given: Members) -> Any:
        fault = Fault(
            fault=given.choice("fault", tuple(KINDS)),
            when=given.choice("when", ("before", "after"), "before"),
            times=given.integer("times", 1, low=1, high=1_000_000),
            route=given.text("route"),
            method=given.text("method"),
            status=given.integer("status", None, low=200, high=599),
            code=given.integer("code", None, low=1, high=999_999),
            body=given.take("body"),
            headers=given.headers("headers"),
            seconds=given.number("seconds", low=0, high=86_400),
        )
        given.close()
        self.state.faults.add(fault)
        return self.list_faults(Members({}))

    def drop_faults(self, given: Members) -> Any:
        self.state.faults.clear()
        return self.list_faults(Members({}))


_ROUTES: Final[Mapping[str, Mapping[str, Callable[[Control, Any], Any]]]] = {
    "/_sandbox/reset": {"POST": Control.reset},
    "/_sandbox/outbox": {"GET": Control.outbox},
    "/_sandbox/phones/": {"GET": Control.phone},
    "/_sandbox/ledger": {"GET": Control.ledger},
    "/_sandbox/clock": {"GET": Control.read_clock, "POST": Control.turn_clock},
    "/_sandbox/balances": {"GET": Control.read_balances, "POST": Control.set_balances},
    "/_sandbox/faults": {
        "GET": Control.list_faults,
        "POST": Control.order_fault,
        "DELETE": Control.drop_faults,
    },
}


def _bound(
    routes: Mapping[str, Mapping[str, Callable[[Any, Any], Any]]], to: object
) -> dict[str, dict[str, Callable[[Any], Any]]]:
    return {path: {method: partial(act, to) for method, act in acts.items()} for path, acts in routes.items()}


def foreign(request: Request, *, loopback: bool) -> str | None:
    """Why this is another web page's doing: its address in Origin, or a name that was bound to us."""
    followed = request.method == "GET" and request.headers.get("Sec-Fetch-Mode") == "navigate"
    if not followed and request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        return "another site may not drive the sandbox"
    origin = request.headers.get("Origin")
    if origin and urlsplit(origin).netloc != request.host:
        return "another site may not drive the sandbox"
    name = urlsplit(f"//{request.headers.get('Host', '')}").hostname
    if loopback and name and name not in _LOOPBACK:
        return f"the sandbox listens on this machine only, not as {name}"
    return None


def _failure(status: int, reason: str, **more: Any) -> Response:
    return json_response({"error": {"reason": reason, **more}}, status)
