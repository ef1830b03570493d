"""The clock: read, set, moved on, stopped, made faster."""

from __future__ import annotations

from typing import Any, Final

from django_jsms.sandbox.state import State

from .members import FOREVER, BadInput, Members


def read_clock(state: State, given: Members) -> Any:
    given.close()
    clock = state.clock
    return {"now": clock.now().isoformat(), "running": clock.speed > 0, "speed": clock.speed}


def turn_clock(state: State, given: Members) -> Any:
    """``run`` or ``speed``, then ``set``, then ``advance``; at least one."""
    moment = given.moment("set")
    seconds = given.number("advance", low=-FOREVER, high=FOREVER)
    running, speed = given.flag("run"), given.number("speed", low=0, high=1_000_000)
    given.close(at_least_one=True)
    clock = state.clock
    if running is not None or speed is not None:
        clock.run(0 if running is False else 1 if speed is None else speed)
    try:
        if moment is not None:
            clock.set(moment)
        if seconds is not None:
            clock.advance(seconds)
    except (ValueError, OverflowError) as error:
        raise BadInput("set" if seconds is None else "advance", str(error)) from None
    return read_clock(state, Members({}))


ROUTES: Final = {"/_sandbox/clock": {"GET": read_clock, "POST": turn_clock}}
