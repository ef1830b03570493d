"""When marketing may be sent: 08:00 to 21:00 in Beijing (audit rules)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from .clock import BEIJING

#: What happens to marketing outside its hours; no page says, so it is an option.
SEND, REFUSE, WAIT = CHOICES = ("send", "refuse", "wait")
_OPENS, _CLOSES = 8, 21
_DAY: Final = timedelta(days=1)


def opens_at(moment: float) -> float:
    """The moment itself within the hours, else eight o'clock next."""
    now = datetime.fromtimestamp(moment, BEIJING)
    if _OPENS <= now.hour < _CLOSES:
        return moment
    eight = now.replace(hour=_OPENS, minute=0, second=0, microsecond=0)
    return (eight if now < eight else eight + _DAY).timestamp()
