"""Pulling reports and replies, for a project that has no public address.

JSMS hands each record out once. So what is about to be pulled is written down before it is asked for, the
raw body is committed before it is read, and a pull whose answer was lost stays behind as a gap.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db import router

from .. import conf
from ..client import JSMSClient
from ..client.told import Pulled
from ..exceptions import JSMSError, NoAnswer
from ..models.base import durably, now, outside_transaction
from ..models.callbacks import GAP, Callback
from ..models.jobs import JobLease
from . import records
from .clients import get_client
from .language import service
from .told import apply_stored

logger = logging.getLogger("django_jsms")

#: One call per 5 s (jsms-api 2.22).
EVERY: Final = timedelta(seconds=5)
#: A full answer means that more is waiting.
FULL: Final = 500


@dataclass(frozen=True)
class Pull:
    """What one pull brought: ``records`` that were read, ``unreadable`` ones, and whether ``more`` waits."""

    records: int = 0
    unreadable: int = 0
    more: bool = False


@service
def pull_reports(app: str = "default") -> Pull | None:
    """Fetch and apply at most 500 delivery reports; None where another process pulls, or pulled 5 s ago.

    One call of ``GET /report``. Raises InTransaction, NotConfigured, Refused and NotSent, with nothing lost;
    NoAnswer where records may have been handed out and lost: what came whole is applied, the gap stays as a Callback
    with the error ``gap``, an answer that nobody can read as one with the error ``unreadable``. Never repeated by
    itself.

    JSMS: https://docs.jiguang.cn/jsms/server/rest_api_jsms_inquire
    """
    return _pull(app, "pull report", JSMSClient.pull_reports)


@service
def pull_replies(app: str = "default") -> Pull | None:
    """Fetch and apply at most 500 replies, by the same rules. One call of ``GET /reply``.

    JSMS: https://docs.jiguang.cn/jsms/server/rest_api_jsms_inquire
    """
    return _pull(app, "pull reply", JSMSClient.pull_replies)


def pull_all() -> int:
    """Where ``REPORTS`` is ``"pull"``: both kinds for every app; answers how many records came."""
    if conf.get("REPORTS") != "pull":
        return 0
    return sum(_try(pull, app) for app in conf.app_entries() for pull in (pull_reports, pull_replies))


def _try(pull: Callable[[str], Pull | None], app: str) -> int:
    """An app that cannot be asked keeps no other from being asked."""
    try:
        pulled = pull(app)
    except Exception as error:
        why = error.reason if isinstance(error, JSMSError) else type(error).__name__
        logger.warning("%s: JSMS app %s not asked, or not answered: %s", pull.__name__, app, why)
        return 0
    return pulled.records if pulled else 0


def _pull(app: str, kind: str, call: Callable[..., Pulled[Any]]) -> Pull | None:
    config, using = conf.app(app), router.db_for_write(Callback)
    client = get_client(app)
    outside_transaction(using)
    if not JobLease.objects.take(f"{kind} {app}"[:64], every=EVERY):
        return None
    begun: Callback = durably(lambda: _begin(config.alias, kind), using=using)
    try:
        pulled = call(client, keep=lambda raw: _keep(begun, raw))
    except NoAnswer:
        logger.error("%s of app %s: the answer was lost or cannot be read", kind, app)
        # What came whole is applied; the rest is a gap.
        reason = (begun.error != GAP and apply_stored(begun)) or GAP
        records.record("pull", app=config.alias, kind=kind, id=begun.pk, reason=reason)
        raise
    except JSMSError:
        durably(begun.withdraw, using=using)
        raise
    if not (pulled.records or pulled.unreadable):
        durably(begun.withdraw, using=using)
        return Pull()
    apply_stored(begun)
    read = {"count": len(pulled.records), "unreadable": pulled.unreadable or None}
    records.record("pull", app=config.alias, kind=kind, id=begun.pk, **read)
    return Pull(len(pulled.records), pulled.unreadable, len(pulled.records) + pulled.unreadable >= FULL)


def _begin(app: str, kind: str) -> Callback:
    """Until the answer is kept, what stands here is a gap."""
    row: Callback = Callback.objects.primary().create(app=app, kind=kind, digest=uuid.uuid4().hex, error=GAP)
    return row


def _keep(begun: Callback, raw: bytes) -> None:
    """Before anybody reads it; the common answer, nothing, is not worth a write."""
    if raw.strip() not in (b"", b"[]"):
        durably(lambda: begun.keep(now(), raw), using=router.db_for_write(Callback))
