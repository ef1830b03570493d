"""Claim, call, record: every outgoing send passes here.

The row is committed before the first byte leaves, no transaction is open during the call, and the
outcome is one conditional UPDATE. Refused → failed, surely not sent → failed for a caller who waits and
another try for a queued row, anything else → unknown (docs: «Why a send can be unknown»).
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import router

from .. import conf
from ..client import JSMSClient
from ..client.errors import describe
from ..exceptions import AppPaused, JSMSError, LimitExceeded, NoAnswer, NotSent, Withheld
from ..models.base import database_now, durably, now, read_clock
from ..models.outgoing import Outgoing
from . import accounts, answers, budgets, guards, records, repeating
from .clients import get_client

logger = logging.getLogger("django_jsms")

#: A code of which no byte was written is tried again at once: after these seconds, while they last.
QUICK_WAITS: Final = (0.2, 0.8)
QUICK_SECONDS: Final = 5.0
#: A queued row waits as long again as it has waited, between these seconds.
SHORTEST_WAIT: Final = 1.0
LONGEST_WAIT: Final = 120.0
#: … and this long where JSMS says «too often»: its windows are of 10 minutes.
FREQUENCY_WAIT: Final = 600.0


@dataclass(frozen=True)
class Noun:
    """What delivery has to know of a kind of row."""

    model: type[Outgoing]
    #: One call of JSMS for the row; answers the msg_id.
    call: Callable[[JSMSClient, Any], str]
    #: Write «sent» and what follows from it, in the transaction that is open.
    sent: Callable[[Any, datetime, str], None]
    #: Tell the project, after the commit.
    announce: Callable[[Any], None]
    #: Whether a person is waiting: tried again within the call, and not later.
    urgent: bool = False
    #: How often a queued row waits where JSMS says «too often» (50009).
    deferrals: int = 0
    #: Until when a row may not be sent yet, for reasons of its own.
    hold: Callable[[Any], datetime | None] | None = None
    #: Make the claim that is given, together with what a queued row counts. Raises LimitExceeded.
    admit: Callable[[Any, Callable[[], bool]], bool] | None = None


def send_now(row: Outgoing, noun: Noun) -> None:
    """Send a row that was born claimed, for a caller who waits. Raises what kept it from being sent."""
    error, seconds = _timed(row, noun)
    if error and row.status == "sending":  # type: ignore[attr-defined]
        record(row, lambda: row.mark_failed(now(), reason=error.reason, code=error.code))
    records.record("send", **records.of_row(row), seconds=seconds)
    noun.announce(row)
    if error:
        error.row = row
        raise error


def deliver(noun: Noun, pk: int) -> bool:
    """Claim a waiting row and send it. False where it is not due, paused or already taken: nothing happened."""
    row = noun.model._default_manager.primary().with_clock().filter(pk=pk, status="pending").first()  # type: ignore[attr-defined]
    if row is None or _held(row, noun) or _fenced_off(row, noun) or not _claim(row, noun):
        return False
    error, seconds = _timed(row, noun)
    if error and row.status == "sending":
        record(row, lambda: _wait_or_fail(row, error, noun))
    records.record("send", **records.of_row(row), seconds=seconds)
    if row.status != "pending":
        noun.announce(row)
    return True


def _held(row: Any, noun: Noun) -> bool:
    until = noun.hold(row) if noun.hold else None
    if until is None:
        return False
    durably(lambda: row.postpone(now(), until), using=_using(row))
    return True


def _fenced_off(row: Any, noun: Noun) -> bool:
    reaches = guards.fence(conf.app(row.app))
    if reaches is None or reaches(row.mobile) or getattr(row, "is_test", False):  # only codes are for test numbers
        return False
    if durably(lambda: row.refuse(now(), reason=guards.FENCED), using=_using(row)):
        noun.announce(row)
    return True


def _claim(row: Any, noun: Noun) -> bool:
    def claim() -> bool:
        return bool(row.claim(read_clock(row.clock)))

    try:
        accounts.gate(conf.app(row.app), row.template_id)
    except AppPaused:
        return False
    try:
        return noun.admit(row, claim) if noun.admit else durably(claim, using=_using(row))
    except LimitExceeded as error:
        _limited(row, noun, error)
        return False


def _limited(row: Any, noun: Noun, error: LimitExceeded) -> None:
    """A queued row that a limit refuses is not sent later: nobody waits for it then.

    One that the budget refuses waits, and with it what has the same template: a code may still be within it.
    """
    if error.limit.startswith(budgets.BUDGET):
        accounts.pause_for_budget(conf.app(row.app), row.template_id, budgets.month_ends(row.app))
    elif durably(lambda: row.refuse(now(), reason=error.reason), using=_using(row)):
        noun.announce(row)


def _timed(row: Any, noun: Noun) -> tuple[JSMSError | None, float]:
    started = time.monotonic()
    return _attempt(row, noun), round(time.monotonic() - started, 4)


def _attempt(row: Any, noun: Noun) -> JSMSError | None:
    """Call JSMS and record what is final. An error that leaves the row ``sending`` was surely not sent."""
    try:
        msg_id = _call(row, noun)
    except NoAnswer as error:
        reason, code = error.reason, error.code
        answers.keep(row, row.app, error.body.value)
        error.body = Withheld()  # kept, and not for whoever catches it
        record(row, lambda: row.mark_unknown(now(), reason=reason, code=code))
        return error
    except JSMSError as error:
        pause(error, row)
        return in_other_words(error, conf.app(row.app))
    record(row, lambda: noun.sent(row, now(), msg_id), msg_id)
    return None


def _call(row: Any, noun: Noun) -> str:
    """The call, repeated only where no byte was written and a person waits."""
    client, started = get_client(row.app), time.monotonic()
    for wait in QUICK_WAITS if noun.urgent else ():
        try:
            return noun.call(client, row)
        except NotSent as error:
            if error.reason in accounts.CONFIGURATION or time.monotonic() - started + wait > QUICK_SECONDS:
                raise
            repeating.pause(wait)
            if not durably(lambda: row.renew(database_now(_using(row))), using=_using(row)):
                raise
    return noun.call(client, row)


def in_other_words(error: JSMSError, config: conf.App) -> JSMSError:
    """A sandbox that does not answer is one that nobody has started."""
    if not config.sandbox or error.reason != accounts.UNREACHABLE:
        return error
    text, zh = accounts.no_sandbox(config)
    return NotSent(text, zh=zh, reason=error.reason)


def pause(error: JSMSError, row: Any) -> None:
    """What is the account's or the template's trouble stops what would only meet it again."""
    config, known = conf.app(row.app), describe(error.code)
    scope = known.scope if known else ""
    if scope == "account" or isinstance(error, NotSent) or error.reason == "throttled":
        accounts.pause_for(error, config)
    elif scope == "template" and row.template_id:
        accounts.pause_for(error, config, template_id=row.template_id)


def _wait_or_fail(row: Any, error: JSMSError, noun: Noun) -> None:
    at, known = database_now(_using(row)), describe(error.code)
    scope = known.scope if known else ""
    why = {"reason": error.reason, "code": error.code}
    if scope == "frequency" and noun.deferrals and row.deferrals < noun.deferrals:
        row.release(at, **why, not_before=after(at, FREQUENCY_WAIT), deferrals=row.deferrals + 1)
    elif scope in ("account", "template") or isinstance(error, NotSent) or error.reason == "throttled":
        age = (at - row.created_at).total_seconds()
        row.release(at, **why, not_before=after(at, min(max(age, SHORTEST_WAIT), LONGEST_WAIT)))
    else:
        row.mark_failed(at, **why)


def after(at: datetime, seconds: float) -> datetime:
    """With jitter, so that many that failed together do not come back together."""
    return at + timedelta(seconds=seconds * random.uniform(1, 1.5))


def record(row: Any, work: Callable[[], object], msg_id: str = "") -> None:
    """Commit an outcome. Where the database is gone, the log keeps what it would have said."""
    try:
        durably(work, using=_using(row))
    except Exception:
        logger.error("Outcome not recorded: %s %s attempt %s msg_id %s", row._meta.label, row.pk, row.attempt, msg_id)
        raise


def _using(row: Any) -> str:
    return router.db_for_write(type(row))
