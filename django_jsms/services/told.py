"""What JSMS told us, applied: one stored body at a time, and each record in it by itself.

A record that cannot be applied is kept with the reason, for a person, and keeps no other from being applied.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from django.db import InterfaceError, OperationalError, router, transaction

from ..client import callbacks as wire
from ..client import shapes
from ..client.pieces import LARGEST_PULL
from ..client.shapes import WrongShape, narrow, record
from ..client.told import Reply, Report
from ..exceptions import InvalidInput
from ..models.base import durably, now
from ..models.callbacks import GAP, UNREAD, Callback, digest
from . import hooks, replies, reports, reviews
from .language import service

logger = logging.getLogger("django_jsms")

Tell = Callable[[], None]
UNREADABLE: Final = "unreadable"
#: The kind of an answer to a send that nobody could read; there is nothing to apply in it.
ANSWER: Final = "answer"
#: The kinds of what was pulled, and what its entries are.
PULLED: Final[dict[str, Callable[[Any], Any]]] = {"pull report": Report.parse, "pull reply": Reply.parse}
#: The report is kept all the same, and waits for a row that is its own.
_APPLIED: Final = "mobile_mismatch"
_EFFECTS: Final[dict[type, Callable[[Callback, Any, datetime], tuple[str, Tell]]]] = {
    Report: reports.apply_report,
    Reply: replies.apply_reply,
    wire.Review: reviews.apply_review,
}
#: mysqlclient calls a text that the character set of a column does not hold «operational».
_WRONG_TEXT: Final = 1366
#: After this long nobody is still applying what was stored.
_LEFT: Final = timedelta(minutes=1)
#: How many of those one sweep applies.
_SLICE: Final = 500


def apply_stored(callback: Callback) -> str:
    """Apply what is stored and changed nothing yet; answers why it still does not, or ``""``.

    One transaction, in which each record has a savepoint. Raises only what passes: the row stays as it was.
    """
    at, before = now(), callback.error

    def work() -> list[Tell]:
        callback.applied_at, callback.error = None, before  # as it is stored, also after a try that lost a race
        return _effects(callback, at)

    try:
        tells = durably(work, using=router.db_for_write(Callback))
    except Exception as error:
        callback.applied_at, callback.error = None, before
        error.__traceback__ = None  # the frames hold numbers and texts
        raise
    for tell in tells:
        try:
            tell()
        except Exception as error:
            hooks.broke(f"Callback {callback.pk} was applied, and not announced", error)
    return callback.error


def apply_unread() -> int:
    """Apply what was stored and not applied, because its process or its database died; answers how many.

    One that cannot be applied goes to the end, and keeps no other waiting.
    """
    at, stored = now(), Callback.objects.primary()
    unread = stored.filter(error=UNREAD, applied_at=None, updated_at__lt=at - _LEFT).order_by("updated_at")
    return sum(_try(callback) for callback in list(unread.defer("body")[:_SLICE]))


def _try(callback: Callback) -> bool:
    try:
        apply_stored(callback)
    except Exception as error:
        logger.error("Callback %s cannot be applied yet (%s)", callback.pk, type(error).__name__)
        Callback.objects.primary().filter(pk=callback.pk).update(updated_at=now())
        return False
    return True


def reprocess_callback(callback: Callback) -> str:
    """Apply what is stored and changed nothing yet, once more; answers why it still does not, or ``""``.

    For a person: also what came under a nonce that was used for something else about the same. A gap holds
    nothing, and an answer that nobody could read nothing that could be applied.
    """
    if callback.applied_at or callback.error == GAP or callback.kind == ANSWER:
        return callback.error
    return apply_stored(callback)


@service
def dismiss_callback(callback: Callback) -> None:
    """Mark what can never be applied as settled: it stays as it is, with its reason, and is left no more.

    Raises InvalidInput for what was applied or dismissed, or may be under way: for a minute what is not
    read yet, or a pull.
    """
    if not callback.dismiss(now()):
        raise InvalidInput(
            "It is settled, or is still being read.",
            field="callback",
            reason="wrong_status",
            zh="该回调已处理，或仍在读取中。",
        )


def _effects(callback: Callback, at: datetime) -> list[Tell]:
    """The effects of all records, in the open transaction; answers what to announce after the commit."""
    if not callback.take(at):  # another process was quicker
        return []
    records, tells = list(entries(callback)), []
    left: dict[str, list[tuple[str, Callable[[], Any]]]] = {}
    for entry, read in records:
        fault, tell = _apply(callback, read, at)
        if fault:
            left.setdefault(fault, []).append((entry, read))
        tells.append(tell)
    for fault, those in left.items():
        why = explain((read for _, read in those), "en")
        counts = len(those), len(records), callback.pk
        logger.warning("%s of %s records of callback %s changed nothing: %s %s", *counts, fault, why)
        if len(those) == len(records):
            callback.settle(at, fault, applied=fault == _APPLIED)
        else:
            _set_apart(callback, [entry for entry, _ in those], fault, at)
    return tells


def entries(callback: Callback) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Each record of a pull as JSON, and how to read it. What is no UTF-8 can be written as it came."""
    body = bytes(callback.body)
    if callback.kind not in PULLED:
        yield "", lambda: wire.parse(wire.Form.read(body))
        return
    found, lost = shapes.entries(body.decode("utf-8", "surrogateescape"))
    for text, entry in found:
        yield text, partial(_pulled, callback.kind, entry)
    if lost is not None:
        yield lost, _gap


def explain(reads: Iterable[Callable[[], Any]], language: str) -> str:
    """What keeps records from being read, each reason once; nothing if they can be."""
    found = {}
    for read in reads:
        try:
            read()
        except WrongShape as error:
            found[error.explain(language)] = True
    return "; ".join(found)


def _pulled(kind: str, entry: Any) -> Any:
    return PULLED[kind](record(entry, "record"))


def _gap() -> Any:
    raise _Gap("record", "gap")


class _Gap(WrongShape):
    """What stood here was lost on its way."""


def _apply(callback: Callback, read: Callable[[], Any], at: datetime) -> tuple[str, Tell]:
    try:
        said = read()
    except _Gap:
        return GAP, _nothing
    except WrongShape:
        return UNREADABLE, _nothing
    effect, fault = _EFFECTS.get(type(said)), "unknown_kind"
    for each in dict.fromkeys((said, _narrow(said))) if effect else ():
        try:
            with transaction.atomic(using=router.db_for_write(Callback)):
                return effect(callback, each, at)  # type: ignore[misc]
        except Exception as error:
            if _passes(error):
                raise
            fault = f"failed {type(error).__name__}"[:32]
            logger.error("Callback %s of app %s cannot be applied: %s", callback.pk, callback.app, fault)
    return fault, _nothing


def _narrow(said: Any) -> Any:
    """For a column of three bytes a character (``jsms.W084``)."""
    texts = {each.name: getattr(said, each.name) for each in fields(said)}
    return replace(said, **{name: narrow(text) for name, text in texts.items() if isinstance(text, str)})


def _passes(error: Exception) -> bool:
    """Whether the database is in trouble, and not what it was given."""
    return isinstance(error, OperationalError | InterfaceError) and error.args[:1] != (_WRONG_TEXT,)


def _set_apart(callback: Callback, entries: list[str], fault: str, at: datetime) -> None:
    """All that one thing is wrong with, in a row of its own, which is listed and can be applied again.

    It is no longer than a pull, or a database might refuse all of them: what was quoted may be, and stays in the pull.
    """
    body = f"[{','.join(entries)}]".encode("utf-8", "surrogateescape")
    Callback.objects.primary().create(
        app=callback.app,
        kind=callback.kind,
        body=body if len(body) <= LARGEST_PULL else b"[null]",
        digest=digest("records", callback.digest, fault),
        error=fault,
        applied_at=at if fault == _APPLIED else None,
    )


def _nothing() -> None:
    """Nobody has to hear of it."""
