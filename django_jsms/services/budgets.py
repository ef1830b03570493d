"""The month budget of an app, in segments: counted before anything is sent."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from .. import conf, signals
from ..exceptions import InvalidInput, LimitExceeded
from ..models.balances import BalanceSnapshot, Scope
from ..models.base import as_stored, now
from ..models.jobs import JobLease
from ..models.limits import Counter, Held
from .burn import POOL_OF
from .hours import BEIJING, aware
from .language import service
from .windows import Rule, Total

logger = logging.getLogger("django_jsms")

#: From this share on the project is told.
NEAR: Final = 0.8
#: The ``limit`` of a refusal, and the reason of a pause, by a budget begins so.
BUDGET: Final = "budget"
#: A balance older than this says nothing about what is left.
_FRESH: Final = timedelta(days=1)
#: Longer than any month, for what is told once in one.
_MONTH: Final = timedelta(days=32)


@dataclass(frozen=True)
class Budget:
    """Segments of this month (Beijing's): used, allowed (None: no budget), left; and when it begins anew."""

    app: str
    used: int
    allowed: int | None
    left: int | None
    resets_at: datetime


@service
def budget_of(app: str = "default") -> Budget:
    """How the month budget of an app stands; one statement. Raises NotConfigured for an app that is not set."""
    allowed, (key, ends) = conf.budget(conf.app(app).alias), _month(app)
    used = Counter.objects.primary().total(key)
    left = None if allowed is None else max(0, allowed - used)
    return Budget(app, used, allowed, left, as_stored(ends))


def spend(app: str, segments: int) -> None:
    """Count segments in the open transaction, or raise LimitExceeded: then nothing of it may be committed.

    No statement where the app has no budget.
    """
    allowed = conf.budget(app)
    if allowed is None or not segments:
        return
    key, ends = _month(app)
    use = {key: Held(total=segments, version=Total.VERSION)}
    if Counter.objects.primary().use(use, {key: as_stored(ends)})[key].total > allowed:
        raise full(allowed, _seconds_until(ends))


def rule(app: str) -> tuple[str, Rule] | None:
    """The counter of this month and the rule that it keeps; None if the app has no budget."""
    allowed = conf.budget(app)
    if allowed is None:
        return None
    key, ends = _month(app)
    return key, Rule(f"{allowed}/month", allowed, _seconds_until(ends), until=math.ceil(ends.timestamp() * 1000))


def give_back(app: str, segments: int) -> None:
    """Uncount segments that surely were not sent, in a statement of its own."""
    if conf.budget(app) is not None:
        Counter.objects.primary().unspend(_month(app)[0], segments)


def tell_budgets() -> int:
    """Say of each app that most of its budget is used, once a month; answers how many."""
    return sum(_tell(alias) for alias in conf.app_entries() if conf.budget(alias) is not None)


def _tell(app: str) -> bool:
    allowed, (key, _ends) = conf.budget(app), _month(app)
    used = Counter.objects.primary().total(key)
    if not allowed or used < math.ceil(allowed * NEAR) or not JobLease.objects.take(key[:64], every=_MONTH):
        return False
    logger.warning("JSMS app %s has used %s of the %s segments of its month budget", app, used, allowed)
    signals.budget_near.send_robust(sender=Counter, app=app, used=used, allowed=allowed)
    return True


def month_ends(app: str) -> datetime:
    return as_stored(_month(app)[1])


def _month(app: str) -> tuple[str, datetime]:
    """The counter of this month in Beijing, and when the next one begins (aware)."""
    local = aware(now()).astimezone(BEIJING)
    first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return f"{BUDGET}:{app}:{first:%Y-%m}", (first + _MONTH).replace(day=1)


def _seconds_until(ends: datetime) -> int:
    return max(1, math.ceil((ends - aware(now())).total_seconds()))


def full(allowed: int, seconds: int) -> LimitExceeded:
    """What is raised if a send does not fit into the budget; ``seconds`` until the next month."""
    day = f"{aware(now() + timedelta(seconds=seconds)).astimezone(BEIJING):%Y-%m-%d}"
    return LimitExceeded(
        f"The budget of {allowed} segments for this month is used up. It begins anew on {day}; BUDGET in the JSMS "
        "setting raises it.",
        # A visitor is not told what a site may spend, nor that it is spent.
        en="Nothing can be sent at the moment. Please try again later.",
        zh="暂时无法发送短信，请稍后重试。",
        who="account",
        limit=f"{BUDGET} {allowed}/month",
        retry_after=seconds,
    )


# -- a whole batch ------------------------------------------------------------------------------------------


def refuse_too_large(batch: Any) -> None:
    """Raise InvalidInput for a ready batch above what is left of the budget, or of the newest known balance."""
    if batch.status != batch.Status.READY:
        return
    within = left_of(batch.app)
    if within is not None and batch.segments > within:
        raise _too_large("budget_exceeded", batch.segments, within, "of this month's budget", "本月预算")
    left = balance_left(batch.app, batch.message_class)
    if left is not None and batch.segments > left:
        raise _too_large("balance_exceeded", batch.segments, left, "on the balance", "余额")


def left_of(app: str) -> int | None:
    """Segments left of the month budget; None where there is none, and then no statement."""
    return budget_of(app).left if conf.budget(app) is not None else None


def balance_left(app: str, message_class: str) -> int | None:
    """Segments that the newest snapshot of the last day shows for a class; None where nothing is known."""
    snapshots = BalanceSnapshot.objects.primary()
    snapshot = snapshots.latest_of(app, Scope.APP)
    if snapshot and snapshot.uses_account:
        snapshot = snapshots.latest_of(app, Scope.ACCOUNT)
    if snapshot is None or snapshot.taken_at < now() - _FRESH:
        return None
    found = [left for left in (snapshot.pools[POOL_OF[message_class]], snapshot.all_purpose) if left is not None]
    return sum(found) if found else None


def _too_large(reason: str, wanted: int, left: int, where: str, wo: str) -> InvalidInput:
    return InvalidInput(
        f"The batch needs {wanted} segments, and {left} are left {where}. To start it all the same, pass force=True "
        "(--force).",
        field="batch",
        reason=reason,
        zh=f"该群发任务需要 {wanted} 条，{wo}只剩 {left} 条。确需启动请用 force=True（--force）。",
    )
