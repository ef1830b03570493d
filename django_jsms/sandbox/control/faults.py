"""Faults: ordered, listed, dropped."""

from __future__ import annotations

from typing import Any, Final

from django_jsms.sandbox.faults import KINDS, Fault
from django_jsms.sandbox.state import State

from .members import Members


def list_faults(state: State, given: Members) -> Any:
    given.close()
    return {"faults": [each.as_json() for each in state.faults.waiting()], "kinds": KINDS}


def order_fault(state: State, given: Members) -> Any:
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
    state.faults.add(fault)
    return list_faults(state, Members({}))


def drop_faults(state: State, given: Members) -> Any:
    given.close()
    state.faults.clear()
    return list_faults(state, Members({}))


ROUTES: Final = {"/_sandbox/faults": {"GET": list_faults, "POST": order_fault, "DELETE": drop_faults}}
