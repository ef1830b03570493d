"""What every outgoing row shares: the clock, the number's hash, durable commits, and the life of a send."""

from __future__ import annotations

import functools
import hashlib
import hmac
import logging
import uuid
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self, TypeVar

from django.conf import settings
from django.db import OperationalError, connections, models, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .. import conf
from ..client.mobile import mask
from ..exceptions import InTransaction
from .conditional import update
from .delivery import Reported, ReportedQuerySet

logger = logging.getLogger("django_jsms")
T = TypeVar("T")

#: How long a claim holds. More than twice the longest call, so that a live worker never meets its reaper.
LEASE: Final = timedelta(seconds=60)

# -- the clock ----------------------------------------------------------------------------------------

_shift = timedelta()


def shift_clock(by: timedelta) -> None:
    """Move what ``now()`` answers, for django_jsms.test: limits, expiries and leases all follow."""
    global _shift
    _shift = by


def now() -> datetime:
    """This process's time, aware or local as USE_TZ says. Claims and leases use the database's instead."""
    return timezone.now() + _shift


class DatabaseClock(models.Func):
    """The database's clock as seconds since the epoch: one clock for all workers.

    A number, because the same column as a date comes back in the session's zone on MySQL and as text
    on SQLite. ``read_clock`` turns it into what ``now()`` would answer.
    """

    output_field = models.FloatField()
    arity = 0

    def as_sql(  # type: ignore[override]
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any
    ) -> tuple[str, list[Any]]:
        return CLOCKS[connection.vendor], []


CLOCKS: Final = {
    "sqlite": "((julianday('now') - 2440587.5) * 86400.0)",
    "postgresql": "CAST(EXTRACT(EPOCH FROM CLOCK_TIMESTAMP()) AS double precision)",
    "mysql": "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) / 1000000.0)",
}


def read_clock(seconds: float) -> datetime:
    """A value of DatabaseClock as a datetime like ``now()``'s."""
    return as_stored(datetime.fromtimestamp(float(seconds), UTC) + _shift)


def as_stored(moment: datetime) -> datetime:
    """An aware time as rows keep it: as it is, or local and naive where USE_TZ is off."""
    return moment if settings.USE_TZ else timezone.make_naive(moment, timezone.get_default_timezone())


def database_now(using: str) -> datetime:
    """The database's time where no row is being read that could carry it."""
    connection = connections[using]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {CLOCKS[connection.vendor]}")
        return read_clock(cursor.fetchone()[0])


# -- the number ---------------------------------------------------------------------------------------


def mobile_hash(mobile: str) -> str:
    """The number's keyed hash (32 hex characters): what searches, limits and joins use."""
    return hasher()(mobile)


def hasher() -> Callable[[str], str]:
    """``mobile_hash`` for many numbers: the key is looked up once."""
    key = _hash_key()
    return lambda mobile: hmac.digest(key, mobile.encode(), "sha256")[:16].hex()


def _hash_key() -> bytes:
    """``HASH_KEY``, or one derived from SECRET_KEY (a deploy warning says that rotating it loses limits)."""
    given: str = conf.get("HASH_KEY")
    return given.encode() if given else _derived(settings.SECRET_KEY)


@functools.lru_cache(maxsize=4)
def _derived(secret: str) -> bytes:
    return hashlib.sha256(b"django_jsms:" + secret.encode()).digest()


# -- commits ------------------------------------------------------------------------------------------

#: Deadlock, lock wait, serialization failure: PostgreSQL's SQLSTATE, MySQL's numbers (1020 is MariaDB's).
_RETRY: Final = frozenset({"40001", "40P01", 1020, 1205, 1213})


def durably(work: Callable[[], T], *, using: str) -> T:
    """Run ``work`` in a transaction that is committed when this returns.

    Raises InTransaction inside somebody else's transaction (but not inside the one a TestCase wraps
    around a test). A deadlock is tried again, up to 3 times.
    """
    for left in (2, 1, 0):
        try:
            with ExitStack() as stack:
                _enter_durable(stack, using)
                return work()
        except OperationalError as error:
            if not left or not _lost_a_race(error):
                raise
    raise AssertionError("unreachable")


def _enter_durable(stack: ExitStack, using: str) -> None:
    try:
        stack.enter_context(transaction.atomic(using=using, durable=True))
    except RuntimeError as error:
        refusal = InTransaction(
            "This was called inside a transaction, so a rollback could not undo the SMS. Use queue_code(), "
            "or take the view out of ATOMIC_REQUESTS: @transaction.non_atomic_requests above @api_view, or "
            '@method_decorator(transaction.non_atomic_requests, name="dispatch") on a class.',
            zh="在事务中调用：事务回滚无法撤回已发出的短信。请改用 queue_code()，或让该视图不受 "
            "ATOMIC_REQUESTS 影响：在 @api_view 之上加 @transaction.non_atomic_requests，"
            '或在类上加 @method_decorator(transaction.non_atomic_requests, name="dispatch")。',
        )
        raise refusal from error


def outside_transaction(using: str) -> None:
    """Raise InTransaction where a transaction is open: the database would wait while JSMS is asked."""
    try:
        with transaction.atomic(using=using, durable=True):
            pass
    except RuntimeError as error:
        refusal = InTransaction(
            "This asks JSMS, and was called inside a transaction, which would stay open meanwhile. Call it after "
            "the commit, or take the view out of ATOMIC_REQUESTS with transaction.non_atomic_requests.",
            zh="在事务中调用：请求极光期间事务会一直打开。请在提交之后调用，或用 "
            "transaction.non_atomic_requests 让该视图不受 ATOMIC_REQUESTS 影响。",
        )
        raise refusal from error


def _lost_a_race(error: OperationalError) -> bool:
    cause = error.__cause__
    first = error.args[0] if error.args else None
    return getattr(cause, "sqlstate", None) in _RETRY or first in _RETRY


# -- rows ---------------------------------------------------------------------------------------------


class Row(models.Model):
    """A row of ours: which app it belongs to, and when it was written and last changed."""

    app = models.CharField(_("app"), max_length=64, default="default")
    created_at = models.DateTimeField(_("created at"), default=now, editable=False)
    updated_at = models.DateTimeField(_("updated at"), default=now, editable=False)

    class Meta:
        abstract = True


class OutgoingQuerySet(ReportedQuerySet):
    """Choosing rows, and the arrows that many take at once."""

    def primary(self) -> Self:
        """Where rows are written: what is read to decide must not come from a replica."""
        return self.using(router.db_for_write(self.model))

    def with_clock(self) -> Self:
        """Each row with the database's time as ``clock`` (see ``read_clock``)."""
        return self.annotate(clock=DatabaseClock())

    def due(self, at: datetime) -> Self:
        """Waiting, and their time has come but not passed."""
        return self.filter(
            models.Q(not_before=None) | models.Q(not_before__lte=at),
            models.Q(expires_at=None) | models.Q(expires_at__gt=at),
            status="pending",
        )

    def reap(self, at: datetime) -> int:
        """Claims whose holder died: nobody knows what was written, so they are unknown."""
        return self.filter(status="sending", lease_until__lte=at).update(
            status="unknown", reason="lease_ended", updated_at=at
        )

    def expire(self, at: datetime) -> int:
        """Waiting rows whose time has passed will not be sent any more."""
        return self.filter(status="pending", expires_at__lte=at).update(
            status="expired", reason="expired", updated_at=at
        )


class Outgoing(Row, Reported):
    """A row that becomes one SMS. Its status changes only by the verbs below.

    Each verb is one conditional UPDATE and answers whether it won; where it lost, the row is read
    again and shows what somebody else made of it.
    """

    mobile = models.CharField(_("mobile"), max_length=11, null=True, editable=False)  # noqa: DJ001
    mobile_hash = models.CharField(max_length=32, editable=False)
    template_id = models.IntegerField(_("template"), null=True)
    signature_id = models.IntegerField(_("signature"), null=True)
    msg_id = models.CharField(_("msg_id"), max_length=64, blank=True, default="")
    #: Our word for why it is where it is; JSMS's number where it gave one.
    reason = models.CharField(_("reason"), max_length=32, blank=True, default="")
    error_code = models.IntegerField(_("JSMS code"), null=True)
    #: The id of the current try: an answer counts only for the try that asked.
    attempt = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    #: None = at once, whatever the clocks of web and worker say.
    not_before = models.DateTimeField(null=True, editable=False)
    expires_at = models.DateTimeField(_("expires at"), null=True)
    sent_at = models.DateTimeField(_("sent at"), null=True)

    class Meta:
        abstract = True

    @property
    def masked_mobile(self) -> str:
        """``138****8000``, or a dash once the number has been purged."""
        return mask(self.mobile) if self.mobile else "—"

    @classmethod
    def insert_claimed(cls, at: datetime, **values: Any) -> Self:
        """Write a row that is sent at once: the INSERT is the claim. ``at`` is the database's time."""
        claim = {"status": "sending", "attempt": uuid.uuid4(), "lease_until": at + LEASE}
        row: Self = cls._default_manager.primary().create(**claim, **values)  # type: ignore[attr-defined]
        return row

    @classmethod
    def insert_waiting(cls, **values: Any) -> Self:
        """Write a row that a worker sends after the commit."""
        row: Self = cls._default_manager.primary().create(status="pending", **values)  # type: ignore[attr-defined]
        return row

    def claim(self, at: datetime) -> bool:
        """Take a waiting row for one attempt; the last thing before the wire. ``at`` is the database's time."""
        won = {"status": "sending", "attempt": uuid.uuid4(), "lease_until": at + LEASE, "updated_at": at}
        return self._won(self._rows().due(at).update(**won), won)

    def renew(self, at: datetime) -> bool:
        """A new attempt for a claimed row of which no byte was written."""
        mine = self._mine("sending")
        return self._win(mine, at, status="sending", attempt=uuid.uuid4(), lease_until=at + LEASE)

    def mark_sent(self, at: datetime, *, msg_id: str, **values: Any) -> bool:
        """JSMS took it. A late answer also upgrades a row that its reaper had called unknown."""
        won = {"status": "sent", "msg_id": msg_id, "sent_at": at, "reason": "", "error_code": None}
        return self._win(self._mine("sending", "unknown"), at, **won, **values)

    def mark_failed(self, at: datetime, *, reason: str, code: int | None) -> bool:
        """It was surely not sent, and nobody of ours will try again."""
        mine = self._mine("sending", "unknown")
        return self._win(mine, at, status="failed", reason=reason, error_code=code)

    def mark_unknown(self, at: datetime, *, reason: str, code: int | None) -> bool:
        """It may have been sent: never tried again by itself."""
        mine = self._mine("sending", "unknown")
        return self._win(mine, at, status="unknown", reason=reason, error_code=code)

    def adopt(self, at: datetime, *, msg_id: str) -> bool:
        """An unknown row went out after all: a report with that msg_id can only be its own."""
        unsettled = {"status": "unknown", "msg_id": ""}
        return self._win(unsettled, at, status="sent", msg_id=msg_id, reason="", error_code=None)

    def postpone(self, at: datetime, until: datetime) -> bool:
        """Let a waiting row wait longer."""
        return self._win({"status": "pending"}, at, status="pending", not_before=until)

    def release(
        self, at: datetime, *, reason: str, code: int | None, not_before: datetime | None, **values: Any
    ) -> bool:
        """It was surely not sent, and waits for another try. What a reaper called unknown stays so:
        a person may have decided about it already."""
        waiting = {"status": "pending", "attempt": None, "lease_until": None, "not_before": not_before}
        return self._win(self._mine("sending"), at, **waiting, reason=reason, error_code=code, **values)

    def _rows(self) -> Any:
        return type(self)._default_manager.primary().filter(pk=self.pk)  # type: ignore[attr-defined]

    def _mine(self, *statuses: str) -> dict[str, Any]:
        return {"attempt": self.attempt, "status": statuses}

    def _win(self, where: Mapping[str, Any], at: datetime, **values: Any) -> bool:
        """Write the values where the row still matches, and show them here; else read the row again."""
        values["updated_at"] = at
        return self._won(update(type(self), {"pk": self.pk, **where}, values), values)

    def _won(self, rows: int, values: Mapping[str, Any]) -> bool:
        if not rows:
            self.refresh_from_db(using=router.db_for_write(type(self)))
            return False
        for name, value in values.items():
            setattr(self, name, value)
        return True
