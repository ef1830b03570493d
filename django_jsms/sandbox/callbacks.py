"""Callbacks: what an app is told at its own address, signed, in order, and again when it did not listen."""

from __future__ import annotations

import itertools
import json
import random
import secrets
import string
import sys
import threading
import traceback
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from .ledger import Entry
from .notifications import DELIVERED, HELD, ID_OF, LOST, RETRYING, WAITING, Attempt, Notification, compact
from .posting import Answer, BadAddress, NoAnswer, Poster, parse_address, without_query
from .records import App
from .state import State

#: Seconds after a failed attempt (callback page), here each counted from the attempt before.
RETRIES: Final = (3 * 60, 3600, 12 * 3600)
#: As many may wait for their posting; then the oldest is lost, as memory is bounded.
MOST: Final = 200_000
_KEPT: Final = 10_000
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_LETTERS: Final = string.ascii_letters + string.digits


@dataclass(eq=False, slots=True)
class Lane:
    """One app's notifications in their order; ``thread`` posts them while there are any."""

    queue: deque[Notification] = field(default_factory=deque)
    held: list[Notification] = field(default_factory=list)
    holding: bool = False
    thread: threading.Thread | None = None
    last: dict[str, Notification] = field(default_factory=dict)


class Callbacks:
    """Thread-safe, with a lock of its own: no posting, and no waiting for one, under the state's lock."""

    def __init__(self, state: State) -> None:
        self.state = state
        self._poster = Poster()
        self._changed = threading.Condition()
        self._open = False
        self._numbers = itertools.count(1)
        self._empty()
        state.on_notice = self.announce
        state.on_reset = self.clear

    def _empty(self) -> None:
        self._lanes: dict[str, Lane] = {}
        self._log: deque[Notification] = deque(maxlen=_KEPT)

    def start(self) -> None:
        """From now on notifications leave."""
        self._poster.start()
        with self._changed:
            self._open = True
            for lane in self._lanes.values():
                self._go(lane)

    def stop(self) -> None:
        """Cut what is under way, and let the rest wait."""
        with self._changed:
            self._open = False
            threads = [lane.thread for lane in self._lanes.values() if lane.thread]
        self._poster.stop()
        for thread in threads:
            thread.join(5)

    def clear(self) -> None:
        """Forget everything; the result of a posting under way is not written down."""
        with self._changed:
            for lane in self._lanes.values():
                lane.queue.clear()
            self._empty()
            self._changed.notify_all()

    def set_address(self, app: App, kind: str, url: str | None, *, handshake: bool = True) -> None:
        """As the console does it: shake hands, then save; None removes it. Raises ``BadAddress``."""
        if url is not None:
            parse_address(url)
            if handshake:
                self._shake(app, kind, url)
        with self.state.lock:
            if url is None:
                app.callback_urls.pop(kind, None)
            else:
                app.callback_urls[kind] = url

    def announce(self, app: App, kind: str, data: dict[str, Any]) -> None:
        """Something happened: post it, with all its retries. Returns at once; callable under the state's lock."""
        self.post([self.notification(app, kind, data)])

    def notification(self, app: App, kind: str, data: dict[str, Any], **more: Any) -> Notification:
        """A new one, not posted yet."""
        text = compact(data, nulls=self.state.options.callback_nulls)
        return Notification(next(self._numbers), app, kind, data, text, **more)

    def post(self, notifications: Iterable[Notification]) -> None:
        """Put them at the end of their app's lane."""
        with self._changed:
            for each in notifications:
                self._log.append(each)
                self._line_up(self._lane(each.app), each)

    def hold(self, app: App, on: bool) -> int:
        """Keep notifications back, or let them go in their order; how many were let go."""
        with self._changed:
            lane = self._lane(app)
            lane.holding = on
            return 0 if on else self._release(lane, lane.held)

    def shuffle(self, app: App, seed: int | None = None) -> int:
        """Let those kept back go in another order; how many. The same seed gives the same order."""
        with self._changed:
            lane = self._lane(app)
            lane.holding = False
            order, dice = list(lane.held), random.Random(seed)
            while len(order) > 1 and order == lane.held:
                dice.shuffle(order)
            return self._release(lane, order)

    def holding(self, app: App) -> tuple[bool, int]:
        """Whether this app's are kept back, and how many are."""
        with self._changed:
            lane = self._lane(app)
            return lane.holding, len(lane.held)

    def last(self, app: App, kind: str) -> Notification | None:
        """The newest genuine one that was posted, whatever the answer."""
        with self._changed:
            return self._lane(app).last.get(kind)

    def log(self) -> list[Notification]:
        """The newest, oldest first."""
        with self._changed:
            return list(self._log)

    def settle(self, timeout: float) -> None:
        """Wait until all that is due has been posted, retries too; TimeoutError when that takes longer."""
        self.state.jobs.settle()
        with self._changed:
            if not self._changed.wait_for(self._idle, timeout):
                waiting = sum(len(lane.queue) for lane in self._lanes.values())
                raise TimeoutError(f"callbacks are still being posted after {timeout} s, {waiting} wait")

    def _idle(self) -> bool:
        return all(lane.thread is None and not lane.queue for lane in self._lanes.values())

    def _lane(self, app: App) -> Lane:
        return self._lanes.setdefault(app.key, Lane())

    def _line_up(self, lane: Lane, one: Notification) -> None:
        one.status = HELD if lane.holding else WAITING
        line = lane.held if lane.holding else lane.queue
        line.append(one)
        if len(line) > MOST:
            line[0].status = LOST
            del line[0]
        self._go(lane)

    def _release(self, lane: Lane, order: list[Notification]) -> int:
        lane.held = []
        for each in order:
            self._line_up(lane, each)
        return len(order)

    def _go(self, lane: Lane) -> None:
        if self._open and lane.queue and lane.thread is None:
            lane.thread = threading.Thread(target=self._work, args=(lane,), name="jsms-sandbox-callbacks", daemon=True)
            lane.thread.start()

    def _work(self, lane: Lane) -> None:
        while one := self._take(lane):
            try:
                self._attempt(lane, one)
            except Exception:  # a broken listener may not keep the next notification from leaving
                traceback.print_exc(file=sys.stderr)

    def _take(self, lane: Lane) -> Notification | None:
        with self._changed:
            if self._open and lane.queue:
                return lane.queue.popleft()
            lane.thread = None
            self._changed.notify_all()
            return None

    def _attempt(self, lane: Lane, one: Notification) -> None:
        now = self.state.clock.time()
        again = self.state.options.callback_fresh_retries and one.retried
        if one.seal is None or again:
            one.prove(now)
        attempt = self._post(one)
        with self._changed:
            if self._lanes.get(one.app.key) is not lane:
                return
            one.attempts.append(attempt)
            if one.fault is None:
                lane.last[one.kind] = one
            wait = self._judge(one, attempt)
        self.state.record(self._entry(one, attempt))
        if wait is not None:
            self.state.jobs.at(now + wait, partial(self._again, lane, one))

    def _post(self, one: Notification) -> Attempt:
        url = one.app.callback_urls.get(one.kind, "")
        attempt = Attempt(self.state.clock.now().isoformat(timespec="milliseconds"), url)
        if not url:
            attempt.error = "no address is set"
            return attempt
        try:
            attempt.status = self._exchange("POST", url, one.form()).status
        except (NoAnswer, BadAddress) as reason:
            attempt.error = str(reason)
        return attempt

    def _judge(self, one: Notification, attempt: Attempt) -> float | None:
        """Its status after this attempt, and the seconds until the next."""
        tried = len(one.attempts)
        goes_on = one.retried and attempt.url and tried <= len(RETRIES)
        one.status = DELIVERED if attempt.succeeded else RETRYING if goes_on else LOST
        return RETRIES[tried - 1] if one.status == RETRYING else None

    def _again(self, lane: Lane, one: Notification) -> None:
        with self._changed:
            if self._lanes.get(one.app.key) is lane:
                self._line_up(lane, one)

    def _shake(self, app: App, kind: str, url: str) -> None:
        sent = "".join(secrets.choice(_LETTERS) for _ in range(8))
        entry = self.state.entry("handshake", app_key=app.key)
        try:
            answer = self._exchange("GET", f"{url}{'&' if '?' in url else '?'}echostr={sent}")
        except NoAnswer as reason:
            error, complaint = str(reason), f"did not answer the handshake: {reason}"
        else:
            entry.status, complaint = answer.status, _complaint(answer, sent)
            error = "not the echo" if complaint else ""
        entry.callback = {"kind": kind, "url": without_query(url), "error": error or None}
        self.state.record(entry)
        if complaint:
            raise BadAddress(complaint)

    def _exchange(self, method: str, url: str, body: bytes | None = None) -> Answer:
        seconds = self.state.options.callback_timeout
        headers = _FORM if body is not None else None
        return self._poster.exchange(method, parse_address(url), seconds=seconds, body=body, headers=headers)

    def _entry(self, one: Notification, attempt: Attempt) -> Entry:
        entry = self.state.entry("callback", app_key=one.app.key, status=attempt.status)
        entry.callback = {
            "number": one.number,
            "kind": one.kind,
            "id": one.data.get(ID_OF.get(one.kind, "")),
            "url": without_query(attempt.url),
            "attempt": len(one.attempts),
            "error": attempt.error,
            "outcome": one.status,
        }
        if one.fault:
            entry.callback["fault"] = one.fault
        return entry


def _complaint(answer: Answer, sent: str) -> str:
    """What is wrong with the answer to a handshake; empty when it is the echo."""
    if answer.status == 200 and answer.body == sent.encode():
        return ""
    # JSON text is printable ASCII, whatever the bytes were.
    came = json.dumps(answer.body[:60].decode(errors="replace"))
    return f"must answer the handshake with 200 and {sent} alone, and answered {answer.status} and {came}"
