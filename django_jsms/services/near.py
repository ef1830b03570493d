"""An app's default limits: they stop no one, so no send counts them. A look from time to time counts the codes."""

from __future__ import annotations

import math
from datetime import timedelta

from .. import conf
from ..models.base import now
from ..models.codes import VerificationCode
from . import limits
from .windows import Rule, parse_rule


def watch_limits() -> int:
    """Notify for each app that has sent most of what a default limit of its own names; returns for how many."""
    return sum(_look(alias, rule) for alias in conf.app_entries() for rule in _rules(alias))


def _rules(alias: str) -> list[Rule]:
    try:
        texts, own = conf.limits(["app"], conf.app(alias))["app"]
    except conf.NotConfigured:  # then it sends nothing either
        return []
    return [] if own else [parse_rule(text) for text in texts]


def _look(app: str, rule: Rule) -> bool:
    used = _used(app, rule)
    return used >= math.ceil(rule.count * limits.NEAR) and limits.tell(app, rule, used)


def _used(app: str, rule: Rule) -> int:
    """Codes within the window, up to the rule's count; none that surely was not sent."""
    codes = VerificationCode.objects.primary().filter(app=app, created_at__gt=now() - timedelta(seconds=rule.seconds))
    sent: int = codes.filter(is_test=False).exclude(status__in=("failed", "expired"))[: rule.count].count()
    return sent
