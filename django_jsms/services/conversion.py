"""How many codes are used: where hardly any is, somebody may be asking for codes that nobody reads."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from django.db import router

from .. import conf, signals
from ..exceptions import LimitExceeded
from ..models.base import durably, now
from ..models.codes import VerificationCode
from ..models.jobs import JobLease
from ..models.limits import Counter, Held

logger = logging.getLogger("django_jsms")

#: The newest codes of an app that are looked at, and how few are no evidence.
LAST, LEAST = 200, 50
#: Below this share of verified codes the project is told, and the captcha is wanted whatever an address had.
LOW: Final = 0.2
#: An attack that is over must not stop people for ever.
_FRESH: Final = timedelta(minutes=15)
_AGAIN: Final = timedelta(days=1)


def key(app: str) -> str:
    """The counter that holds what was found last."""
    return f"conversion:{app}"


def watch_conversion() -> int:
    """Look at every app's newest codes; answers of how many the share is low."""
    return sum(_look(alias) for alias in conf.app_entries())


def _look(app: str) -> bool:
    sent, verified = _counted(app)
    rate = verified / sent if sent >= LEAST else 1.0
    values = {"hits": f"{rate:.3f}", "expires_at": now() + _FRESH}
    using = router.db_for_write(Counter)
    durably(lambda: Counter.objects.using(using).update_or_create(key=key(app), defaults=values), using=using)
    if rate < LOW and JobLease.objects.take(f"conversion {app}"[:64], every=_AGAIN):
        logger.warning("JSMS app %s: only %s of the last %s codes were used", app, verified, sent)
        signals.conversion_low.send_robust(sender=VerificationCode, app=app, rate=rate, sent=sent)
    return rate < LOW


def _counted(app: str) -> tuple[int, int]:
    """Codes whose life is over, or that were used; test numbers and the project's own sends tell nothing."""
    codes = VerificationCode.objects.primary().filter(app=app, is_test=False, policy="user", sent_at__isnull=False)
    over = codes.filter(expires_at__lte=now()) | codes.filter(status="verified")
    found = list(over.order_by("-pk").values_list("status", flat=True)[:LAST])
    return len(found), found.count("verified")


def rate_of(app: str, seen: Mapping[str, Held]) -> float:
    """The share as it was found last; 1 where nothing is known."""
    counter = seen.get(key(app))
    return float(counter.hits) if counter else 1.0


def refuse(values: Mapping[str, Any], seen: Mapping[str, Held]) -> None:
    """Raise LimitExceeded where the project asked for a stop below a share, and it is below."""
    stop = conf.conversion_stop(values["app"])
    if stop is not None and values["policy"] == "user" and rate_of(values["app"], seen) < stop:
        seconds = round(_FRESH.total_seconds())
        raise LimitExceeded(
            "Codes are not sent at the moment, as hardly any is used. Please try again later.",
            zh="验证码使用率过低，暂停发送，请稍后再试。",
            limit="conversion",
            retry_after=seconds,
        )
