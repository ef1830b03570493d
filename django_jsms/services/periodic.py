"""What has to happen from time to time, in one process of many: each job under a lease of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from ..models.jobs import JobLease
from .balances import snapshot_balances
from .budgets import tell_budgets
from .conversion import watch_conversion
from .near import watch_limits
from .pulls import pull_all
from .purge import purge_counters, purge_keys
from .rates import watch_reports
from .reports import mark_missing, match_reports
from .reviews import refresh_audits
from .told import apply_unread

logger = logging.getLogger("django_jsms")

#: Name of the lease, how often, and what; each is a command, too.
JOBS: Final[tuple[tuple[str, timedelta, Callable[[], object]], ...]] = (
    ("reports", timedelta(seconds=30), match_reports),
    ("missing", timedelta(hours=1), mark_missing),
    ("rates", timedelta(minutes=5), watch_reports),
    ("callbacks", timedelta(seconds=30), apply_unread),
    ("pull", timedelta(seconds=30), pull_all),
    ("audits", timedelta(minutes=5), refresh_audits),
    ("balances", timedelta(hours=1), snapshot_balances),
    ("conversion", timedelta(minutes=1), watch_conversion),
    ("limits", timedelta(minutes=1), watch_limits),
    ("budgets", timedelta(minutes=1), tell_budgets),
    ("keys", timedelta(hours=1), purge_keys),
    ("counters", timedelta(hours=1), purge_counters),
)


def run_periodic(stopping: Callable[[], bool] = lambda: False) -> int:
    """Run the jobs whose time has come; answers how many. One that fails is logged and tried at its next time."""
    ran, held = 0, JobLease.objects.held()
    for name, every, job in JOBS:
        if name in held or stopping() or not JobLease.objects.take(name, every=every):
            continue
        ran += 1
        try:
            job()
        except Exception:
            logger.exception("The periodic job %s failed", name)
    return ran
