"""Notifications on order: the console's test button, and those that an honest JSMS would never send."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from .callbacks import Callbacks
from .events import REPLY, REPORT, SIGN, TEMPLATE
from .notifications import ID_OF, TEST_DATA, Notification
from .records import App

#: Name → what is posted.
FAULTS: Final = {
    "wrong_signature": "signed with another secret",
    "replay": "the last one of its kind once more, byte for byte",
    "unknown_id": "correct, but about an id that was never given out",
    "duplicate": "the same data twice, each signed anew",
    "conflict": "nonce, time and signature of the last one of its kind, with other data",
    "stale": "correctly signed thirty days ago",
}
_LONG_AGO: Final = 30 * 86_400
#: For a conflict with the test data itself.
_OTHERWISE: Final[dict[str, dict[str, Any]]] = {
    REPORT: {"status": 4003},
    REPLY: {"content": "R"},
    TEMPLATE: {"status": 2, "refuseReason": "不符合规范"},
    SIGN: {"status": 2, "refuseReason": "不符合规范"},
}


class BadOrder(ValueError):
    """An order that cannot be carried out: which member, and why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


@dataclass(frozen=True)
class Order:
    """``times`` postings of it; ``data`` None means the test button's."""

    app: App
    kind: str
    data: dict[str, Any] | None = None
    fault: str | None = None
    times: int = 1

    @property
    def told(self) -> dict[str, Any]:
        return TEST_DATA[self.kind] if self.data is None else self.data


def carry_out(callbacks: Callbacks, order: Order) -> list[Notification]:
    """Post them in the app's order; a faulty one is not tried again. Raises ``BadOrder``."""
    if order.kind not in order.app.callback_urls:
        raise BadOrder("kind", f"no address is set for {order.kind}")
    if order.fault is not None and order.fault not in FAULTS:
        raise BadOrder("fault", f"must be one of {', '.join(FAULTS)}")
    make = _MAKERS[order.fault] if order.fault else _plain
    notifications = [each for _ in range(order.times) for each in make(callbacks, order)]
    callbacks.post(notifications)
    return notifications


def press_test_button(callbacks: Callbacks, app: App, kind: str) -> list[Notification]:
    """The console's test data, once and correctly signed."""
    if kind not in app.callback_urls:
        raise BadOrder("kind", f"no address is set for {kind}")
    notification = callbacks.notification(app, kind, TEST_DATA[kind], retried=False)
    callbacks.post([notification])
    return [notification]


def _plain(callbacks: Callbacks, order: Order) -> list[Notification]:
    return [callbacks.notification(order.app, order.kind, order.told)]


def _faulty(callbacks: Callbacks, order: Order, data: dict[str, Any], **more: Any) -> list[Notification]:
    return [callbacks.notification(order.app, order.kind, data, fault=order.fault, retried=False, **more)]


def _wrong_signature(callbacks: Callbacks, order: Order) -> list[Notification]:
    return _faulty(callbacks, order, order.told)


def _stale(callbacks: Callbacks, order: Order) -> list[Notification]:
    return _faulty(callbacks, order, order.told, ahead=-_LONG_AGO)


def _duplicate(callbacks: Callbacks, order: Order) -> list[Notification]:
    return _plain(callbacks, order) + _faulty(callbacks, order, order.told)


def _unknown_id(callbacks: Callbacks, order: Order) -> list[Notification]:
    if order.kind == REPLY:
        raise BadOrder("fault", "a reply carries no id")
    known: Mapping[int, object] = order.app.templates if order.kind == TEMPLATE else order.app.signatures
    unknown = callbacks.state.new_msg_id() if order.kind == REPORT else max(known, default=0) + 1_000_000
    return _faulty(callbacks, order, {**order.told, ID_OF[order.kind]: unknown})


def _replay(callbacks: Callbacks, order: Order) -> list[Notification]:
    last = _last(callbacks, order)
    if order.data is not None:
        raise BadOrder("data", "a replay repeats the data of the last one")
    (again,) = _faulty(callbacks, order, last.data, seal=last.seal)
    again.text = last.text
    return [again]


def _conflict(callbacks: Callbacks, order: Order) -> list[Notification]:
    last, data = _last(callbacks, order), order.told
    if order.data is None and data == last.data:
        data = {**data, **_OTHERWISE[order.kind]}
    if data == last.data:
        raise BadOrder("data", "must differ from the last one's")
    return _faulty(callbacks, order, data, seal=last.seal)


def _last(callbacks: Callbacks, order: Order) -> Notification:
    last = callbacks.last(order.app, order.kind)
    if last is None:
        raise BadOrder("fault", f"no {order.kind} has been posted yet: post one first")
    return last


_MAKERS: Final[dict[str, Callable[[Callbacks, Order], list[Notification]]]] = {
    "wrong_signature": _wrong_signature,
    "replay": _replay,
    "unknown_id": _unknown_id,
    "duplicate": _duplicate,
    "conflict": _conflict,
    "stale": _stale,
}
