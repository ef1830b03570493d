"""Beijing wall time, written and read in one place. JSMS's times carry no zone (jsms-api, section 1.6)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from ..exceptions import InvalidInput

#: Fixed: China has had no daylight saving since 1991, and a laptop may have no tzdata.
BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")
#: JSMS began in 2014. What is farther off is no time of its.
_FIRST, _LAST = datetime(2010, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_MILLISECONDS = re.compile(r"[0-9]{1,16}", re.ASCII)
#: ``Thu Nov 28 10:00:00 CST 2019``: the C is for China here.
_JAVA_DATE = "%a %b %d %H:%M:%S CST %Y"


def wall(send_at: datetime) -> str:
    """``yyyy-MM-dd HH:mm:ss`` in Beijing, for an aware datetime; fractions of a second are cut off.

    Raises InvalidInput (field ``send_at``) for anything else, naive datetimes included.
    """
    if not isinstance(send_at, datetime) or send_at.utcoffset() is None:
        raise _invalid(
            "must be an aware datetime: without a zone nobody knows which moment is meant",
            "须为带时区的 datetime：没有时区就无法确定是哪一刻",
        )
    try:
        return send_at.astimezone(BEIJING).replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")
    except OverflowError:
        raise _invalid("is outside the calendar: give a nearer time", "超出日历范围：请填写较近的时间") from None


def _invalid(en: str, zh: str) -> InvalidInput:
    return InvalidInput(f"send_at {en}.", field="send_at", reason="invalid_send_at", zh=f"定时时间（send_at）{zh}。")


def from_wall(text: str) -> datetime:
    """The aware datetime of a Beijing wall time as JSMS writes it; ValueError for anything else."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=BEIJING)


def from_wire(value: object) -> datetime:
    """The moment of a report or a reply: milliseconds, or one of the texts met in the field.

    ValueError for what is none of them, or outside the years in which there was or will be a JSMS.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return _from_milliseconds(value)
    if not isinstance(value, str):
        raise ValueError("neither milliseconds nor text")
    if _MILLISECONDS.fullmatch(value):
        return _from_milliseconds(int(value))
    if " CST " in value:
        return _sane(datetime.strptime(value, _JAVA_DATE).replace(tzinfo=BEIJING))
    return _sane(from_wall(value))


def _from_milliseconds(value: int) -> datetime:
    if not 0 <= value < 10**14:
        raise ValueError("not a time in milliseconds")
    return _sane(datetime.fromtimestamp(value // 1000, UTC) + timedelta(milliseconds=value % 1000))


def _sane(moment: datetime) -> datetime:
    if not _FIRST <= moment < _LAST:
        raise ValueError("no time of JSMS's")
    return moment
