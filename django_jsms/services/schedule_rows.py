"""What a schedule's rows become of an answer: each function runs in the transaction that records it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import router
from django.db.models import Sum
from django.utils.dateparse import parse_datetime

from ..client.errors import describe
from ..client.outcomes import RecipientResult
from ..client.results import Scheduled, ScheduleInfo
from ..models import bulk
from ..models.base import as_stored, mobile_hash, now
from ..models.messages import Message
from ..models.schedules import Schedule
from . import optouts
from .hours import aware

#: Read again this long before its time, and a moment after it.
LOOK_AHEAD: Final = timedelta(minutes=10)
LOOK_AFTER: Final = timedelta(seconds=30)

#: The reason of one that a read showed as it was before a change of ours.
NOT_CHANGED: Final = "not_changed"

Params = dict[str, str]
#: A message that waits: primary key, mobile, params.
Recipient = tuple[int, str, Params]


def waiting(schedule: Schedule) -> list[Recipient]:
    """Whom it is for, in the order they were given."""
    return list(_open(schedule).values_list("pk", "mobile", "params"))


def segments(schedule: Schedule) -> int:
    """What JSMS would bill for it."""
    found: int = _open(schedule).order_by().aggregate(all=Sum("segments", default=0))["all"]
    return found


def _open(schedule: Schedule) -> Any:
    """A number that was erased meanwhile cannot be sent to."""
    return schedule.messages.filter(status__in=("waiting", "unknown"), mobile__isnull=False).order_by("pk")


def wanted(schedule: Schedule) -> tuple[datetime, int, int | None, list[tuple[str, Params]]]:
    """What a change asks for, as the client takes it: time, template, signature, recipients."""
    asked: dict[str, Any] = schedule.wanted or {}
    if asked["recipients"] is None:
        pairs = [(mobile, params) for _, mobile, params in waiting(schedule)]
    else:
        pairs = [(mobile, params) for mobile, params, _ in asked["recipients"]]
    return parse_time(asked["send_at"]), asked["template_id"], asked["signature_id"], pairs


def parse_time(text: str) -> datetime:
    found = parse_datetime(text)
    assert found is not None
    return found


def next_look(send_at: datetime) -> datetime:
    """Before its time, for the msg_ids and what somebody changed in the console; then after it."""
    early = send_at - LOOK_AHEAD
    return early if now() < early else send_at + LOOK_AFTER


# -- answers to calls ------------------------------------------------------------------------------------


def created(schedule: Schedule, answer: Scheduled) -> None:
    """JSMS holds it. Its msg_ids are not in the answer: a worker reads them at once."""
    at = now()
    if schedule.mark_active(at, due_at=at, remote_id=answer.schedule_id):
        _fail_listed(schedule, answer.failures, at)


def changed(schedule: Schedule, answer: Scheduled | None = None) -> None:
    """JSMS holds what was wanted."""
    at, asked = now(), schedule.wanted or {}
    values = {name: asked[name] for name in ("template_id", "signature_id", "message_class")}
    values["send_at"] = as_stored(parse_time(asked["send_at"]))
    if not schedule.mark_active(at, due_at=at, drift={}, **values):
        return
    if asked["recipients"] is None:
        schedule.forget_ids(at)
    else:
        schedule.replace_messages(_messages(schedule, asked["recipients"], at), at)
    _fail_listed(schedule, answer.failures if answer else (), at)


def stays(schedule: Schedule) -> None:
    """Nothing was changed: JSMS holds what it held."""
    schedule.mark_active(now(), due_at=next_look(schedule.send_at))


def cancel(schedule: Schedule, reason: str) -> None:
    at = now()
    if schedule.mark_cancelled(at, reason=reason):
        schedule.end_messages("cancelled", at, reason=reason or "cancelled")


def fail(schedule: Schedule, reason: str, code: int | None, status: str = "failed") -> None:
    at = now()
    if schedule.mark_failed(at, reason=reason, code=code):
        schedule.end_messages(status, at, reason=reason, code=code)


def fire(schedule: Schedule, fired_at: datetime) -> None:
    at = now()
    if schedule.mark_fired(at, fired_at=fired_at):
        schedule.send_messages(at, fired_at)


def nobody_knows(schedule: Schedule) -> None:
    """The time of a lost one has come: what JSMS held of it is sent, and nobody can say what that was."""
    at = now()
    if schedule.watch(at, None):
        schedule.end_messages("unknown", at, reason="schedule_lost")


def _messages(schedule: Schedule, recipients: list[tuple[str, Params, int]], at: datetime) -> list[Message]:
    old = schedule.messages.order_by("pk").first()
    same = {
        "app": schedule.app,
        "status": "waiting",
        "created_at": at,
        "updated_at": at,
        "template_id": schedule.template_id,
        "signature_id": schedule.signature_id,
        "message_class": schedule.message_class,
        "tag": schedule.tag,
        "chunk_id": schedule.chunk_id,
        "reference": old.reference if old and not schedule.chunk_id else "",
    }
    return [
        Message(mobile=mobile, mobile_hash=mobile_hash(mobile), params=params, segments=segments, **same)
        for mobile, params, segments in recipients
    ]


def _fail_listed(schedule: Schedule, failures: Iterable[RecipientResult], at: datetime) -> None:
    """Those whom JSMS refused; all others are accepted, though no list says so (jsms-api 2.7)."""
    refused = {item.mobile: _reason(item.code) for item in failures}
    if refused:
        fail_some(schedule, {pk: refused[mobile] for pk, mobile, _ in waiting(schedule) if mobile in refused}, at)


def _reason(code: int | None) -> tuple[str, int | None]:
    known = describe(code)
    return known.reason if known else "refused", code or None


def fail_some(schedule: Schedule, reasons: Mapping[int, tuple[str, int | None]], at: datetime) -> None:
    """Messages that will not be sent, by primary key, with our word and JSMS's code of why."""
    outcomes = [
        {"id": pk, "status": "failed", "msg_id": "", "reason": reason, "code": code}
        for pk, (reason, code) in reasons.items()
    ]
    bulk.outcome(outcomes, at, using=router.db_for_write(Message))
    schedule.count_failed(len(outcomes))


def opted_out(schedule: Schedule) -> set[int]:
    """The primary keys of those that want no more marketing."""
    rows = schedule.messages.filter(optouts.stopped(), status="waiting")
    return set(rows.values_list("pk", flat=True))


# -- answers to reads ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Found:
    """What a read says of a schedule."""

    send_at: datetime
    #: What JSMS says and we do not, by field.
    drift: dict[str, Any]
    #: Messages with their new msg_ids.
    ids: list[dict[str, Any]]
    #: It is what a change of ours asked for.
    changed: bool


def compare(schedule: Schedule, info: ScheduleInfo) -> Found:
    """Put what JSMS holds beside what we have. Reads our rows, so it comes before the transaction."""
    rows = list(_open(schedule).values_list("pk", "mobile", "params", "msg_id"))
    listed = {item.mobile: item for item in info.recipients}
    ids = []
    for pk, mobile, _, msg_id in rows:
        item = listed.get(mobile)
        new = item.msg_id or "" if item else ""
        if new != msg_id:
            ids.append({"id": pk, "status": "waiting", "msg_id": new, "reason": "", "code": None})
    ours = {mobile: params for _, mobile, params, _ in rows}
    drift = _drift(schedule.send_at, schedule.template_id, ours, info)
    return Found(as_stored(info.send_at), drift, ids, bool(schedule.wanted) and not _from_wanted(schedule, ours, info))


def _from_wanted(schedule: Schedule, ours: dict[str, Params], info: ScheduleInfo) -> dict[str, Any]:
    asked: dict[str, Any] = schedule.wanted or {}
    if asked["recipients"] is not None:
        ours = {mobile: params for mobile, params, _ in asked["recipients"]}
    return _drift(parse_time(asked["send_at"]), asked["template_id"], ours, info)


def _drift(send_at: datetime, template_id: int, ours: dict[str, Params], info: ScheduleInfo) -> dict[str, Any]:
    drift: dict[str, Any] = {}
    if aware(send_at).timestamp() != info.send_at.timestamp():  # in a repeated hour «!=» is always true
        drift["send_at"] = info.send_at.isoformat()
    if template_id != info.temp_id:
        drift["template_id"] = info.temp_id
    theirs = {item.mobile: item.params for item in info.recipients}
    for name, count in (
        ("missing", len(ours.keys() - theirs.keys())),
        ("extra", len(theirs.keys() - ours.keys())),
        ("params", sum(_differ(ours[mobile], theirs[mobile]) for mobile in ours.keys() & theirs.keys())),
    ):
        if count:
            drift[name] = count
    return drift


def _differ(ours: Params, theirs: Params | None) -> bool:
    """JSMS may leave parameters out of its answer (jsms-api 2.10): that says nothing."""
    return theirs is not None and {name: str(value) for name, value in theirs.items()} != ours


def settle(schedule: Schedule, found: Found, over: bool) -> None:
    """Record a read: what was changed is changed, what has come to its time is sent, all else is held."""
    at = now()
    if found.changed:
        changed(schedule)
        return
    if at < found.send_at and not over:
        reason, due_at = NOT_CHANGED if schedule.wanted else "", next_look(found.send_at)
        if schedule.mark_active(at, due_at=due_at, reason=reason, refreshed_at=at, drift=found.drift):
            bulk.outcome(found.ids, at, using=router.db_for_write(Message))
    elif schedule.mark_fired(at, fired_at=found.send_at, refreshed_at=at, drift=found.drift):
        bulk.outcome(found.ids, at, using=router.db_for_write(Message))
        schedule.send_messages(at, found.send_at)
