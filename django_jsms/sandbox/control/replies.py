"""What phones answer, and who opted out."""

from __future__ import annotations

from typing import Any, Final

from django_jsms.sandbox.replies import answers_to
from django_jsms.sandbox.replies import reply as answer
from django_jsms.sandbox.state import State

from .members import Members


def reply(state: State, given: Members) -> Any:
    """The phone answers the app that wrote to it last, or the one that is named."""
    app = given.app(state) if "app_key" in given else None
    mobile, content = given.mobile("mobile"), given.required("content")
    given.close()
    with state.lock:
        return answer(state, app or answers_to(state, mobile), mobile, content).as_json()


def list_optouts(state: State, given: Members) -> Any:
    app = given.app(state)
    given.close()
    with state.lock:
        return {"optouts": sorted(app.opted_out)}


def add_optout(state: State, given: Members) -> Any:
    app, mobile = given.app(state), given.mobile("mobile")
    given.close()
    with state.lock:
        app.opted_out.add(mobile)
        return {"optouts": sorted(app.opted_out)}


def drop_optouts(state: State, given: Members) -> Any:
    """One ``mobile``, or all."""
    app, mobile = given.app(state), given.text("mobile")
    given.close()
    with state.lock:
        app.opted_out.difference_update(list(app.opted_out) if mobile is None else [mobile])
        return {"optouts": sorted(app.opted_out)}


ROUTES: Final = {
    "/_sandbox/reply": {"POST": reply},
    "/_sandbox/optouts": {"GET": list_optouts, "POST": add_optout, "DELETE": drop_optouts},
}
