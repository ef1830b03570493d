"""Metrics for Prometheus (extra ``prometheus``): call ``start()`` once, in the ``ready`` of an AppConfig of yours.

Counters are of this process. What waits, budgets, balances and the last sweep are read from the database at each
scrape, by a handful of statements and without asking JSMS.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.db.models import Count, Min
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily

from .. import conf
from ..models import BalanceSnapshot, Chunk, Message, VerificationCode
from ..models.balances import Scope
from ..models.base import now
from ..services import budget_of, last_sweep, records
from ..services.sweep import waits_since

_WAITING: Final[Mapping[str, Any]] = {"jsms.codes": VerificationCode, "jsms.notices": Message, "jsms.bulk": Chunk}
#: Event → the counter's name, what it tells, and the fields that are its labels.
_COUNTED: Final[Mapping[str, tuple[str, ...]]] = {
    "send": ("sends", "Messages and codes by outcome", "app", "model", "status", "reason"),
    "refused": ("refused", "Requests that were refused, by reason and limit", "service", "reason", "limit"),
    "check": ("checks", "Codes checked, by answer", "reason"),
    "schedule": ("schedules", "What came of calls about schedules", "app", "status", "reason"),
    "report": ("reports", "Delivery reports that found their row", "app", "model", "delivery"),
    "callback": ("callbacks", "Callbacks taken in or turned away", "app", "verdict", "reason"),
}
_LABELS: Final = {"model": "kind"}


def start(registry: CollectorRegistry = REGISTRY) -> Metrics:
    """Count what happens in this process, and show what waits; answers the metrics."""
    metrics = Metrics(registry)
    records.listeners.append(metrics.note)
    registry.register(metrics)
    return metrics


class Metrics:
    """What is counted as it happens, and what is looked up when it is asked for."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.counters = {
            event: (
                Counter(f"jsms_{name}", text, [_LABELS.get(each, each) for each in fields], registry=registry),
                fields,
            )
            for event, (name, text, *fields) in _COUNTED.items()
        }
        buckets = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15)
        self.seconds = Histogram("jsms_call_seconds", "Calls of JSMS", ("kind",), buckets=buckets, registry=registry)

    def note(self, event: str, fields: Mapping[str, Any]) -> None:
        """One record, as a count."""
        if event in self.counters:
            counter, names = self.counters[event]
            counter.labels(*(str(fields.get(name, "")) for name in names)).inc(fields.get("count", 1))
        if "seconds" in fields:
            self.seconds.labels(fields.get("model", "")).observe(fields["seconds"])

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from _queues()
        yield from _money()
        swept = GaugeMetricFamily("jsms_last_sweep_seconds", "Since a worker last looked at what waits")
        ago = last_sweep()
        if ago is not None:
            swept.add_metric([], ago.total_seconds())
        yield swept

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing is asked of the database when the collector is registered."""
        return []


def _queues() -> Iterator[GaugeMetricFamily]:
    at = now()
    waiting = GaugeMetricFamily("jsms_waiting", "Rows that are due and not sent", labels=["queue"])
    oldest = GaugeMetricFamily("jsms_oldest_seconds", "How long the oldest of them waits", labels=["queue"])
    for queue, model in _WAITING.items():
        found = model.objects.primary().due(at).aggregate(count=Count("pk"), first=Min(waits_since(model)))
        waiting.add_metric([queue], found["count"])
        oldest.add_metric([queue], (at - found["first"]).total_seconds() if found["first"] else 0)
    yield waiting
    yield oldest


def _money() -> Iterator[GaugeMetricFamily]:
    left = GaugeMetricFamily("jsms_balance_segments", "Left by the newest balance", labels=["app", "scope", "pool"])
    budget = GaugeMetricFamily("jsms_budget_left_segments", "Left of the month budget", labels=["app"])
    for app in conf.app_entries():
        for scope in Scope.values:
            snapshot = BalanceSnapshot.objects.primary().latest_of(app, scope)
            for pool, segments in (snapshot.pools if snapshot else {}).items():
                if segments is not None:
                    left.add_metric([app, scope, pool], segments)
        if conf.budget(app) is not None:
            budget.add_metric([app], budget_of(app).left or 0)
    yield left
    yield budget
