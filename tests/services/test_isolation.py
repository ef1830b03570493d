"""What is queued in a caller's transaction, at every isolation level: the row, or one error that says «try again»."""

import itertools
import threading

import pytest
from django.db import connection, transaction

from django_jsms.exceptions import LimitExceeded, NotSent
from django_jsms.models import IdempotencyKey, Message, VerificationCode
from django_jsms.services import queue_code, queue_message
from django_jsms.services.limits import Reservation
from django_jsms.services.uses import Meter
from django_jsms.services.windows import parse_rule
from tests.conftest import MOBILE
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.databases, pytest.mark.django_db(transaction=True)]
CALLERS = 12
LEVELS = ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]


@pytest.fixture(params=LEVELS)
def level(request):
    """A context manager: transactions of this thread run at that level."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer at a time, and one level")
    words = "CHARACTERISTICS AS TRANSACTION" if connection.vendor == "postgresql" else "TRANSACTION"

    def choose():
        with connection.cursor() as cursor:
            cursor.execute(f"SET SESSION {words} ISOLATION LEVEL {request.param}")

    choose.name = request.param
    return choose


@pytest.fixture
def together(level, race):
    """``together(call)``: in so many transactions that have all begun, and read, before the first of them writes."""

    def run(call):
        began = threading.Barrier(CALLERS, timeout=PATIENCE)

        def work():
            level()
            with transaction.atomic():
                IdempotencyKey.objects.count()
                began.wait()
                return call()

        return race(CALLERS, work)

    return run


def keyed():
    return queue_message(
        MOBILE, template="order-shipped", params={"no": "42"}, idempotency_key="k", reference="order-42"
    )


def test_a_key_gives_its_row_or_says_try_again(shop, together, level):
    outcomes = together(keyed)
    rows = [each for each in outcomes if isinstance(each, Message)]
    others = [each for each in outcomes if not isinstance(each, Message)]
    assert len({row.pk for row in rows}) == 1 == Message.objects.count() == IdempotencyKey.objects.count()
    assert all(isinstance(each, NotSent) and each.reason == "try_again" for each in others), others
    assert not others or level.name != "READ COMMITTED" or connection.vendor == "mysql"
    assert keyed() == rows[0]  # whoever tries again gets it


def test_one_code_of_a_number_wins(jsms_sandbox, together):
    outcomes = together(lambda: queue_code(MOBILE, purpose="login"))
    assert VerificationCode.objects.count() == 1
    others = [each for each in outcomes if not isinstance(each, VerificationCode)]
    assert len(others) == CALLERS - 1
    assert all(isinstance(each, LimitExceeded) or getattr(each, "reason", "") == "try_again" for each in others), (
        others
    )


def test_outside_a_transaction_nobody_has_to_try_again(shop, level, race):
    """There the race is ours to run again."""

    def work():
        level()
        return keyed()

    assert len({row.pk for row in race(CALLERS, work)}) == 1 == Message.objects.count()


@pytest.mark.parametrize("shared", ["app 5000/1h:x 5000/1h", "ip:x 90/1h"])
def test_honest_callers_all_get_through(level, race, shared):
    """They count in one row, which is far from its limit. PostgreSQL ends all but one of them with an error."""
    numbers = itertools.count()

    def take():
        level()
        key, _, rule = shared.rpartition(" ")
        meters = {f"mobile:{next(numbers)}": Meter((parse_rule("1/1h"),)), key: Meter((parse_rule(rule),))}
        return Reservation(meters).take(lambda: "in")

    assert race(30, take) == ["in"] * 30
