"""How fast pools empty and how long they last, from our own sends and from what the balances did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from django.db.models import Count, Min, Sum

from .. import conf
from ..models.balances import POOLS, BalanceSnapshot, Scope
from ..models.base import now
from ..models.codes import VerificationCode
from ..models.messages import Message

#: How far back the rate looks, and the least time it is spread over: one busy minute is no trend.
WINDOW: Final = timedelta(days=7)
_LEAST: Final = timedelta(days=1)
#: The pool each kind of send empties first, and the all-purpose one where it has nothing (jsms-api 5.4).
POOL_OF: Final = {
    "text": "industry",
    "voice": "voice",
    "code": "industry",
    "notice": "industry",
    "marketing": "market",
}


@dataclass(frozen=True)
class PoolState:
    """A pool: segments left (None: never allotted), used a day, and how many days that lasts (None: unused)."""

    pool: str
    left: int | None
    per_day: float
    days_left: float | None


def pool_states(snapshot: BalanceSnapshot) -> tuple[PoolState, ...]:
    """The four pools of a snapshot with the rate of the last seven days; reads only what is stored here.

    The rate is the larger of two: what this project sent, and what the balances lost between snapshots,
    in which others who use the account show. Top-ups are not counted against it.
    """
    own, seen = _sent(snapshot), _lost(snapshot)
    return tuple(_state(pool, left, max(own[pool], seen[pool])) for pool, left in snapshot.pools.items())


def _state(pool: str, left: int | None, per_day: float) -> PoolState:
    days = None if left is None or not per_day else left / per_day
    return PoolState(pool, left, round(float(per_day), 2), None if days is None else round(days, 1))


def _per_day(segments: int, time: timedelta) -> float:
    return segments / (min(max(time, _LEAST), WINDOW) / timedelta(days=1))


def _lost(snapshot: BalanceSnapshot) -> Counter[str]:
    """Pool → segments a day that went away between the snapshots of the window."""
    history = BalanceSnapshot.objects.primary().filter(app=snapshot.app, scope=snapshot.scope)
    times = {"taken_at__gt": snapshot.taken_at - WINDOW, "taken_at__lte": snapshot.taken_at}
    rows = list(history.filter(**times).order_by("taken_at", "pk").values_list("taken_at", *POOLS))
    lost: Counter[str] = Counter()
    for before, after in pairwise(rows):
        for pool, had, has in zip(POOLS, before[1:], after[1:], strict=True):
            lost[pool] += max(0, (had or 0) - (has or 0)) if has is not None else 0
    time = rows[-1][0] - rows[0][0] if rows else _LEAST
    return Counter({pool: _per_day(segments, time) for pool, segments in lost.items()})


def _sent(snapshot: BalanceSnapshot) -> Counter[str]:
    """Pool → segments a day that this project sent, from the pools of this snapshot."""
    since, apps = now() - WINDOW, _apps(snapshot)
    sent: Counter[str] = Counter()
    first = now()
    for kind, segments, earliest in (*_messages(apps, since), *_codes(apps, since)):
        sent[_drawn_on(snapshot, POOL_OF[kind])] += segments
        first = min(first, earliest)
    time = now() - first
    return Counter({pool: _per_day(segments, time) for pool, segments in sent.items()})


def _drawn_on(snapshot: BalanceSnapshot, pool: str) -> str:
    """Its own pool, the all-purpose one where that is empty, and where both are, the one that ever held any."""
    left = {pool: snapshot.pools[pool], "all_purpose": snapshot.all_purpose}
    full = [name for name, segments in left.items() if segments]
    allotted = [name for name, segments in left.items() if segments is not None]
    return (full or allotted or [pool])[0]


def _messages(apps: Sequence[str], since: datetime) -> list[tuple[str, int, datetime]]:
    rows = Message.objects.primary().filter(app__in=apps, sent_at__gte=since)
    return list(rows.values_list("message_class").annotate(Sum("segments"), Min("sent_at")).order_by())


def _codes(apps: Sequence[str], since: datetime) -> list[tuple[str, int, datetime]]:
    rows = VerificationCode.objects.primary().filter(app__in=apps, sent_at__gte=since, is_test=False)
    return list(rows.values_list("channel").annotate(Count("pk"), Min("sent_at")).order_by())


def _apps(snapshot: BalanceSnapshot) -> list[str]:
    """Who draws on these pools: the app itself, or every app of the account that has no allotment."""
    if snapshot.scope == Scope.APP:
        return [snapshot.app]
    account = conf.app(snapshot.app).dev_key
    return [alias for alias in conf.app_entries() if _draws_on(alias, account)]


def _draws_on(alias: str, account: str) -> bool:
    own = BalanceSnapshot.objects.primary().latest_of(alias, Scope.APP)
    return conf.app(alias).dev_key == account and (own is None or own.uses_account)
