"""The ``JSMS`` setting: annotated defaults, read live, one place."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
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
    LIMITS: Mapping[str, Sequence[str]]
    BUDGET: int | None
    CONVERSION_STOP: float | None


class Purpose(TypedDict, total=False):
    """What a purpose sends, ``template`` by id or local name, ``signature`` by id; and ``limits`` of its own."""

    template: int | str
    signature: int | None
    limits: Mapping[str, Sequence[str]]


class LocalTemplate(TypedDict, total=False):
    """A template this project calls by a name of its own."""

    id: int
    type: str
    text: str
    signature: int | None


class TestNumber(TypedDict):
    """A number of which no SMS is sent: its ``code``, 4 to 8 digits, and ``until``, the last day (YYYY-MM-DD)."""

    code: str
    until: str


class BalanceFloor(TypedDict, total=False):
    """When a pool is low: below so many segments, or lasting less than so many days."""

    segments: int
    days: float


class Settings(AppSettings, total=False):
    """The whole of ``settings.JSMS``; annotate yours with it: ``JSMS: django_jsms.conf.Settings = {…}``."""

    APPS: Mapping[str, AppSettings]
    PURPOSES: Mapping[str, Purpose]
    TEMPLATES: Mapping[str, LocalTemplate]
    CODE_TTL: int
    HASH_KEY: str
    DISPATCH: str
    CAPTCHA: str | None
    GUARDS: Sequence[str]
    ALLOWED_MOBILES: Sequence[str] | None
    TEST_NUMBERS: Mapping[str, TestNumber]
    TRUSTED_PROXY_COUNT: int
    CLIENT_IP_HEADER: str
    BALANCE_LOW: Mapping[str, BalanceFloor]
    BALANCE_EMAILS: Sequence[str]
    REPORTS: str | None


#: What an entry of ``APPS`` may hold; and of these what a flat setting says of its one app.
ENTRY_KEYS: Final = frozenset(AppSettings.__annotations__)
APP_KEYS: Final = ENTRY_KEYS - {"LIMITS"}
KEYS: Final = frozenset(Settings.__annotations__)

DEFAULTS: Final[Settings] = {
    "PURPOSES": {},
    "TEMPLATES": {},
    "LIMITS": {},
    "CODE_TTL": 300,
    "HASH_KEY": "",
    "DISPATCH": "django_jsms.dispatch.thread",
    "CAPTCHA": None,
    "GUARDS": [],
    "ALLOWED_MOBILES": None,
    "TEST_NUMBERS": {},
    "TRUSTED_PROXY_COUNT": 0,
    "CLIENT_IP_HEADER": "",
    "BALANCE_LOW": {pool: {"days": 3} for pool in ("all_purpose", "voice", "industry", "market")},
    "BALANCE_EMAILS": [],
    "REPORTS": None,
}
#: Per scope, ``count/number unit``; a scope given in settings replaces its default.
LIMITS: Final[Mapping[str, Sequence[str]]] = {
    "mobile": ["1/60s", "5/1h", "10/24h"],
    "purpose": ["10/24h"],
    "voice": ["3/24h"],
    "ip": ["20/1m", "200/1h", "1000/24h"],
    "captcha": ["3/1h"],
    "prefix": ["60/1h"],
    "app": ["600/1h", "5000/24h"],
    "check": ["30/24h"],
    "check_ip": ["60/1h"],
}
#: Against a sandbox no money is spent: the cool-down alone shows what a person will meet.
SANDBOX_LIMITS: Final[Mapping[str, Sequence[str]]] = {**dict.fromkeys(LIMITS, ()), "mobile": ["1/60s"]}
#: JSMS's own, kept beside looser ones of a scope that is not switched off (jsms-api 5.1).
REMOTE_LIMITS: Final[Mapping[str, Sequence[str]]] = {"mobile": ["200/24h"], "voice": ["1/20s"]}
#: Seconds to connect, to wait between two bytes, and in all.
TIMEOUT: Final = (3.0, 10.0, 15.0)


def raw() -> Mapping[str, Any]:
    """``settings.JSMS`` as it is now; anything but a mapping counts as absent (check E002 says so)."""
    value = getattr(settings, "JSMS", None)
    return value if isinstance(value, Mapping) else {}


def get(name: str) -> Any:
    """One key of the setting, or its default."""
    return raw().get(name, DEFAULTS.get(name))


def proxies() -> tuple[str, int]:
    """The header that holds a client's address, and how many proxies append to it. Raises NotConfigured."""
    header, count = get("CLIENT_IP_HEADER") or "", get("TRUSTED_PROXY_COUNT") or 0
    if not isinstance(header, str) or type(count) is not int or count < 0:
        raise NotConfigured(
            "JSMS['CLIENT_IP_HEADER'] must name a header, and JSMS['TRUSTED_PROXY_COUNT'] be a number: 1, not \"1\".",
            zh="JSMS['CLIENT_IP_HEADER'] 须为请求头的名称，JSMS['TRUSTED_PROXY_COUNT'] 须为整数：1，而不是 \"1\"。",
        )
    return header, count


def app_entries() -> Mapping[str, Mapping[str, Any]]:
    """Alias → what the settings say of it. Without ``APPS`` the flat keys are the app ``default``."""
    given = raw()
    apps = given.get("APPS")
    if isinstance(apps, Mapping):
        return apps
    return {"default": {name: given[name] for name in APP_KEYS if name in given}}


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
    entry = app_entries().get(alias) if isinstance(alias, str) else None
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


def limits(scopes: Iterable[str], app: App, purpose: str = "") -> dict[str, tuple[Sequence[str], bool]]:
    """The rules of each scope, and whether they are the project's own.

    Those of the purpose come before those of the app, and these before those of all; a scope that nobody
    sets has its default, looser on a sandbox.
    """
    ours = (
        _dict(get("LIMITS")),
        _dict(app_entries().get(app.alias, {}).get("LIMITS")),
        _dict(_dict(get("PURPOSES").get(purpose)).get("limits")),
    )
    own, default = {**ours[0], **ours[1], **ours[2]}, SANDBOX_LIMITS if app.sandbox else LIMITS
    return {scope: (own[scope], True) if scope in own else (default[scope], False) for scope in scopes}


def budget(alias: str) -> int | None:
    """Segments that an app may send in a month of Beijing; None = as many as there are."""
    allowed: int | None = app_entries().get(alias, {}).get("BUDGET")
    return allowed


def conversion_stop(alias: str) -> float | None:
    """Below this share of used codes an app sends no more to strangers; None = it goes on."""
    share: float | None = app_entries().get(alias, {}).get("CONVERSION_STOP")
    return share


def allowed_mobiles(app: App) -> Sequence[str]:
    """Whom anything may be sent to: everybody; but nobody, unless set, where one only tries with real keys."""
    given: Sequence[str] | None = get("ALLOWED_MOBILES")
    if app.sandbox:
        return ("*",)
    if given is None:
        return () if settings.DEBUG else ("*",)
    return given


def test_numbers() -> Mapping[str, Mapping[str, Any]]:
    """Mobile → its entry."""
    return _dict(get("TEST_NUMBERS"))


def last_day(entry: Mapping[str, Any]) -> date | None:
    """The last day of a test number, in Beijing; None where it is no date."""
    try:
        return date.fromisoformat(entry["until"])
    except (KeyError, TypeError, ValueError):
        return None


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


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
