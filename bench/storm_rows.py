"""The comparisons of ``bench storm``: what is sent by whom, beside what, and what is promised of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, Final

from django.db import connection

from django_jsms import conf

from . import deadlocks
from .remote import Remote
from .storm_crowd import Crowd, Taken, database, numbers
from .storm_rounds import READ, Bounds, Comparison, Side, Take, of, take_turns

#: Milliseconds of the remote.
LATENCY: Final = 50
RATE_LEAST, P99_MOST, OWN_LEAST, HONEST_MOST = 0.9, 1.5, 0.7, 3.0
#: Seconds between two requests of a hostile caller: 200 of them make 50 a second, which the site can refuse.
PAUSE: Final = 4.0
ON, OFF = "limits on", "limits off"


@dataclass(frozen=True)
class Storm:
    """One database, one remote, and how much of everything."""

    stub: Remote
    callers: list[int]
    rounds: int
    codes: int | None
    connections: int
    patience: float
    people: Crowd = field(default_factory=lambda: Crowd("bench.storm_callers"))
    worker: Crowd = field(default_factory=lambda: Crowd("bench.storm_callers", processes=1))
    load: Crowd = field(default_factory=lambda: Crowd("bench.storm_load", processes=1))

    def close(self) -> None:
        for each in (self.people, self.worker, self.load):
            each.end()

    @property
    def some(self) -> int:
        """The callers of what is measured with one number of them."""
        return sorted(self.callers)[len(self.callers) // 2]

    def codes_for(self, callers: int) -> int:
        """Codes of one caller in a round: about a second of them, so that a round is short and there are many."""
        return self.codes or max(2, 96 // callers)

    def jsms(self, **own: Any) -> dict[str, Any]:
        """Settings as in production, with the stub for JSMS."""
        keys = {"APP_KEY": "a" * 24, "MASTER_SECRET": "b" * 24, "BASE_URL": self.stub.url(LATENCY) + "/v1"}
        return {**keys, "DISPATCH": "django_jsms.dispatch.none", **own}

    def unlimited(self) -> dict[str, Any]:
        return self.jsms(LIMITS=dict.fromkeys(conf.LIMITS, ()))

    def promised(self, **bounds: float) -> Bounds:
        """SQLite has one writer: nothing is promised of its rate there, but that every code comes through."""
        return Bounds() if connection.vendor == "sqlite" else Bounds(**bounds)

    def take_turns(self, takes: dict[str, Take], callers: int) -> dict[str, Side]:
        return take_turns(takes, codes=self.codes_for(callers), rounds=self.rounds)


def storm(run: Storm) -> Iterator[Comparison]:
    """Sent and checked by the services, with the limits that a project has by default."""
    for callers in run.callers:
        orders = {ON: {"job": "sent", "jsms": run.jsms()}, OFF: {"job": "sent", "jsms": run.unlimited()}}
        bounds = run.promised(rate=RATE_LEAST, p99=P99_MOST)
        yield _callers(run, f"{callers} callers", orders, callers, bounds)


def app(run: Storm) -> Iterator[Comparison]:
    """The same with limits of the app that stop, and a budget: every code counts in the same two rows."""
    own = run.jsms(LIMITS={"app": ["100000/1h", "1000000/24h"]}, BUDGET=10**9)
    orders = {"app limits, budget": {"job": "sent", "jsms": own}, OFF: {"job": "sent", "jsms": run.unlimited()}}
    yield _callers(run, f"app, {run.some} callers", orders, run.some, run.promised(rate=OWN_LEAST))


def _callers(run: Storm, what: str, orders: dict[str, Any], callers: int, bounds: Bounds) -> Comparison:
    with run.people.within(run.patience) as people:
        takes = {name: of(people, order, callers) for name, order in orders.items()}
        return Comparison(what, run.take_turns(takes, callers), bounds)


def queue(run: Storm) -> Iterator[Comparison]:
    """Queued in a transaction, sent by a worker beside, waited for and checked."""
    callers, side = run.some, {ON: run.jsms(), OFF: run.unlimited()}
    with run.people.within(run.patience) as people, run.worker.within(run.patience) as worker:
        takes = {
            name: _beside(worker, {"job": "work", "jsms": jsms}, people, {"job": "queued", "jsms": jsms}, callers)
            for name, jsms in side.items()
        }
        sides = run.take_turns(takes, callers)
    yield Comparison(f"queued, {callers} callers", sides, run.promised(rate=RATE_LEAST, p99=P99_MOST))


def _beside(worker: Crowd, work: dict[str, Any], people: Crowd, order: dict[str, Any], callers: int) -> Take:
    def take(codes: int) -> Taken:
        before = deadlocks.counted()
        worker.ready(work, callers, 0)
        people.ready(order, callers, codes)
        taken = people.go()
        taken.cpu += worker.go().cpu
        taken.deadlocks = deadlocks.counted() - before
        return taken

    return take


# -- over HTTP ----------------------------------------------------------------------------------------------


def http(run: Storm) -> Iterator[Comparison]:
    """The package's endpoint behind gunicorn, with so many open connections, all of which ask for a code at once."""
    from .storm_site import THREADS, WORKERS, site

    before = deadlocks.counted()
    with ExitStack() as stack:
        load = stack.enter_context(run.load.within(run.patience))
        takes = {
            name: _site(load, stack.enter_context(site(database(), jsms)), run.connections)
            for name, jsms in ((ON, run.jsms()), (OFF, run.unlimited()))
        }
        sides = take_turns(takes, codes=1, rounds=-(-run.rounds // 2))
    _count_all(sides[ON], before)
    what = f"HTTP, {run.connections} connections"
    note = f"gunicorn with {WORKERS} × {THREADS} threads; codes are asked for, not checked; deadlocks of both together"
    yield Comparison(what, sides, run.promised(rate=RATE_LEAST, p99=P99_MOST), (note,))


def hostile(run: Storm) -> Iterator[Comparison]:
    """One honest caller of a site, while many from one address are refused by its limit; against a quiet site."""
    from .storm_site import site

    before = deadlocks.counted()
    with ExitStack() as stack:
        load = stack.enter_context(run.load.within(run.patience))
        served = stack.enter_context(site(database(), run.jsms()))
        many = {"hostile": run.connections, "pause": PAUSE, "foreign": numbers(100_000)}
        takes = {f"beside {run.connections} hostile": _site(load, served, 1, **many), "quiet": _site(load, served, 1)}
        sides = take_turns(takes, codes=20, rounds=-(-run.rounds // 2))
    _count_all(next(iter(sides.values())), before)
    note = f"each hostile one asks every {PAUSE:.0f} s, from one address, for new numbers; CPU is of all requests"
    yield Comparison("one honest", sides, run.promised(mean=HONEST_MOST), (note,))


def _site(load: Crowd, served: Any, connections: int, **more: Any) -> Take:
    def take(codes: int) -> Taken:
        load.ready({"port": served.port, **more}, connections, codes)
        before = served.cpu()
        taken = load.go()
        taken.cpu = served.cpu() - before
        return taken

    return take


def _count_all(side: Side, before: int) -> None:
    """The sessions of a site end with it, and only then say what they counted."""
    if side.rounds:
        side.rounds[-1].deadlocks = deadlocks.counted() - before


# -- peers --------------------------------------------------------------------------------------------------

_PHONE_VERIFY: Final = (
    "django-phone-verify does not limit what is sent, neither to a number nor for an address; of two right checks at "
    "once both pass; it keeps the code in clear; it checks codes itself, so each waits for one call, not two"
)
_THROTTLE: Final = (
    "throttles of Django REST framework read a list and write it back: of two at once one is not counted; they keep "
    "no row of the code, do not limit checks, prefixes or the app, and count what was not sent"
)


def peers(run: Storm) -> Iterator[Comparison]:
    """The same storm through what else a project may take."""
    from . import storm_throttles

    known = {
        "phone_verify": ("django-phone-verify", _PHONE_VERIFY, bool(find_spec("phone_verify"))),
        "throttled": ("DRF throttle on Redis", _THROTTLE, storm_throttles.answers()),
    }
    for job, (name, note, there) in known.items():
        if not there:
            print(f"{name} is not there (.[bench], a Redis): left out")
            continue
        orders = {ON: {"job": "sent", "jsms": run.jsms()}, name: {"job": job, "jsms": run.jsms()}}
        found = _callers(run, f"peer, {run.some} callers", orders, run.some, READ)
        yield Comparison(found.what, found.sides, READ, (note,))
    if storm_throttles.answers():
        storm_throttles.forget(os.getpid())


ROWS: Final[dict[str, Callable[[Storm], Iterator[Comparison]]]] = {
    each.__name__: each for each in (storm, queue, app, http, hostile, peers)
}
#: What a row needs beside the package.
NEEDS: Final = {"http": "gunicorn", "hostile": "gunicorn"}
