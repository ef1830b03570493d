"""The ``JSMS`` setting: annotated defaults, read live, one place."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypedDict

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from .exceptions import JSMSError

logger = logging.getLogger("django_jsms")

BASE_URL: Final = "https://api.sms.jpush.cn/v1"
#: Where ``manage.py jsms_sandbox`` listens unless told otherwise; 5767 spells JSMS on a keypad.
SANDBOX_URL: Final = "http://127.0.0.1:5767"
#: The keys of an app of the sandbox that was given none.
SANDBOX_KEY: Final = "sandbox"


class NotConfigured(JSMSError, ImproperlyConfigured):
    """The settings do not say how to reach JSMS; nothing was sent."""

    reason = "not_configured"
    who = "caller"


class AppSettings(TypedDict, total=False):
    """One application of JSMS: the value of an entry of ``APPS``, or the flat keys of a single app."""

    APP_KEY: str
    MASTER_SECRET: str
    DEV_KEY: str
    DEV_SECRET: str
    BASE_URL: str
    SANDBOX: str
    TIMEOUT: tuple[float, float, float]
    CALLBACK_TOKENS: Sequence[str]


class Purpose(TypedDict, total=False):
    """What a purpose sends: ``template`` by id or local name, ``signature`` by id."""

    template: int | str
    signature: int | None


class LocalTemplate(TypedDict, total=False):
    """A template this project calls by a name of its own."""

    id: int
    type: str
    text: str
    signature: int | None


class BalanceFloor(TypedDict, total=False):
    """When a pool is low: below so many segments, or lasting less than so many days."""

    segments: int
    days: float


class Settings(AppSettings, total=False):
    """The whole of ``settings.JSMS``; annotate yours with it: ``JSMS: django_jsms.conf.Settings = {…}``."""

    APPS: Mapping[str, AppSettings]
    PURPOSES: Mapping[str, Purpose]
    TEMPLATES: Mapping[str, LocalTemplate]
    LIMITS: Mapping[str, Sequence[str]]
    CODE_TTL: int
    HASH_KEY: str
    DISPATCH: str
    CAPTCHA: str | None
    TRUSTED_PROXY_COUNT: int
    CLIENT_IP_HEADER: str
    BALANCE_LOW: Mapping[str, BalanceFloor]
    BALANCE_EMAILS: Sequence[str]
    REPORTS: str | None


APP_KEYS: Final = frozenset(AppSettings.__annotations__)
KEYS: Final = frozenset(Settings.__annotations__)

DEFAULTS: Final[Settings] = {
    "PURPOSES": {},
    "TEMPLATES": {},
    "LIMITS": {},
    "CODE_TTL": 300,
    "HASH_KEY": "",
    "DISPATCH": "django_jsms.dispatch.thread",
    "CAPTCHA": None,
    "TRUSTED_PROXY_COUNT": 0,
    "CLIENT_IP_HEADER": "",
    "BALANCE_LOW": {pool: {"days": 3} for pool in ("all_purpose", "voice", "industry", "market")},
    "BALANCE_EMAILS": [],
    "REPORTS": None,
}
#: Per scope, ``count/number unit``; a scope given in settings replaces its default.
LIMITS: Final[Mapping[str, Sequence[str]]] = {"mobile": ["1/60s", "5/1h", "10/24h"], "voice": ["3/24h"]}
#: Against a sandbox no money is spent: the cool-down alone shows what a person will meet.
SANDBOX_LIMITS: Final[Mapping[str, Sequence[str]]] = {"mobile": ["1/60s"], "voice": []}
#: Seconds to connect, to wait between two bytes, and in all.
TIMEOUT: Final = (3.0, 10.0, 15.0)


def raw() -> Mapping[str, Any]:
    """``settings.JSMS`` as it is now; anything but a mapping counts as absent (check E002 says so)."""
    value = getattr(settings, "JSMS", None)
    return value if isinstance(value, Mapping) else {}


def get(name: str) -> Any:
    """One key of the setting, or its default."""
    return raw().get(name, DEFAULTS.get(name))


def app_entries() -> Mapping[str, Mapping[str, Any]]:
    """Alias → what the settings say of it. Without ``APPS`` the flat keys are the app ``default``."""
    apps = raw().get("APPS")
    if isinstance(apps, Mapping):
        return apps
    return {"default": {name: raw()[name] for name in APP_KEYS if name in raw()}}


@dataclass(frozen=True)
class App:
    """How one application is reached. Compares by value, so a changed setting makes a new client."""

    alias: str
    app_key: str
    master_secret: str
    dev_key: str
    dev_secret: str
    base_url: str
    sandbox: bool
    timeout: tuple[float, float, float]

    def __repr__(self) -> str:
        return f"<App {self.alias} at {self.base_url}>"

    @property
    def fingerprint(self) -> str:
        """Tells one key pair from another without giving either away."""
        return hashlib.sha256(f"{self.app_key}:{self.master_secret}".encode()).hexdigest()[:16]


def app(alias: str = "default") -> App:
    """The application ``alias``. Raises NotConfigured where the settings do not say how to reach it."""
    entry = app_entries().get(alias)
    if entry is None:
        known = ", ".join(sorted(app_entries()))
        raise NotConfigured(f"JSMS['APPS'] has no app {alias!r}. It has: {known}.")
    sandbox = entry.get("SANDBOX") or ("" if _has_keys(entry) else _fallback_sandbox(alias))
    default_key = SANDBOX_KEY if sandbox else ""
    return App(
        alias=alias,
        app_key=entry.get("APP_KEY") or default_key,
        master_secret=entry.get("MASTER_SECRET") or default_key,
        dev_key=entry.get("DEV_KEY") or default_key,
        dev_secret=entry.get("DEV_SECRET") or default_key,
        base_url=f"{sandbox.rstrip('/')}/v1" if sandbox else entry.get("BASE_URL") or BASE_URL,
        sandbox=bool(sandbox),
        timeout=entry.get("TIMEOUT") or TIMEOUT,
    )


def limits(scope: str, *, sandbox: bool) -> Sequence[str]:
    """The rules of a scope: the project's own everywhere, else the defaults (looser on a sandbox)."""
    defaults = SANDBOX_LIMITS if sandbox else LIMITS
    rules: Sequence[str] = {**defaults, **get("LIMITS")}.get(scope, ())
    return rules


def _has_keys(entry: Mapping[str, Any]) -> bool:
    return bool(entry.get("APP_KEY") and entry.get("MASTER_SECRET"))


_said: set[str] = set()


def _fallback_sandbox(alias: str) -> str:
    """The sandbox's address where DEBUG allows it, said once; else the error that names the way out."""
    if not settings.DEBUG:
        raise NotConfigured(
            f"JSMS app {alias!r} has no APP_KEY and MASTER_SECRET. Set both in settings.JSMS (the sample "
            "reads the environment variables JSMS_APP_KEY and JSMS_MASTER_SECRET), or point the app at a "
            f'sandbox on purpose with "SANDBOX": "{SANDBOX_URL}".',
            zh=f"JSMS 应用 {alias!r} 没有 APP_KEY 和 MASTER_SECRET。请在 settings.JSMS 中设置"
            "（示例读取环境变量 JSMS_APP_KEY 和 JSMS_MASTER_SECRET），"
            f'或用 "SANDBOX": "{SANDBOX_URL}" 指向沙箱。',
        )
    if alias not in _said:
        _said.add(alias)
        logger.warning(
            "JSMS app %r has no keys, so it uses the sandbox at %s (DEBUG is on). Start it with: "
            "python manage.py jsms_sandbox",
            alias,
            SANDBOX_URL,
        )
    return SANDBOX_URL
