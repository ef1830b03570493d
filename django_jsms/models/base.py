"""What all rows share: the clock, the hash of a number, durable commits, and who wrote a row when."""

from __future__ import annotations

import functools
import hashlib
import hmac
import itertools
import logging
import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .. import conf
from ..exceptions import InTransaction, NotSent
from .identifiers import Identifier

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


class DatabaseTime(models.Func):
    """The database's time as its columns hold it, ``plus`` a while: to write, or to compare a column with.

    For an INSERT, which no statement that reads the clock goes before, and where no row is there to carry it.
    """

    output_field = models.DateTimeField()
    arity = 0

    def __init__(self, plus: timedelta = timedelta()) -> None:
        super().__init__()
        self.plus = plus

    def as_sql(  # type: ignore[override]
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any
    ) -> tuple[str, list[Any]]:
        return self.text(connection), []

    def text(self, connection: BaseDatabaseWrapper) -> str:
        """For a statement by hand, to be run with parameters."""
        return _TIMES[connection.vendor] % (self.plus + ahead(connection)).total_seconds()


def ahead(connection: BaseDatabaseWrapper) -> timedelta:
    """How far the times in columns are ahead of the clock, in a zone of their own or by ``shift_clock``."""
    if connection.features.supports_timezones:
        return _shift
    zone = connection.timezone or timezone.get_default_timezone()
    return _shift + (datetime.now(zone).utcoffset() or timedelta())


_TIMES: Final = {
    "sqlite": "STRFTIME('%%%%Y-%%%%m-%%%%d %%%%H:%%%%M:%%%%f', 'now', '%+.3f seconds')",
    "postgresql": "(STATEMENT_TIMESTAMP() + INTERVAL '%.6f seconds')",
    "mysql": "(UTC_TIMESTAMP(6) + INTERVAL %.6f SECOND)",
}
#: A time as ``now()`` gives it, or the database's own.
Moment = datetime | DatabaseTime


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


#: What ``mobile_hash`` answers.
HASH: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)


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
#: How often such a one is tried, and how often at most; seconds after which it is tried no more.
_TRIES, _MOST_TRIES, _LONGEST_RACE = 3, 30, 5.0


def durably(work: Callable[[], T], *, using: str) -> T:
    """Run ``work`` in a transaction that is committed when this returns.

    Raises InTransaction inside somebody else's transaction (but not inside the one a TestCase wraps
    around a test). A race that was lost is tried again. At REPEATABLE READ and SERIALIZABLE PostgreSQL lets one win of
    all who count in the same row, so that may take several tries.
    """
    begun = time.monotonic()
    for tries in itertools.count(1):
        try:
            with ExitStack() as stack:
                _enter_durable(stack, using)
                return work()
        except OperationalError as error:
            enough = tries >= _MOST_TRIES or (tries >= _TRIES and time.monotonic() - begun > _LONGEST_RACE)
            if enough or not lost_a_race(error):
                raise
        time.sleep(random.uniform(0.005, 0.02) * min(tries, 5))  # so that the other one gets what it waited for
    raise AssertionError("unreachable")


def _enter_durable(stack: ExitStack, using: str) -> None:
    try:
        stack.enter_context(transaction.atomic(using=using, durable=True))
    except RuntimeError as error:
        raise _in_transaction(using) from error


def _in_transaction(using: str) -> InTransaction:
    """True of every caller: a send, a check, a list that is taken in, a question to JSMS."""
    exempt = "transaction.non_atomic_requests" + (f'(using="{using}")' if using != DEFAULT_DB_ALIAS else "")
    on_class = f'@method_decorator({exempt}, name="dispatch")'
    return InTransaction(
        "This was called inside a transaction. It commits as it goes, so a rollback could not undo it. Call it after "
        "the commit; to send a code or a message, queue_code() and queue_message() may be called inside. Or take the "
        f"view out of ATOMIC_REQUESTS: @{exempt} above @api_view, or {on_class} on a class.",
        zh="在事务中调用：本调用会边执行边提交，事务回滚无法撤回。请在提交之后调用；发送验证码或消息也可在事务中改用 "
        f"queue_code()、queue_message()。或让该视图不受 ATOMIC_REQUESTS 影响：在 @api_view 之上加 @{exempt}，"
        f"或在类上加 {on_class}。",
    )


def jointly(work: Callable[[], T], *, using: str) -> T:
    """Run ``work`` in the caller's transaction, in a savepoint; ``durably`` if there is none."""
    if not connections[using].in_atomic_block:
        return durably(work, using=using)
    with transaction.atomic(using=using):
        return work()


@contextmanager
def in_callers_transaction() -> Iterator[None]:
    """Say «try again» where the caller's transaction cannot go on, because another one was faster.

    At REPEATABLE READ and SERIALIZABLE it does not even see what the other one wrote; nor can it be tried again here.
    """
    try:
        yield
    except OperationalError as error:
        if not lost_a_race(error):
            raise
        raise try_again() from error


def try_again() -> NotSent:
    return NotSent(
        "Another transaction was faster, and this one cannot see what it wrote. Roll it back and try again.",
        reason="try_again",
        zh="另一事务抢先写入，当前事务无法看到其结果。请回滚本事务后重试。",
    )


def outside_transaction(using: str) -> None:
    """Raise InTransaction where a transaction is open: the database would wait while JSMS is asked."""
    with ExitStack() as stack:
        _enter_durable(stack, using)


def lost_a_race(error: OperationalError) -> bool:
    """Whether the database ended one of several that waited for each other; tried again, it may pass."""
    cause = error.__cause__
    said = (getattr(cause, "sqlstate", None), getattr(cause, "pgcode", None), *error.args[:1])  # pgcode: psycopg2's
    return any(each in _RETRY for each in said)


# -- rows ---------------------------------------------------------------------------------------------


class Row(models.Model):
    """A row of ours: which app it belongs to, and when it was written and last changed."""

    app = Identifier(_("app"), max_length=64, default="default")
    created_at = models.DateTimeField(_("created at"), default=now, editable=False)
    updated_at = models.DateTimeField(_("updated at"), default=now, editable=False)

    class Meta:
        abstract = True
