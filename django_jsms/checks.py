"""System checks of the settings. Ids are stable: a retired number is never used again.

E001 no keys (deploy) · E002 unknown or misplaced setting · E010 key or secret · E011 address · E012 callback
token · E030 life of codes · E031 limit · E041 timeout · E050 reports · E051 balance threshold or address ·
W001 no keys · W002 sandbox in production (deploy) · W003 unknown DISPATCH · W030 lax code settings · W031
proxy unknown (deploy) · W032 limit switched off · W070 HASH_KEY (deploy) · W071 thread dispatch (deploy) ·
W080 lost schedules · W081 names of templates (both --database)
"""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import Any, Final
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DatabaseError, router

from . import conf
from .models.balances import POOLS
from .models.base import LEASE
from .models.limits import MOST_HITS
from .models.schedules import Schedule
from .models.templates import Template
from .services.limits import parse_rule
from .services.names import check_names

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
    return [*_unknown_keys(value), *_apps(), *_codes(), *_limits(), *_dispatch(), *_reports(), *_balances()]


@register(Tags.security, deploy=True)
def check_deployment(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """What only matters where real people get real messages."""
    return [*_deployed_apps(), *_deployed_settings()]


@register(Tags.database)
def check_schedules(
    app_configs: Sequence[AppConfig] | None = None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Schedules that JSMS may hold under an id that nobody knows."""
    rows = Schedule.objects.primary().filter(status="create_unknown")
    if rows.db not in (databases or ()):
        return []
    try:
        lost = rows.count()
    except DatabaseError:  # migrate checks before it has made the table
        return []
    if not lost:
        return []
    hint = "Look in the console, then: manage.py jsms_schedule list --status create_unknown, and adopt or dismiss."
    return [Warning(f"JSMS may hold schedules whose id was lost: {lost}.", hint=hint, id="jsms.W080")]


@register(Tags.database)
def check_templates(
    app_configs: Sequence[AppConfig] | None = None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """The names of ``TEMPLATES`` against the mirrored ones. A sandbox starts with them: none is missing."""
    if router.db_for_write(Template) not in (databases or ()):
        return []
    try:
        problems = check_names()
    except (DatabaseError, AttributeError):  # no table yet; TEMPLATES is no dict of dicts
        return []
    if all(entry.get("SANDBOX") for _, entry in _entries()):
        problems = [each for each in problems if each.problem != "missing"]
    hint = "See: manage.py jsms_template check."
    said = [f"JSMS['TEMPLATES'][{each.name!r}]: {each.text}" for each in problems]
    return [Warning(text, hint=hint, id="jsms.W081") for text in said]


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
        yield from _unknown(entry, conf.APP_KEYS, f"JSMS['APPS'][{alias!r}]")


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
    given = conf.get("LIMITS")
    if not isinstance(given, Mapping):
        yield Error("JSMS['LIMITS'] must be a dict of lists.", id="jsms.E031")
        return
    yield from (Error(e.msg, hint=e.hint, id="jsms.E031") for e in _unknown(given, frozenset(conf.LIMITS), "LIMITS"))
    for scope, rules in given.items():
        if not rules:
            hint = "Every code costs money: without a limit anybody can spend it."
            yield Warning(f"JSMS['LIMITS'][{scope!r}] is switched off.", hint=hint, id="jsms.W032")
        for rule in rules if isinstance(rules, list | tuple) else [rules]:
            yield from _rule(scope, rule)


def _rule(scope: str, text: object) -> Iterator[CheckMessage]:
    try:
        rule = parse_rule(text if isinstance(text, str) else repr(text))
    except ValueError as error:
        yield Error(f"JSMS['LIMITS'][{scope!r}]: {error}.", id="jsms.E031")
        return
    if not 1 <= rule.count <= MOST_HITS or not rule.seconds:
        hint = f"The count is 1 to {MOST_HITS}; an empty list switches the scope off."
        yield Error(f"JSMS['LIMITS'][{scope!r}]: {text!r} cannot be counted.", hint=hint, id="jsms.E031")


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
