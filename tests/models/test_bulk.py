"""Many rows at once, by whatever driver."""

import pytest
from django.db import connection, connections

from django_jsms.checks import check_driver
from django_jsms.models import Message
from django_jsms.services import create_batch, run_pending, start_batch


@pytest.fixture
def driver_without_copy(monkeypatch):
    """As psycopg2 is, or the cursor of another backend; elsewhere nothing changes."""
    if connection.vendor == "postgresql":
        psycopg = pytest.importorskip("psycopg")
        monkeypatch.delattr(psycopg.Cursor, "copy")


@pytest.mark.core
@pytest.mark.django_db
def test_a_list_goes_in_and_out_without_copy(shop, driver_without_copy):
    rows = [(f"138{number:08d}", {"no": str(number)}) for number in range(1, 26)]
    batch = create_batch(template="order-shipped", recipients=[*rows, rows[0]], chunk_size=10)
    assert (batch.total, batch.rejected) == (25, 1)
    start_batch(batch)
    run_pending()
    assert {text.mobile for text in shop.outbox} == {mobile for mobile, _ in rows}
    assert set(Message.objects.values_list("status", flat=True)) == {"sent"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("vendor", "copies", "said"),
    [
        ("oracle", False, "jsms.E019"),
        ("microsoft", False, "jsms.E019"),
        ("postgresql", False, "jsms.W087"),
        ("postgresql", True, None),
        ("mysql", False, None),
        ("sqlite", False, None),
    ],
)
def test_the_check_says_what_is_known(monkeypatch, vendor, copies, said):
    monkeypatch.setattr(connections["default"], "vendor", vendor)
    monkeypatch.setattr("django_jsms.checks.running.copies", lambda connection: copies)
    assert [message.id for message in check_driver(databases=["default"])] == [said] * bool(said)
