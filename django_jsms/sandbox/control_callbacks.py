"""The callbacks' part of the control API: addresses, the test button, orders, holding and shuffling."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from .callback_orders import FAULTS, BadOrder, Order, carry_out, press_test_button
from .callbacks import Callbacks
from .events import KINDS
from .members import BadInput, Members
from .notifications import Notification
from .posting import BadAddress
from .records import App
from .state import State

_NEWEST: Final = 1000
_FOREVER: Final = 3_000_000_000


class CallbackControl:
    """One method for each path, as in ``control``."""

    def __init__(self, state: State, callbacks: Callbacks) -> None:
        self.state = state
        self.callbacks = callbacks

    def read(self, given: Members) -> Any:
        """Addresses, what is held, and the newest notifications after ``since``, newest first."""
        since = given.integer("since", 0, low=0, high=_FOREVER)
        limit = given.integer("limit", _NEWEST, low=1, high=10_000)
        given.close()
        newer = [each.as_json() for each in reversed(self.callbacks.log()) if each.number > since]
        with self.state.lock:
            apps = list(self.state.apps.values())
        return {
            "kinds": list(KINDS),
            "faults": FAULTS,
            "options": self._options(),
            "apps": {app.key: self._shown(app) for app in apps},
            "notifications": newer[:limit],
        }

    def set_address(self, given: Members) -> Any:
        """The console's field: saved when the handshake succeeds; ``"url": null`` removes it."""
        kind, app = given.choice("kind", KINDS), given.app(self.state)
        if "url" not in given:
            raise BadInput("url", "must be an address, or null for none")
        url, handshake = given.text("url"), given.flag("handshake")
        given.close()
        try:
            self.callbacks.set_address(app, kind, url, handshake=handshake is not False)
        except BadAddress as bad:
            raise BadInput("url", str(bad)) from None
        return {"app_key": app.key, **self._shown(app)}

    def options(self, given: Members) -> Any:
        """Null members written out, a new nonce for every retry, seconds to wait for an answer: until a reset."""
        options = self.state.options
        nulls, fresh = given.flag("nulls"), given.flag("fresh_retries")
        seconds = given.number("timeout", low=0.01, high=300)
        given.close(at_least_one=True)
        options.callback_nulls = options.callback_nulls if nulls is None else nulls
        options.callback_fresh_retries = options.callback_fresh_retries if fresh is None else fresh
        options.callback_timeout = options.callback_timeout if seconds is None else seconds
        return self._options()

    def _options(self) -> dict[str, Any]:
        options = self.state.options
        return {
            "nulls": options.callback_nulls,
            "fresh_retries": options.callback_fresh_retries,
            "timeout": options.callback_timeout,
        }

    def test(self, given: Members) -> Any:
        """The console's test button."""
        kind, app = given.choice("kind", KINDS), given.app(self.state)
        given.close()
        return _posted(lambda: press_test_button(self.callbacks, app, kind))

    def send(self, given: Members) -> Any:
        """Post one of a kind, genuine or with a fault."""
        kind, app, data = given.choice("kind", KINDS), given.app(self.state), given.take("data")
        if data is not None and not isinstance(data, dict):
            raise BadInput("data", "must be an object")
        fault, times = given.choice("fault", ("none", *FAULTS), "none"), given.integer("times", 1, low=1, high=1000)
        order = Order(app, kind, data, None if fault == "none" else fault, times)
        given.close()
        return _posted(lambda: carry_out(self.callbacks, order))

    def hold(self, given: Members) -> Any:
        """``"hold": true`` keeps an app's notifications back, false lets them go in their order."""
        app, on = given.app(self.state), given.flag("hold")
        given.close()
        return {"released": self.callbacks.hold(app, on is not False), **self._shown(app)}

    def shuffle(self, given: Members) -> Any:
        """Let what is held go in another order."""
        app, seed = given.app(self.state), given.integer("seed", None, low=0, high=_FOREVER)
        given.close()
        return {"released": self.callbacks.shuffle(app, seed), **self._shown(app)}

    def _shown(self, app: App) -> dict[str, Any]:
        holding, held = self.callbacks.holding(app)
        return {"urls": dict(app.callback_urls), "holding": holding, "held": held}


def _posted(act: Callable[[], list[Notification]]) -> Any:
    try:
        return {"notifications": [each.as_json() for each in act()]}
    except BadOrder as bad:
        raise BadInput(bad.field, str(bad)) from None


ROUTES: Final[Mapping[str, Mapping[str, Callable[[CallbackControl, Members], Any]]]] = {
    "/_sandbox/callbacks": {"GET": CallbackControl.read, "POST": CallbackControl.set_address},
    "/_sandbox/callbacks/options": {"POST": CallbackControl.options},
    "/_sandbox/callbacks/test": {"POST": CallbackControl.test},
    "/_sandbox/callbacks/send": {"POST": CallbackControl.send},
    "/_sandbox/callbacks/hold": {"POST": CallbackControl.hold},
    "/_sandbox/callbacks/shuffle": {"POST": CallbackControl.shuffle},
}
