"""The checks of what stands before every send: the fence, guards, the captcha hook, test numbers, proxies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from django.core.checks import CheckMessage, Error, Warning

from .. import conf
from ..services import hooks
from ..services.guards import PATTERN, is_test_number

_HEADER: Final = re.compile(r"(?!HTTP_|REMOTE_ADDR|Forwarded$)[A-Z0-9_-]*", re.ASCII | re.IGNORECASE)
_MOBILE: Final = re.compile(r"1[3-9][0-9]{9}", re.ASCII)


def check_guards() -> Iterator[CheckMessage]:
    """Everything but what only matters in production."""
    yield from _fence()
    yield from _paths()
    yield from _test_numbers()
    yield from _proxies()


def check_test_numbers() -> Iterator[CheckMessage]:
    """Whoever reads a test number's code somewhere can log in with it."""
    if any(is_test_number(mobile) for mobile in conf.test_numbers()):
        hint = "Take TEST_NUMBERS out once the review is over; after its date a number is an ordinary one."
        yield Warning("JSMS['TEST_NUMBERS'] log in with a code that never changes.", hint=hint, id="jsms.W034")


def _fence() -> Iterator[CheckMessage]:
    given = conf.get("ALLOWED_MOBILES")
    listed = given is None or isinstance(given, list | tuple)
    if not listed or not all(isinstance(each, str) and PATTERN.fullmatch(each) for each in given or ()):
        hint = 'A list of numbers, or of their beginnings: ["13800138000", "1380013*"]; ["*"] is everybody.'
        yield Error("JSMS['ALLOWED_MOBILES'] cannot be used.", hint=hint, id="jsms.E013")


def _paths() -> Iterator[CheckMessage]:
    guards = conf.get("GUARDS")
    if not isinstance(guards, list | tuple):
        yield Error("JSMS['GUARDS'] must be a list of dotted paths.", id="jsms.E014")
        return
    for name, path in [*(("GUARDS", each) for each in guards), ("CAPTCHA", conf.get("CAPTCHA"))]:
        if path is not None and hooks.load(path) is None:
            hint = "Until it can, it refuses every send."
            yield Error(f"JSMS[{name!r}]: {path!r} cannot be imported and called.", hint=hint, id="jsms.E014")


def _test_numbers() -> Iterator[CheckMessage]:
    given = conf.get("TEST_NUMBERS")
    entries = given.items() if isinstance(given, Mapping) else [("", None)]
    if not all(_MOBILE.fullmatch(str(mobile)) and _is_entry(entry) for mobile, entry in entries):
        hint = 'Write {"13800000000": {"code": "246810", "until": "2026-12-31"}}: 4 to 8 digits, and the last day.'
        yield Error("JSMS['TEST_NUMBERS'] cannot be used.", hint=hint, id="jsms.E015")


def _is_entry(entry: object) -> bool:
    if not isinstance(entry, Mapping) or set(entry) != {"code", "until"}:
        return False
    until, code = conf.last_day(entry), entry["code"]
    return until is not None and isinstance(code, str) and bool(re.fullmatch(r"[0-9]{4,8}", code, re.ASCII))


def _proxies() -> Iterator[CheckMessage]:
    try:
        header, _count = conf.proxies()
    except conf.NotConfigured as error:
        yield Error(str(error), id="jsms.E018")
        return
    if not _HEADER.fullmatch(header):
        hint = 'Write the name of one header as your proxy sends it, such as "X-Real-IP".'
        yield Error(f"JSMS['CLIENT_IP_HEADER'] {header!r} never holds one address.", hint=hint, id="jsms.E018")
