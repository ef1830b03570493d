"""Schema: portable, silent, and read by the indexes that are there."""

import threading

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import connection, transaction

from django_jsms.models import Counter, Pause, VerificationCode
from django_jsms.models.base import mobile_hash
from django_jsms.services import queue_code
from tests.conftest import MOBILE
from tests.waiting import PATIENCE


@pytest.mark.django_db
@pytest.mark.core
def test_no_database_has_anything_to_remark():
    assert [m for m in run_checks(databases=["default"]) if not m.id.startswith("jsms.")] == []


@pytest.mark.django_db
def test_the_migrations_tell_what_the_models_are():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.parametrize("model", [Counter, Pause, VerificationCode])
def test_no_index_or_constraint_is_conditional(model):
    for part in [*model._meta.indexes, *model._meta.constraints]:
        assert part.condition is None


def test_the_hash_is_keyed_and_short(settings):
    first = mobile_hash(MOBILE)
    assert len(first) == 32 and first == mobile_hash(MOBILE) != mobile_hash("13900139000")
    settings.JSMS = {"HASH_KEY": "k" * 32}
    assert mobile_hash(MOBILE) != first


def test_no_row_prints_a_number():
    rows = [VerificationCode(mobile=MOBILE, purpose="login"), Counter(key=f"mobile:{MOBILE}"), Pause(app="default")]
    assert MOBILE not in "".join(f"{row} {row!r}" for row in rows)


@pytest.mark.django_db(transaction=True)
@pytest.mark.core
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")
def test_two_open_transactions_queue_codes_without_waiting(jsms_sandbox):
    queued, go_on = threading.Event(), threading.Event()

    def other():
        with transaction.atomic():
            queue_code("13900139000", purpose="login")
            queued.set()
            go_on.wait(PATIENCE)
        connection.close()

    thread = threading.Thread(target=other)
    thread.start()
    assert queued.wait(PATIENCE)
    with transaction.atomic():
        queue_code(MOBILE, purpose="login")
    go_on.set()
    thread.join()
    assert VerificationCode.objects.count() == 2
