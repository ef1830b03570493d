"""The callbacks' part of the control API: addresses, the test button, orders, holding and shuffling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django_jsms.sandbox.callback_orders import FAULTS, BadOrder, Order, carry_out, press_test_button
from django_jsms.sandbox.callbacks import Callbacks
from django_jsms.sandbox.events import KINDS
from django_jsms.sandbox.notifications import Notification
from django_jsms.sandbox.posting import BadAddress
from django_jsms.sandbox.records import App

from .members import FOREVER, BadInput, Members

_NEWEST: Final = 1000


def read(callbacks: Callbacks, given: Members) -> Any:
    """Addresses, what is held, and the newest notifications after ``since``, newest first."""
    since = given.integer("since", 0, low=0, high=FOREVER)
    limit = given.integer("limit", _NEWEST, low=1, high=10_000)
    given.close()
    newer = [each.as_json() for each in reversed(callbacks.log()) if each.number > since]
    with callbacks.state.lock:
        apps = list(callbacks.state.apps.values())
    return {
        "kinds": list(KINDS),
        "faults": FAULTS,
        "options": _options(callbacks),
        "apps": {app.key: _shown(callbacks, app) for app in apps},
        "notifications": newer[:limit],
    }


def set_address(callbacks: Callbacks, given: Members) -> Any:
    """The console's field: saved when the handshake succeeds; ``"url": null`` removes it."""
    kind, app = given.choice("kind", KINDS), given.app(callbacks.state)
    if "url" not in given:
        raise BadInput("url", "must be an address, or null for none")
    url, handshake = given.text("url"), given.flag("handshake")
    given.close()
    try:
        callbacks.set_address(app, kind, url, handshake=handshake is not False)
    except BadAddress as bad:
        raise BadInput("url", str(bad)) from None
    return {"app_key": app.key, **_shown(callbacks, app)}


def options(callbacks: Callbacks, given: Members) -> Any:
    """Null members written out, a new nonce for every retry, seconds to wait for an answer: until a reset."""
    nulls, fresh = given.flag("nulls"), given.flag("fresh_retries")
    seconds = given.number("timeout", low=0.01, high=300)
    given.close(at_least_one=True)
    switches = callbacks.state.options
    switches.callback_nulls = switches.callback_nulls if nulls is None else nulls
    switches.callback_fresh_retries = switches.callback_fresh_retries if fresh is None else fresh
    switches.callback_timeout = switches.callback_timeout if seconds is None else seconds
    return _options(callbacks)


def _options(callbacks: Callbacks) -> dict[str, Any]:
    switches = callbacks.state.options
    return {
        "nulls": switches.callback_nulls,
        "fresh_retries": switches.callback_fresh_retries,
        "timeout": switches.callback_timeout,
    }


def press_button(callbacks: Callbacks, given: Members) -> Any:
    """The console's test button."""
    kind, app = given.choice("kind", KINDS), given.app(callbacks.state)
    given.close()
    return _posted(lambda: press_test_button(callbacks, app, kind))


def send(callbacks: Callbacks, given: Members) -> Any:
    """Post one of a kind, genuine or with a fault."""
    kind, app, data = given.choice("kind", KINDS), given.app(callbacks.state), given.take("data")
    if data is not None and not isinstance(data, dict):
        raise BadInput("data", "must be an object")
    fault, times = given.choice("fault", ("none", *FAULTS), "none"), given.integer("times", 1, low=1, high=1000)
    order = Order(app, kind, data, None if fault == "none" else fault, times)
    given.close()
    return _posted(lambda: carry_out(callbacks, order))


def hold(callbacks: Callbacks, given: Members) -> Any:
    """``"hold": true`` keeps an app's notifications back, false lets them go in their order."""
    app, on = given.app(callbacks.state), given.flag("hold")
    given.close()
    return {"released": callbacks.hold(app, on is not False), **_shown(callbacks, app)}


def shuffle(callbacks: Callbacks, given: Members) -> Any:
    """Let what is held go in another order."""
    app, seed = given.app(callbacks.state), given.integer("seed", None, low=0, high=FOREVER)
    given.close()
    return {"released": callbacks.shuffle(app, seed), **_shown(callbacks, app)}


def _shown(callbacks: Callbacks, app: App) -> dict[str, Any]:
    holding, held = callbacks.holding(app)
    return {"urls": dict(app.callback_urls), "holding": holding, "held": held}


def _posted(act: Callable[[], list[Notification]]) -> Any:
    try:
        return {"notifications": [each.as_json() for each in act()]}
    except BadOrder as bad:
        raise BadInput(bad.field, str(bad)) from None


ROUTES: Final = {
    "/_sandbox/callbacks": {"GET": read, "POST": set_address},
    "/_sandbox/callbacks/options": {"POST": options},
    "/_sandbox/callbacks/test": {"POST": press_button},
    "/_sandbox/callbacks/send": {"POST": send},
    "/_sandbox/callbacks/hold": {"POST": hold},
    "/_sandbox/callbacks/shuffle": {"POST": shuffle},
}
