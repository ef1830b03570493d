"""What JSMS audits, templates and signatures alike: handed in once, read, deleted, and told of when decided."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import router

from ..client import JSMSClient
from ..exceptions import InvalidInput, JSMSError, NoAnswer, Refused
from ..models.audits import NO_ANSWER, Audited
from ..models.base import durably, now, outside_transaction
from .clients import get_client

logger = logging.getLogger("django_jsms")

#: How many open audits one round asks for.
ROUND: Final = 50
#: A deletion without an answer is asked for so often: done twice it is still done.
DELETIONS: Final = 3
_STATES: Final = {0: "auditing", 1: "approved", 2: "rejected", 3: "deleted"}


@dataclass(frozen=True)
class Noun:
    """What an audit has to know of a kind of row."""

    model: type[Audited]
    #: Read it at JSMS; answers the columns of the row, ``status`` as JSMS's number.
    read: Callable[[JSMSClient, int], dict[str, Any]]
    delete: Callable[[JSMSClient, int], None]
    #: JSMS's number for «there is none».
    gone: int
    #: An audit ended: tell the project.
    decided: Callable[[Any], None]


def commit(row: Any, work: Callable[[], Any]) -> Any:
    """One transaction, where the row is written."""
    return durably(work, using=router.db_for_write(type(row)))


def outside(model: type[Audited]) -> None:
    outside_transaction(router.db_for_write(model))


def draft(model: type[Audited], **values: Any) -> Any:
    """Write a draft. Nothing is asked of JSMS."""
    using = router.db_for_write(model)
    return durably(lambda: model.objects.primary().create(**values), using=using)


def hand_in(row: Any, call: Callable[[JSMSClient], int], *, again: bool) -> Any:
    """Hand a draft in, once: it counts as not answered from before the call until its answer is written."""
    outside(type(row))
    client = get_client(row.app)
    if not commit(row, lambda: row.hand_in(now(), again=again)):
        raise wrong_status(row)
    try:
        remote_id = call(client)
    except NoAnswer as error:
        error.row = row
        raise
    except JSMSError as error:
        reason, code = error.reason, error.code
        commit(row, lambda: row.not_taken(now(), reason=reason, code=code))
        error.row = row
        raise
    commit(row, lambda: row.taken(now(), remote_id))
    return row


def hand_in_again(row: Any, noun: Noun, call: Callable[[JSMSClient], object], values: dict[str, Any]) -> Any:
    """Change a rejected one. Without an answer a read tells whether the change arrived."""
    outside(type(row))
    if row.status != Audited.Status.REJECTED:
        raise wrong_status(row)
    client = get_client(row.app)
    try:
        call(client)
    except NoAnswer as error:
        refresh(row, noun)
        if row.status == Audited.Status.REJECTED:
            error.row = row
            raise
        return row
    except JSMSError as error:
        error.row = row
        raise
    commit(row, lambda: row.handed_in_again(now(), **values))
    return row


def refresh(row: Any, noun: Noun) -> Any:
    """Read one at JSMS and write what it says; one that is gone is marked deleted."""
    _at_jsms(row)
    outside(noun.model)
    try:
        values = noun.read(get_client(row.app), row.remote_id)
    except Refused as error:
        if error.code != noun.gone:
            raise
        commit(row, lambda: row.mark_deleted(now()))
        return row
    _mirror(row, noun, values)
    return row


def _mirror(row: Any, noun: Noun, values: dict[str, Any]) -> None:
    before, status = row.status, _STATES.get(values.pop("status"), "auditing")
    if status != Audited.Status.REJECTED:
        values["refusal"] = ""
    decided = status in ("approved", "rejected") and before != status
    if commit(row, lambda: row.mirror(now(), status=status, **values)) and decided:
        noun.decided(row)


def adopt(remote_id: int, app: str, noun: Noun, same: Sequence[str]) -> Any:
    """Mirror one that exists at JSMS. A draft that was not answered and is the ``same`` becomes its row."""
    outside(noun.model)
    values = noun.read(get_client(app), remote_id)
    rows = noun.model.objects.primary().filter(app=app)
    lost = rows.filter(status="draft", reason=NO_ANSWER, **{name: values[name] for name in same})
    row = rows.filter(remote_id=remote_id).first() or lost.order_by("pk").first()
    if row is not None:
        _mirror(row, noun, {**values, "remote_id": remote_id})
        return row
    values["status"] = _STATES.get(values["status"], "auditing")
    using = router.db_for_write(noun.model)
    told = {**values, "refreshed_at": now(), "updated_at": now()}
    return durably(lambda: rows.update_or_create(app=app, remote_id=remote_id, defaults=told)[0], using=using)


def delete(row: Any, noun: Noun) -> Any:
    """Delete one at JSMS; done twice it is still done, so no answer asks again. A draft is only marked."""
    outside(noun.model)
    if row.remote_id is not None:
        _delete_at_jsms(row, noun)
    commit(row, lambda: row.mark_deleted(now()))
    return row


def _delete_at_jsms(row: Any, noun: Noun) -> None:
    client = get_client(row.app)
    for left in reversed(range(DELETIONS)):
        try:
            return noun.delete(client, row.remote_id)
        except NoAnswer as error:
            if not left:
                error.row = row
                raise
        except JSMSError as error:
            if error.code == noun.gone:
                return None
            error.row = row
            raise
    return None


def _at_jsms(row: Any) -> None:
    if row.remote_id is None:
        raise wrong_status(row)


def wrong_status(row: Any) -> InvalidInput:
    """What cannot be done now, and what can."""
    if row.status == Audited.Status.DRAFT and row.reason == NO_ANSWER:
        return InvalidInput(
            f"{row.label} was handed in and not answered, so JSMS may have it. Look in the console of Jiguang: adopt "
            "it by its number, or hand it in once more with again=True.",
            field="status",
            reason=NO_ANSWER,
            zh=f"{row.label} 已提交但没有收到应答，极光可能已收到。请在极光控制台查看：按编号收录，"
            "或以 again=True 再次提交。",
        )
    return InvalidInput(
        f"{row.label} is {row.status}, so this cannot be done. A draft is handed in, a rejected one changed, and one "
        "that JSMS has can be refreshed.",
        field="status",
        reason="wrong_status",
        zh=f"{row.label} 的状态为「{Audited.Status(row.status).label}」，不能执行此操作。草稿可提交，"
        "未通过的可修改，极光已有的可刷新。",
    )


def refresh_open(noun: Noun) -> int:
    """Ask for the open audits, the longest unasked first; answers how many. One that fails keeps no other waiting."""
    rows = list(noun.model.objects.primary().open_audits()[:ROUND])
    for row in rows:
        try:
            refresh(row, noun)
        except Exception as error:
            why = error.reason if isinstance(error, JSMSError) else type(error).__name__
            logger.warning("%s %s of app %s not refreshed: %s", row._meta.verbose_name, row.label, row.app, why)
            noun.model.objects.primary().filter(pk=row.pk).update(updated_at=now())
    return len(rows)
