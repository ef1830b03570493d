"""When something may be sent: a caller's times, and marketing from 8 to 21 o'clock in Beijing (jsms-api 5.3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from django.conf import settings
from django.utils.timezone import get_default_timezone, is_naive, make_aware

from ..exceptions import InvalidInput, LimitExceeded
from ..models.base import as_stored, now

BEIJING: Final = timezone(timedelta(hours=8))
OPENS, CLOSES = 8, 21
#: How far ahead of ours a clock of JSMS's, or of a zone it took for its own, may stand.
_CLOCKS_DIFFER: Final = timedelta(days=1)
#: A schedule nearer than this could come too late, and what is farther away is a slip of the keyboard.
NEAREST, FARTHEST = timedelta(seconds=60), timedelta(days=366)


def aware(at: datetime) -> datetime:
    """A time of a row, or of a caller, with its zone: naive ones mean TIME_ZONE."""
    return make_aware(at, get_default_timezone()) if is_naive(at) else at


def told_at(moment: datetime | None, heard: datetime) -> datetime:
    """When JSMS says that something was, as rows hold it; when it was heard, where that is no time or later."""
    if moment is None or moment > aware(heard) + _CLOCKS_DIFFER:
        return heard
    return as_stored(moment)


def check_time(value: object, field: str) -> datetime:
    """A caller's time as rows hold it. Raises InvalidInput.

    Refused: what is no datetime; naive ones where USE_TZ is on; what is outside the calendar; an hour that the clocks
    of its zone skip, or, where rows keep no zone, repeat.
    """
    given = _datetime(value, field)
    try:
        moment = aware(given)
        utc = moment.astimezone(UTC)
        back = utc.astimezone(moment.tzinfo)
        stored = as_stored(utc)
        again = aware(stored.replace(fold=0)).astimezone(UTC)
    except (OverflowError, ValueError):
        raise _refused(field, "is outside the calendar", "超出日历范围") from None
    if back.replace(tzinfo=None) != moment.replace(tzinfo=None):
        raise _refused(
            field, "does not exist: the clocks of its zone skip that hour", "不存在：该时区此时正值夏令时跳变"
        )
    if again != utc:  # a column keeps no fold
        raise _refused(
            field,
            "comes twice that night, and without USE_TZ nobody can tell which is meant",
            "在该夜出现两次，USE_TZ 关闭时无法区分",
        )
    return stored


def _datetime(value: object, field: str) -> datetime:
    if not isinstance(value, datetime):
        kind, read = type(value).__name__, "django.utils.dateparse.parse_datetime()"
        raise _refused(
            field,
            f"must be a datetime, not {kind}; {read} reads a text",
            f"须为 datetime，不能是 {kind}；文本可用 {read} 转换",
        )
    if is_naive(value) and settings.USE_TZ:
        way = "django.utils.timezone.make_aware()"
        raise _refused(field, f"has no time zone: give it one with {way}", f"没有时区：请用 {way} 加上时区")
    return value


def instant(at: object) -> str | None:
    """The same for the same moment in any zone; what is no time is refused where it is checked."""
    try:
        return aware(at).astimezone(UTC).isoformat(timespec="seconds") if isinstance(at, datetime) else None
    except (OverflowError, ValueError):
        return None


def check_start(value: object, field: str) -> datetime | None:
    """From when on our workers may send, as ``check_time``; None for at once, which a time that is over means, too."""
    if value is None:
        return None
    start = check_time(value, field)
    ahead = _ahead(start)
    if abs(ahead) > FARTHEST:
        raise _refused(field, "must be within a year: check its year", "须在一年以内，请检查年份")
    return start if ahead > timedelta() else None


def check_send_at(value: object, message_class: str) -> datetime:
    """The time of a schedule, as ``check_time``, in whole seconds.

    Refused, too: less than a minute or more than a year ahead; marketing outside its hours.
    """
    field = "send_at"
    time = check_time(value, field).replace(microsecond=0)
    ahead = _ahead(time)
    if ahead < NEAREST:
        raise _refused(field, "must be at least 60 seconds ahead", "至少须在 60 秒之后")
    if ahead > FARTHEST:
        raise _refused(field, "must be within a year: check its year", "须在一年以内，请检查年份")
    if message_class == "marketing" and next_window(time):
        raise _refused(
            field,
            "is outside the hours of marketing, 8 to 21 o'clock in Beijing",
            "不在营销短信的发送时段（北京时间 8 点至 21 点）内",
            "outside_window",
        )
    return time


def check_life(value: object) -> timedelta:
    """How long something may wait. Raises InvalidInput."""
    if isinstance(value, timedelta) and timedelta(seconds=1) <= value <= FARTHEST:
        return value
    raise InvalidInput(
        "expires_in must be a timedelta from one second to a year.",
        field="expires_in",
        reason="invalid_expires_in",
        zh="expires_in 须为 1 秒至一年之间的 timedelta。",
    )


def _ahead(time: datetime) -> timedelta:
    return aware(time).astimezone(UTC) - aware(now()).astimezone(UTC)


def _refused(field: str, en: str, zh: str, reason: str = "invalid_send_at") -> InvalidInput:
    return InvalidInput(f"{field} {en}.", field=field, reason=reason, zh=f"时间（{field}）{zh}。")


def next_window(at: datetime) -> datetime | None:
    """When marketing may go again, or None where it may now. Both as ``now()`` gives them."""
    local = aware(at).astimezone(BEIJING)
    if OPENS <= local.hour < CLOSES:
        return None
    opens = local.replace(hour=OPENS, minute=0, second=0, microsecond=0)
    if local.hour >= CLOSES:
        opens += timedelta(days=1)
    return as_stored(opens.astimezone(UTC))


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
