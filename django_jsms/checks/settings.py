"""The checks of ``settings.JSMS``."""

from __future__ import annotations

import difflib
import ipaddress
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import Any, Final
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from .. import conf
from ..models.balances import POOLS
from ..models.base import LEASE
from ..models.limits import MOST_HITS
from ..services.windows import SLICES, parse_rule
from . import guards

#: Values of the documentation's samples, which nobody may have in production.
_SAMPLES: Final = frozenset({"dev_sample_appKey", "dev_sample_appMasterSecret", "appKey", "masterSecret", "secret"})
_SECRETS: Final = ("APP_KEY", "MASTER_SECRET", "DEV_KEY", "DEV_SECRET")
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{16,128}", re.ASCII)
#: Longest life of a code that is not remarked on, in seconds.
_LONG_TTL: Final = 600


@register(Tags.security)
def check_settings(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Everything that can be said of ``settings.JSMS`` without a network."""
    value = getattr(settings, "JSMS", {})
    if not isinstance(value, Mapping):
        hint = 'Write JSMS = {"APP_KEY": …, "MASTER_SECRET": …}.'
        return [Error("JSMS must be a dict.", hint=hint, id="jsms.E002")]
    checks = (_apps, _codes, _limits, _dispatch, _reports, _balances, guards.check_guards)
    return [*_unknown_keys(value), *itertools.chain.from_iterable(check() for check in checks)]


@register(Tags.security, deploy=True)
def check_deployment(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """What only matters where real people get real messages."""
    return [*_deployed_apps(), *_deployed_settings(), *_deployed_budgets(), *guards.check_test_numbers()]


# -- what is there at all -------------------------------------------------------------------------------


def _unknown_keys(value: Mapping[str, Any]) -> Iterator[CheckMessage]:
    yield from _unknown(value, conf.KEYS, "JSMS")
    if "APPS" not in value:
        return
    if not isinstance(value["APPS"], Mapping) or not all(isinstance(a, Mapping) for a in value["APPS"].values()):
        yield Error("JSMS['APPS'] must be a dict of dicts.", id="jsms.E002")
        return
    flat = sorted(conf.APP_KEYS & value.keys())
    if flat:
        hint = 'Move them into APPS["default"].'
        yield Error(f"JSMS has APPS and, beside it, {', '.join(flat)}.", hint=hint, id="jsms.E002")
    for alias, entry in value["APPS"].items():
        yield from _unknown(entry, conf.ENTRY_KEYS, f"JSMS['APPS'][{alias!r}]")


def _unknown(value: Mapping[str, Any], known: frozenset[str], where: str) -> Iterator[CheckMessage]:
    for key in value:
        if key not in known:
            near = difflib.get_close_matches(str(key).upper(), known, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"It knows: {', '.join(sorted(known))}."
            yield Error(f"{where} has an unknown key {key!r}.", hint=hint, id="jsms.E002")


# -- apps -----------------------------------------------------------------------------------------------


def _entries() -> list[tuple[str, Mapping[str, Any]]]:
    return [(alias, entry) for alias, entry in conf.app_entries().items() if isinstance(entry, Mapping)]


def _apps() -> Iterator[CheckMessage]:
    for alias, entry in _entries():
        if not entry.get("SANDBOX") and not (entry.get("APP_KEY") and entry.get("MASTER_SECRET")):
            hint = (
                "Set the environment variables JSMS_APP_KEY and JSMS_MASTER_SECRET as in the README, or try "
                "it on the sandbox: python manage.py jsms_sandbox."
            )
            yield Warning(f"JSMS app {alias!r} has no APP_KEY and MASTER_SECRET.", hint=hint, id="jsms.W001")
        yield from _secrets(alias, entry)
        yield from _address(alias, entry)
        yield from _timeout(alias, entry)
        yield from _tokens(alias, entry)
        yield from _budget(alias, entry)
        yield from _conversion(alias, entry)


def _secrets(alias: str, entry: Mapping[str, Any]) -> Iterator[CheckMessage]:
    for name in _SECRETS:
        value = entry.get(name, "")
        if not isinstance(value, str) or not value.isascii() or value != value.strip() or value in _SAMPLES:
            hint = "Copy it from the console of JSMS, without blanks; never the documentation's sample."
            yield Error(f"{name} of JSMS app {alias!r} cannot be right.", hint=hint, id="jsms.E010")


def _address(alias: str, entry: Mapping[str, Any]) -> Iterator[CheckMessage]:
    for name in ("BASE_URL", "SANDBOX"):
        fault = _url_fault(name, entry[name]) if entry.get(name) else ""
        if fault:
            yield Error(f"{name} of JSMS app {alias!r} {fault}.", id="jsms.E011")


def _url_fault(name: str, value: object) -> str:
    try:
        url = urlsplit(value if isinstance(value, str) else "")
        host, port = url.hostname, url.port
    except ValueError:
        host, port = None, None
    if not host or url.scheme not in ("http", "https") or port == 0:
        return "is not an http(s) address"
    if "@" in url.netloc or url.query or url.fragment:
        return "may not hold user, password, query or fragment"
    if name == "SANDBOX":
        return "" if url.path in ("", "/") else "has a path; give scheme, host and port only"
    if not re.fullmatch(r"(/v[0-9]+)?/?", url.path, re.ASCII):
        return "may have no path but one /vN"
    if url.scheme == "http" and not settings.DEBUG and not _loopback(host):
        return "must be https"
    return ""


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _timeout(alias: str, entry: Mapping[str, Any]) -> Iterator[CheckMessage]:
    if "TIMEOUT" not in entry:
        return
    value = entry["TIMEOUT"]
    numbers = isinstance(value, Sequence) and len(value) == 3 and all(_positive(part) for part in value)
    if not numbers or value[2] * 2 > LEASE.total_seconds():
        hint = f"Write (connect, read, total) in seconds, the total at most {LEASE.total_seconds() / 2:.0f}."
        yield Error(f"TIMEOUT of JSMS app {alias!r} cannot be used.", hint=hint, id="jsms.E041")


def _tokens(alias: str, entry: Mapping[str, Any]) -> Iterator[CheckMessage]:
    given = entry.get("CALLBACK_TOKENS", ())
    listed = isinstance(given, list | tuple)
    if not listed or not all(isinstance(each, str) and _TOKEN.fullmatch(each) for each in given):
        hint = "A list of texts of 16 to 128 letters, digits, - and _, as secrets.token_urlsafe(24) makes them."
        yield Error(f"CALLBACK_TOKENS of JSMS app {alias!r} cannot be used.", hint=hint, id="jsms.E012")


def _budget(alias: str, entry: Mapping[str, Any]) -> Iterator[CheckMessage]:
    given = entry.get("BUDGET")
    if given is not None and (type(given) is not int or given < 0):
        yield Error(f"BUDGET of JSMS app {alias!r} must be a number of segments, or None.", id="jsms.E016")


def _conversion(alias: str, entry: Mapping[str, Any]) -> Iterator[CheckMessage]:
    given = entry.get("CONVERSION_STOP")
    if given is not None and not (_positive(given) and given < 1):
        yield Error(f"CONVERSION_STOP of JSMS app {alias!r} must be between 0 and 1, or None.", id="jsms.E017")


def _positive(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


# -- codes, limits, dispatch ----------------------------------------------------------------------------


def _codes() -> Iterator[CheckMessage]:
    ttl = conf.get("CODE_TTL")
    if type(ttl) is not int or not 1 <= ttl <= 86400:
        yield Error("JSMS['CODE_TTL'] must be a whole number of seconds, 1 to 86400.", id="jsms.E030")
    elif ttl > _LONG_TTL:
        hint = "A code that lives longer than 10 minutes is easier to guess and to steal."
        yield Warning(f"JSMS['CODE_TTL'] is {ttl} s.", hint=hint, id="jsms.W030")


def _limits() -> Iterator[CheckMessage]:
    yield from _limits_of("JSMS['LIMITS']", conf.get("LIMITS"))
    for alias, entry in _entries():
        yield from _limits_of(f"LIMITS of JSMS app {alias!r}", entry.get("LIMITS", {}))
    purposes = conf.get("PURPOSES")
    for purpose, entry in purposes.items() if isinstance(purposes, Mapping) else ():
        if isinstance(entry, Mapping):
            yield from _limits_of(f"The limits of purpose {purpose!r}", entry.get("limits", {}))


def _limits_of(where: str, given: object) -> Iterator[CheckMessage]:
    if not isinstance(given, Mapping):
        yield Error(f"{where} must be a dict of lists.", id="jsms.E031")
        return
    yield from (Error(e.msg, hint=e.hint, id="jsms.E031") for e in _unknown(given, frozenset(conf.LIMITS), where))
    for scope, rules in given.items():
        if not rules and scope != "captcha":
            hint = "Every code costs money: without a limit anybody can spend it."
            yield Warning(f"{where}[{scope!r}] is switched off.", hint=hint, id="jsms.W032")
        if not isinstance(rules, list | tuple):
            yield Error(f"{where}[{scope!r}] must be a list of rules.", hint='As in ["1/60s"].', id="jsms.E031")
            continue
        for rule in rules:
            yield from _rule(f"{where}[{scope!r}]", rule)


def _rule(where: str, text: object) -> Iterator[CheckMessage]:
    try:
        rule = parse_rule(text if isinstance(text, str) else repr(text))
    except ValueError as error:
        yield Error(f"{where}: {error}.", id="jsms.E031")
        return
    if not rule.count or not rule.seconds or (rule.sliced and rule.seconds < SLICES):
        hint = f"A count over {MOST_HITS} needs {SLICES} s or more; an empty list switches the scope off."
        yield Error(f"{where}: {text!r} cannot be counted.", hint=hint, id="jsms.E031")


def _dispatch() -> Iterator[CheckMessage]:
    path = conf.get("DISPATCH")
    try:
        known = isinstance(path, str) and find_spec(path) is not None
    except (ImportError, ValueError):
        known = False
    if not known:
        hint = "django_jsms.dispatch.thread, .celery or .none, or a module of yours with wake(job, pk, queue)."
        yield Warning("JSMS['DISPATCH'] is not a module, so queued codes wait for a sweep.", hint=hint, id="jsms.W003")


def _balances() -> Iterator[CheckMessage]:
    floors, emails = conf.get("BALANCE_LOW"), conf.get("BALANCE_EMAILS")
    if not isinstance(floors, Mapping) or not all(pool in POOLS and _is_floor(f) for pool, f in floors.items()):
        hint = f'Write {{"industry": {{"segments": 5000, "days": 7}}}}; the pools are {", ".join(POOLS)}.'
        yield Error("JSMS['BALANCE_LOW'] cannot be used.", hint=hint, id="jsms.E051")
    if not isinstance(emails, list | tuple) or not all(isinstance(each, str) and "@" in each for each in emails):
        yield Error("JSMS['BALANCE_EMAILS'] must be a list of e-mail addresses.", id="jsms.E051")


def _is_floor(floor: object) -> bool:
    known = frozenset(conf.BalanceFloor.__annotations__)
    return isinstance(floor, Mapping) and known >= floor.keys() and all(_positive(each) for each in floor.values())


def _reports() -> Iterator[CheckMessage]:
    mode = conf.get("REPORTS")
    tokens = any(entry.get("CALLBACK_TOKENS") for _, entry in _entries())
    if mode not in (None, "callback", "pull"):
        yield Error('JSMS[\'REPORTS\'] must be "callback", "pull" or None.', id="jsms.E050")
    elif mode == "pull" and tokens:
        hint = "JSMS hands nothing out to be pulled while a callback address is set: drop one of the two."
        yield Error("JSMS['REPORTS'] is \"pull\", and there are CALLBACK_TOKENS.", hint=hint, id="jsms.E050")
    elif mode == "callback" and not tokens:
        hint = "Give the app one; manage.py jsms_callback url prints the address to register."
        yield Error("JSMS['REPORTS'] is \"callback\", and no app has CALLBACK_TOKENS.", hint=hint, id="jsms.E050")


# -- deployment -----------------------------------------------------------------------------------------


def _deployed_apps() -> Iterator[CheckMessage]:
    for alias, entry in _entries():
        if entry.get("SANDBOX"):
            hint = "Nobody gets a message from it. Fine for staging; take the key out in production."
            yield Warning(f"JSMS app {alias!r} sends to a sandbox.", hint=hint, id="jsms.W002")
        elif not (entry.get("APP_KEY") and entry.get("MASTER_SECRET")):
            hint = "Set the environment variables JSMS_APP_KEY and JSMS_MASTER_SECRET as in the README."
            yield Error(f"JSMS app {alias!r} has no APP_KEY and MASTER_SECRET.", hint=hint, id="jsms.E001")


def _deployed_budgets() -> Iterator[CheckMessage]:
    for alias, entry in _entries():
        if entry.get("BUDGET") is None and not entry.get("SANDBOX"):
            hint = "Set the segments that may be sent in a month: what no limit foresees ends there."
            yield Warning(f"JSMS app {alias!r} has no BUDGET.", hint=hint, id="jsms.W033")


def _deployed_settings() -> Iterator[CheckMessage]:
    if not conf.get("TRUSTED_PROXY_COUNT") and not conf.get("CLIENT_IP_HEADER"):
        hint = "Behind a proxy, set TRUSTED_PROXY_COUNT or CLIENT_IP_HEADER; directly on the internet, silence this."
        yield Warning("JSMS does not know of a proxy, so it takes REMOTE_ADDR.", hint=hint, id="jsms.W031")
    if len(str(conf.get("HASH_KEY")).encode()) < 32:
        hint = "Give it 32 bytes or more of its own, so that a new SECRET_KEY does not lose limits and opt-outs."
        yield Warning("JSMS['HASH_KEY'] is not set, or short.", hint=hint, id="jsms.W070")
    if conf.get("DISPATCH") == conf.DEFAULTS["DISPATCH"]:
        hint = "Run manage.py jsms_worker beside it: what a killed process had queued waits for a worker."
        yield Warning("JSMS sends queued codes from threads of the web process.", hint=hint, id="jsms.W071")
