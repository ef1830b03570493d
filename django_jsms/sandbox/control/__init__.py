"""The control API under ``/_sandbox/``: what tests and the page drive the sandbox with. JSON in, JSON out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

from werkzeug.wrappers import Request, Response

from django_jsms.sandbox.callbacks import Callbacks
from django_jsms.sandbox.state import State
from django_jsms.sandbox.wire import json_response

from . import apps, audits, balances, callbacks, clock, faults, options, outbox, replies, reports
from .members import BadInput, Members

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_ID: Final = re.compile(r"\\{\w+\\}")
#: Each part's paths; their functions take the state, the members, and the ids in the path.
PARTS: Final = (outbox, clock, balances, faults, audits, reports, replies, apps, options)

Act = Callable[..., Any]


class Control:
    """Finds the function for a path; every answer is JSON, errors name the member and the reason."""

    def __init__(self, state: State, told: Callbacks, *, loopback: bool) -> None:
        self._loopback = loopback
        self.paths = _bound(callbacks.ROUTES, told)
        for part in PARTS:
            self.paths |= _bound(part.ROUTES, state)
        self._patterns = [(_pattern(path), acts) for path, acts in self.paths.items()]

    def respond(self, request: Request) -> Response:
        response = self._respond(request)
        response.headers.update({"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"})
        return response

    def _respond(self, request: Request) -> Response:
        if reason := foreign(request, loopback=self._loopback):
            return failure(403, reason)
        acts, ids = self._find(request.path.rstrip("/"))
        if not acts:
            return failure(404, f"there is no {request.path} here", paths=sorted(self.paths))
        act = acts.get(request.method)
        if act is None:
            response = failure(405, f"{request.path} takes {', '.join(acts)}")
            response.headers["Allow"] = ", ".join(acts)
            return response
        try:
            return json_response(act(Members.of(request), *ids))
        except BadInput as bad:
            return failure(400, bad.reason, field=bad.field)

    def _find(self, path: str) -> tuple[Mapping[str, Act], tuple[str, ...]]:
        if path in self.paths:
            return self.paths[path], ()
        found = ((pattern.fullmatch(path), acts) for pattern, acts in self._patterns)
        return next(((match.groups(), acts)[::-1] for match, acts in found if match), ({}, ()))


def _pattern(path: str) -> re.Pattern[str]:
    """``/_sandbox/phones/{mobile}`` as an expression."""
    return re.compile(_ID.sub("([^/]+)", re.escape(path)))


def _bound(routes: Mapping[str, Mapping[str, Act]], to: object) -> dict[str, dict[str, Act]]:
    return {path: {method: partial(act, to) for method, act in acts.items()} for path, acts in routes.items()}


def foreign(request: Request, *, loopback: bool) -> str | None:
    """Why this is another web page's doing: its address in Origin, or a name that was bound to us."""
    followed = request.method == "GET" and request.headers.get("Sec-Fetch-Mode") == "navigate"
    if not followed and request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        return "another site may not drive the sandbox"
    origin = request.headers.get("Origin")
    if origin and urlsplit(origin).netloc != request.host:
        return "another site may not drive the sandbox"
    return misnamed(request, loopback=loopback)


def misnamed(request: Request, *, loopback: bool) -> str | None:
    """Why a request is refused: its ``Host`` names another machine (DNS rebinding)."""
    try:
        name = urlsplit(f"//{request.headers.get('Host', '')}").hostname
    except ValueError:
        return "the header Host is no name"
    if loopback and name and name not in _LOOPBACK:
        return f"the sandbox listens on this machine only, not as {name}"
    return None


def failure(status: int, reason: str, **more: Any) -> Response:
    return json_response({"error": {"reason": reason, **more}}, status)
