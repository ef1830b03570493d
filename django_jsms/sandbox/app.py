"""The WSGI application: JSMS under ``/v1``, everything of the sandbox's own under ``/_sandbox``."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from .breaking import Breaker
from .call import Call, Route
from .callbacks import Callbacks
from .control import Control, failure, misnamed
from .drafts import missing_papers
from .ledger import Entry
from .page import Page
from .refusals import Refusal
from .routes import find_method, find_path
from .serving import UNREADABLE
from .state import State
from .steps import walk
from .wire import envelope, json_response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

API: Final = "/v1"
OWN: Final = "/_sandbox"
_NOWHERE: Final = Route("", "", work=lambda call: None)


class Application:
    """Takes each request to JSMS, to the control API or to the page."""

    def __init__(self, state: State, stopping: threading.Event, *, loopback: bool) -> None:
        self.state = state
        self._stopping, self._loopback = stopping, loopback
        self.callbacks = Callbacks(state)
        self._control = Control(state, self.callbacks, loopback=loopback)
        self._page = Page(state.seed)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        try:
            response = self._respond(request)
        except ConnectionError:
            raise
        except Exception:
            traceback.print_exc(file=sys.stderr)
            response = _error(Refusal(50019), newer=False)
        return response(environ, start_response)

    def _respond(self, request: Request) -> Response:
        path = request.path
        if path.startswith(f"{API}/"):
            if reason := misnamed(request, loopback=self._loopback):
                return failure(403, reason)
            return self._jsms(request, path)
        if path == "/":
            return redirect(f"{OWN}/", 302)
        if path == OWN or path.startswith(f"{OWN}/"):
            self.state.jobs.settle()
            return self._page.respond(request) or self._control.respond(request)
        return _error(Refusal(50016), newer=False)

    def _jsms(self, request: Request, path: str) -> Response:
        self.state.jobs.settle()
        call = _read(self.state, request, path.removeprefix(API))
        entry = self.state.entry("call", method=call.method, path=path[:200])
        response = None
        try:
            response = self._answer(request, call, entry)
            return response
        finally:
            self.state.requests.add(request, call.body, entry, response)

    def _answer(self, request: Request, call: Call, entry: Entry) -> Response:
        fault = self.state.faults.take(call.method, entry.path, _documented(call.path))
        if fault is None:
            return self._work(call, entry)
        entry.fault = fault.as_json()
        breaker = Breaker(fault, request.environ["werkzeug.socket"], self._stopping)
        if fault.when == "after":
            response = self._work(call, entry)
            return breaker.apply(response) or response
        return self._before(breaker, call, entry)

    def _before(self, breaker: Breaker, call: Call, entry: Entry) -> Response:
        if breaker.fault.fault == "delay":
            breaker.apply(None)
            return self._work(call, entry)
        entry.status = breaker.fault.status
        self.state.record(entry)
        return breaker.apply(None) or _error(Refusal(50019), newer=False)

    def _work(self, call: Call, entry: Entry) -> Response:
        """Checks, work, ledger: in that order, so that what was answered is on disk."""
        with self.state.lock:
            try:
                answer = _perform(call)
                response = json_response(answer)
                entry.accepted = call.method != "GET"
            except Refusal as refusal:
                entry.code = refusal.code
                response = _error(refusal, newer=self.state.options.newer_messages)
        entry.status = response.status_code
        entry.app_key = call.app.key if call.app else ""
        entry.schedule_id = call.schedule_id
        entry.hint = _hint(call, entry)
        self.state.record(entry, call.sent)
        return response


def _read(state: State, request: Request, path: str) -> Call:
    unreadable = request.environ.get(UNREADABLE, False)
    return Call(
        state=state,
        method=request.method,
        path=path,
        body=None if unreadable else request.get_data(),
        content_type=request.headers.get("Content-Type", ""),
        authorization=request.headers.get("Authorization"),
        remote=request.remote_addr or "",
        route=_NOWHERE,
    )


def _perform(call: Call) -> Any:
    endpoint, call.args = find_path(call.path)
    call.route = find_method(endpoint, call.method)
    walk(call)
    return call.route.work(call)


def _documented(path: str) -> str | None:
    """The path as the documentation writes it: ``/v1/codes/{msg_id}/valid``."""
    try:
        return API + find_path(path)[0].replace("<", "{").replace(">", "}")
    except Refusal:
        return None


def _hint(call: Call, entry: Entry) -> str | None:
    if entry.code == 50013 and call.app:
        known = ", ".join(str(temp_id) for temp_id in sorted(call.app.templates))
        return f"this app knows the template ids {known}"
    if call.route.form and entry.code in (50007, 50101) and call.fields:
        texts, pictures = missing_papers(call)
        parts = ", ".join([*texts, *pictures])
        return f"missing: {parts}; the option legacy_signatures does without" if parts else None
    return None


def _error(refusal: Refusal, *, newer: bool) -> Response:
    return json_response(envelope(refusal, newer=newer), refusal.status)
