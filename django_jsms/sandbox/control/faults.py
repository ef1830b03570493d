"""Faults: ordered, listed, dropped."""

from __future__ import annotations

from typing import Any, Final

from django_jsms.sandbox.faults import KINDS, Fault
from django_jsms.sandbox.state import State

from .members import BadInput, Members

METHODS: Final = ("GET", "POST", "PUT", "DELETE")


def list_faults(state: State, given: Members) -> Any:
    given.close()
    return {"faults": [each.as_json() for each in state.faults.waiting()], "kinds": KINDS}


def order_fault(state: State, given: Members) -> Any:
    fault = Fault(
        fault=given.choice("fault", tuple(KINDS)),
        when=given.choice("when", ("before", "after"), "before"),
        times=given.integer("times", None, low=1, high=1_000_000),
        rate=given.number("rate", low=0.0001, high=1),
        route=_route(given),
        method=given.choice("method", METHODS) if "method" in given else given.text("method"),
        status=given.integer("status", None, low=200, high=599),
        code=given.integer("code", None, low=1, high=999_999),
        body=given.take("body"),
        headers=given.headers("headers"),
        seconds=given.number("seconds", low=0, high=86_400),
    )
    given.close()
    state.faults.add(fault)
    return list_faults(state, Members({}))


def _route(given: Members) -> str | None:
    route = given.text("route")
    if route is not None and not route.startswith("/v1/"):
        raise BadInput("route", "must be a path under /v1/, as /v1/codes or /v1/codes/{msg_id}/valid")
    return route


def drop_faults(state: State, given: Members) -> Any:
    given.close()
    state.faults.clear()
    return list_faults(state, Members({}))


ROUTES: Final = {"/_sandbox/faults": {"GET": list_faults, "POST": order_fault, "DELETE": drop_faults}}
