"""The apps, what Jiguang can do to them, and from where they may call."""

from __future__ import annotations

import ipaddress
from typing import Any, Final

from django_jsms.sandbox.events import KINDS
from django_jsms.sandbox.records import App
from django_jsms.sandbox.state import State

from .members import BadInput, Members

MOST_ADDRESSES: Final = 10


def list_apps(state: State, given: Members) -> Any:
    given.close()
    with state.lock:
        return {"apps": [_shown(each) for each in state.apps.values()]}


def change_app(state: State, given: Members) -> Any:
    """What Jiguang can do to an app: ``enabled`` false answers 50008, ``blacklisted`` true 50036."""
    app = given.app(state)
    enabled, blacklisted = given.flag("enabled"), given.flag("blacklisted")
    given.close()
    if enabled is None and blacklisted is None:
        raise BadInput(None, "give at least one of enabled, blacklisted")
    with state.lock:
        app.enabled = app.enabled if enabled is None else enabled
        app.blacklisted = app.blacklisted if blacklisted is None else blacklisted
        return _shown(app)


def list_ips(state: State, given: Members) -> Any:
    app = given.app(state)
    given.close()
    return {"ips": sorted(app.allowed_ips)}


def set_ips(state: State, given: Members) -> Any:
    """At most ten; an empty list lets everybody in."""
    app, listed = given.app(state), read_addresses(given)
    given.close()
    app.allowed_ips = listed
    return {"ips": sorted(listed)}


def read_addresses(given: Members) -> frozenset[str]:
    """An IP list as the console takes it (2025): at most ten IPv4 addresses."""
    listed = given.texts("ips")
    if len(listed) > MOST_ADDRESSES:
        raise BadInput("ips", f"must be at most {MOST_ADDRESSES}")
    for each in listed:
        try:
            ipaddress.IPv4Address(each)
        except ValueError:
            raise BadInput("ips", f"{each!r} is no IPv4 address") from None
    return frozenset(listed)


def _shown(app: App) -> dict[str, Any]:
    """Never its secret."""
    return {
        "app_key": app.key,
        "dev_key": app.account.key,
        "enabled": app.enabled,
        "blacklisted": app.blacklisted,
        "balances": dict(app.pools),
        "default_sign": app.default_sign,
        "templates": len(app.templates),
        "signatures": len(app.signatures),
        "optouts": len(app.opted_out),
        "ips": sorted(app.allowed_ips),
        "waiting": {kind: len(queue) for kind, queue in app.waiting.items()},
        "callbacks": {kind: app.callback_urls.get(kind) for kind in KINDS},
    }


ROUTES: Final = {
    "/_sandbox/apps": {"GET": list_apps, "POST": change_app},
    "/_sandbox/ips": {"GET": list_ips, "POST": set_ips},
}
