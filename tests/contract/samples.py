"""Placeholders: what stands in the data for a value that is made anew each time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

#: Name → what a recorded answer has there, and the form that a live one must have.
SAMPLES: dict[str, tuple[Any, str]] = {
    "text_id": ("288193860302", r"[0-9A-Za-z-]{1,64}"),
    "number_id": (288193860302, r"[0-9]{1,15}"),
    "uuid": ("1a886e7c-a267-49e6-9970-0d396ca5bb1e", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "int": (37582, r"[0-9]{1,9}"),
    "milliseconds": (1492150740292, r"[0-9]{13}"),
}
#: Names that a case's ``given`` binds in the sandbox; against the client they are these.
BOUND: dict[str, str] = {
    "msg_id": "288193860302",
    "code": "012345",
    "schedule_id": "1a886e7c-a267-49e6-9970-0d396ca5bb1e",
}
_NAME = re.compile(r"<([a-z_]+)>")


def recorded(value: Any) -> Any:
    """The value as a recorded answer has it: every placeholder filled with its sample."""
    return filled(value, BOUND | {name: sample for name, (sample, _) in SAMPLES.items()})


def filled(value: Any, names: Mapping[str, Any]) -> Any:
    """The value with those placeholders filled; one that is a whole text keeps its type."""
    if isinstance(value, dict):
        return {name: filled(each, names) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, names) for each in value]
    if not isinstance(value, str):
        return value
    whole = _NAME.fullmatch(value)
    if whole:
        return names.get(whole[1], value)
    return _NAME.sub(lambda found: str(names.get(found[1], found[0])), value)


def differences(wanted: Any, found: Any, at: str = "") -> list[str]:
    """Where an answer is not as written, in members, order and types alike; empty when it is."""
    if isinstance(wanted, str) and (name := _NAME.fullmatch(wanted)):
        sample, form = SAMPLES[name[1]]
        fits = type(found) is type(sample) and re.fullmatch(form, str(found))
        return [] if fits else [f"{at}: {found!r} is no {wanted}"]
    if type(wanted) is not type(found):
        return [f"{at}: {found!r} is not {wanted!r}"]
    if isinstance(wanted, dict):
        return _members(wanted, found, at)
    if isinstance(wanted, list) and len(wanted) == len(found):
        return [
            each
            for i, (a, b) in enumerate(zip(wanted, found, strict=True))
            for each in differences(a, b, f"{at}[{i}]")
        ]
    return [] if wanted == found else [f"{at}: {found!r} is not {wanted!r}"]


def _members(wanted: dict[str, Any], found: dict[str, Any], at: str) -> list[str]:
    if set(wanted) != set(found):
        return [f"{at}: has {sorted(found)}, not {sorted(wanted)}"]
    return [each for name in wanted for each in differences(wanted[name], found[name], f"{at}.{name}")]
