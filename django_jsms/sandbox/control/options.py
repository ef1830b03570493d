"""The switches of the sandbox, ``Options``, until the next reset."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, replace
from typing import Any, Final

from django_jsms.sandbox.hours import CHOICES
from django_jsms.sandbox.state import Options, State

from .members import A_YEAR, BadInput, Members

#: How many messages are kept is fixed by the start.
_NAMES: Final = tuple(each.name for each in fields(Options) if each.name != "keep")
_TAKE: Final[Mapping[str, Callable[[Members, str], Any]]] = {
    "bool": lambda given, name: given.flag(name),
    "str": lambda given, name: given.choice(name, CHOICES),
    "float": lambda given, name: given.number(name, low=0.01, high=300),
    "float | None": lambda given, name: given.number(name, low=0, high=A_YEAR),
    "int | None": lambda given, name: given.integer(name, None, low=1, high=1000),
    "str | None": lambda given, name: given.text(name),
    "tuple[str, ...]": lambda given, name: tuple(given.texts(name)),
}
_KIND: Final = {each.name: str(each.type) for each in fields(Options)}


def list_options(state: State, given: Members) -> Any:
    given.close()
    return {"options": asdict(state.options)}


def set_options(state: State, given: Members) -> Any:
    changed = read_options(given)
    given.close(at_least_one=True)
    with state.lock:
        state.options = replace(state.options, **changed)
    return list_options(state, Members({}))


def read_options(given: Members) -> dict[str, Any]:
    """Those that are given; null only where null is a value of theirs."""
    found: dict[str, Any] = {}
    for name in _NAMES:
        if name in given:
            found[name] = _TAKE[_KIND[name]](given, name)
            if found[name] is None and "None" not in _KIND[name]:
                raise BadInput(name, "must not be null")
        else:
            given.take(name)  # known all the same
    return found


ROUTES: Final = {"/_sandbox/options": {"GET": list_options, "POST": set_options}}
