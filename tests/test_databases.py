"""The app in a database of its own, and a transaction around each request on every alias.

The tests of the doors pass there, too: ``JSMS_TEST_OWN_DATABASE=1 python -m pytest tests/api tests/admin``. Those that
fail look at the statements and transactions of ``default``.
"""

import os
import re
import subprocess
import sys

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connections, models, router, transaction
from django.urls import reverse
from django.utils.translation import override

from django_jsms.exceptions import InTransaction
from django_jsms.models import ActionLog, Batch, Schedule, VerificationCode
from django_jsms.models.users import UserKey
from django_jsms.services import (
    actions,
    create_batch,
    pull_reports,
    schedule_batch,
    send_code,
    send_message,
    verify_code,
)
from django_jsms.services.atomic import non_atomic
from tests.conftest import MOBILE
from tests.services.schedules.life import ahead

OWN = "sms" in settings.DATABASES
DOORS = [
    "test_databases.py",
    "admin/test_batches.py::test_a_batch_is_started_watched_and_exported",
    "admin/test_numbers.py::test_its_limits_are_lifted_with_a_reason",
    "api/test_batches.py::test_a_list_is_taken_in_looked_at_started_and_followed",
    "api/test_schedules.py::test_one_is_made_and_shown_masked",
    "test_databases.py",
    "api/test_codes.py::test_a_code_is_asked_for_checked_and_proves_the_number",
    "contrib/test_auth.py",
    "services/test_codes.py::test_a_code_reaches_a_phone_and_proves_a_login",
    "test_views.py::test_a_report_says_what_became_of_a_message",
]


@pytest.mark.databases
@pytest.mark.slow
@pytest.mark.skipif(OWN, reason="it is what runs the others")
def test_the_doors_work_with_two_databases():
    environment = {**os.environ, "JSMS_TEST_OWN_DATABASE": "1", "JSMS_TEST_SUFFIX": f"{settings.SUFFIX}_{os.getpid()}"}
    run = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider"]
    chosen = ["-k", "not rollback and not async", *(f"tests/{door}" for door in DOORS)]
    done = subprocess.run([*run, *chosen], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


def test_every_alias_is_exempt():
    @non_atomic
    def view(request):
        """None."""

    assert all(alias in view._non_atomic_requests for alias in ("default", "sms", "whatever comes"))


def test_whoever_points_to_a_user_does_so_across_databases():
    keys = [
        field
        for model in (ActionLog, Batch, Schedule)
        for field in model._meta.fields
        if isinstance(field, models.ForeignKey) and field.related_model is get_user_model()
    ]
    assert [type(key) for key in keys] == [UserKey] * 3 and {key.db_constraint for key in keys} == {not OWN}


INSIDE = {
    "send_code": lambda: send_code(MOBILE, purpose="login"),
    "verify_code": lambda: verify_code("123456", mobile=MOBILE, purpose="login"),
    "send_message": lambda: send_message(MOBILE, template="order-shipped", params={"no": "1"}),
    "create_batch": lambda: create_batch(template="order-shipped", recipients=[(MOBILE, {"no": "1"})]),
    "pull_reports": pull_reports,
}


@pytest.mark.databases
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("name", INSIDE)
def test_inside_a_transaction_each_says_the_way_out_that_works(shop, name, language):
    alias = router.db_for_write(Batch)
    with override(language), transaction.atomic(using=alias), pytest.raises(InTransaction) as caught:
        INSIDE[name]()
    said = caught.value.message
    assert "SMS" not in said and "queue_code()" in said and "queue_message()" in said
    exempt, again = re.findall(r"@(?:method_decorator\()?(transaction\.non_atomic_requests(?:\([^)]*\))?)", said)
    assert exempt == again
    assert alias in eval(exempt)(lambda request: None)._non_atomic_requests
    assert not shop.ledger


@pytest.mark.skipif(not OWN, reason="there is one database")
@pytest.mark.databases
@pytest.mark.django_db(transaction=True)
def test_a_transaction_of_another_database_neither_stops_a_code_nor_takes_it_back(shop):
    with transaction.atomic(using="default"):
        send_code(MOBILE, purpose="login")
        transaction.set_rollback(True, using="default")
    assert VerificationCode.objects.get().status == "sent" and shop.outbox


@pytest.mark.databases
@pytest.mark.django_db
def test_a_user_goes_and_the_rows_stay(shop, admin_user):
    batch = create_batch(template="order-shipped", recipients=[(MOBILE, {"no": "1"})], created_by=admin_user)
    schedule_batch(batch, send_at=ahead(hours=2), created_by=admin_user)
    actions.record(admin_user, "start", batch)
    kept = [Batch.objects.get(), Schedule.objects.get(), ActionLog.objects.get()]
    assert [getattr(row, "created_by", None) or row.actor for row in kept] == [admin_user] * 3
    admin_user.delete()
    for row in kept:
        row.refresh_from_db()
    assert (kept[0].created_by, kept[1].created_by, kept[2].actor) == (None, None, None)
    assert kept[2].actor_name == "admin"


@pytest.mark.databases
@pytest.mark.django_db
def test_to_look_at_what_a_user_takes_along_takes_nothing(shop, admin_client):
    user = get_user_model().objects.create_user("bob")
    batch = create_batch(template="order-shipped", recipients=[(MOBILE, {"no": "1"})], created_by=user)
    assert admin_client.get(reverse("admin:auth_user_delete", args=[user.pk])).status_code == 200
    batch.refresh_from_db()
    assert batch.created_by_id == user.pk


@pytest.mark.databases
@pytest.mark.django_db
def test_the_tables_are_where_the_router_puts_them():
    of_ours = {model._meta.db_table for model in (ActionLog, Batch, Schedule)}
    for alias in connections:
        tables = connections[alias].introspection.table_names()
        assert of_ours <= set(tables) if alias == router.db_for_write(Batch) else not of_ours & set(tables)
