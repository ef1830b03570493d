"""What a schedule looks like on a terminal, and to a script."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.core.management.base import CommandError
from django.utils.timezone import is_aware, localtime
from django.utils.translation import gettext as _

from ..models import Message, Schedule
from .tables import table

#: Recipients that ``show`` lists.
SHOWN: Final = 20


def found(text: str) -> Schedule:
    """A row by its own id or by JSMS's. Raises CommandError."""
    rows = Schedule.objects.primary()
    own = text.isascii() and text.isdigit() and len(text) <= 18
    rows = rows.filter(pk=int(text)) if own else rows.filter(remote_id=text[:64])
    schedule: Schedule | None = rows.first()
    if schedule is None:
        raise CommandError(_("There is no schedule %(id)s. See: jsms_schedule list --all") % {"id": text[:64]})
    return schedule


def recipients(schedule: Schedule) -> int:
    return schedule.chunk.size if schedule.chunk else 1


def wall(at: datetime | None) -> str | None:
    """In the project's own time."""
    return f"{localtime(at) if is_aware(at) else at:%Y-%m-%d %H:%M:%S}" if at else None


def as_data(schedule: Schedule) -> dict[str, Any]:
    """For scripts: no number, times with their offset."""
    names = ("id", "remote_id", "app", "kind", "status", "template_id", "signature_id", "tag", "reason", "error_code")
    times = ("send_at", "refreshed_at", "fired_at")
    return {
        **{name: getattr(schedule, name) for name in names},
        **{name: at.isoformat() if (at := getattr(schedule, name)) else None for name in times},
        "batch": schedule.batch_id,
        "recipients": recipients(schedule),
        "drift": schedule.drift,
    }


def listing(schedules: Sequence[Schedule]) -> str:
    head = ("id", _("send at"), _("status"), _("recipients"), _("template"), _("schedule id"), _("note"))
    rows = [
        (
            schedule.pk,
            wall(schedule.send_at),
            Schedule.Status(schedule.status).label,
            recipients(schedule),
            schedule.template_id,
            schedule.remote_id,
            note(schedule),
        )
        for schedule in schedules
    ]
    return table(head, rows, right=(0, 3, 4))


def note(schedule: Schedule) -> str:
    """What a person should know of it, if anything."""
    if schedule.drift:
        return _("differs at JSMS: %(what)s") % {"what": ", ".join(schedule.drift)}
    return schedule.reason


def as_text(schedule: Schedule, messages: Iterable[Mapping[str, Any]]) -> str:
    messages = list(messages)
    counts = Counter(Message.Status(each["status"]).label for each in messages)
    lines = [
        listing([schedule]),
        _("kind %(kind)s, app %(app)s, batch %(batch)s, tag %(tag)s, read %(read)s, fired %(fired)s")
        % {
            "kind": Schedule.Kind(schedule.kind).label,
            "app": schedule.app,
            "batch": schedule.batch_id or "—",
            "tag": schedule.tag or "—",
            "read": wall(schedule.refreshed_at) or "—",
            "fired": wall(schedule.fired_at) or "—",
        },
        ", ".join(f"{label} {count}" for label, count in counts.items()),
    ]
    head = (_("mobile"), _("status"), "msg_id", _("reason"))
    rows = [
        (each["mobile"], Message.Status(each["status"]).label, each["msg_id"] or None, each["reason"] or None)
        for each in messages[:SHOWN]
    ]
    lines.append(table(head, rows))
    if len(messages) > SHOWN:
        lines.append(_("… %(count)d more; all of them: --json") % {"count": len(messages) - SHOWN})
    return "\n".join(lines)
