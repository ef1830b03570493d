"""When marketing may be sent: carriers take it from 8 to 21 o'clock in Beijing (jsms-api 5.3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from django.conf import settings
from django.utils.timezone import is_naive, make_aware, make_naive

from ..exceptions import LimitExceeded
from ..models.base import now

BEIJING: Final = timezone(timedelta(hours=8))
OPENS, CLOSES = 8, 21


def next_window(at: datetime) -> datetime | None:
    """When marketing may go again, or None where it may now. Both as ``now()`` gives them."""
    local = (make_aware(at) if is_naive(at) else at).astimezone(BEIJING)
    if OPENS <= local.hour < CLOSES:
        return None
    opens = local.replace(hour=OPENS, minute=0, second=0, microsecond=0)
    if local.hour >= CLOSES:
        opens += timedelta(days=1)
    return opens.astimezone(UTC) if settings.USE_TZ else make_naive(opens)


def refuse_at_night() -> None:
    at = now()
    opens = next_window(at)
    if opens:
        raise LimitExceeded(
            "Marketing is sent from 8 to 21 o'clock in Beijing. Use queue_message(), which waits.",
            zh="营销短信只在北京时间 8 点至 21 点发送。请改用 queue_message()，它会等到可发送的时段。",
            limit="marketing hours",
            retry_after=round((opens - at).total_seconds()),
        )
