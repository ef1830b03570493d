"""The list of what became of a batch: every row in it, what failed first, and safe to open."""

import csv
import tracemalloc

import pytest
from django.utils.translation import override

from django_jsms.exceptions import InvalidInput
from django_jsms.models import Message, RejectedRow
from django_jsms.services import export_batch, retry_failed, run_pending, start_batch
from tests.services.test_batches import answer, make, numbers, pairs
from tests.services.test_retries import finished, refuse

pytestmark = pytest.mark.django_db


def table(batch, **options):
    return list(csv.reader(export_batch(batch, **options)))


@pytest.mark.core
def test_every_row_is_there_and_failures_come_first(shop):
    one, two, _, four = numbers(4)
    items = [
        {"mobile": one, "msg_id": "11"},
        {"mobile": two, "error_code": "50006", "error_message": "no"},
        {"mobile": four, "msg_id": "44"},
    ]
    batch = start_batch(make([*pairs(4), ("=1+1 and more", {"no": "1"}), *pairs(1)]))
    shop.fault(**answer(items))
    run_pending()
    head, *rows = table(batch)
    assert head[:4] == ["line", "mobile", "status", "reason"]
    assert [(row[0], row[1], row[2], row[3], row[5], row[6]) for row in rows] == [
        ("5", "'=1+****re", "rejected", "invalid_mobile", "", ""),
        ("6", "138****0000", "rejected", "duplicate", "", ""),
        ("2", "138****0001", "failed", "invalid_mobile", "50006", ""),
        ("3", "138****0002", "unknown (may have been sent)", "not_listed", "", ""),
        ("1", "138****0000", "sent", "", "", "11"),
        ("4", "138****0003", "sent", "", "", "44"),
    ]
    assert rows[3][4] == "The answer of JSMS does not say what became of it: it may have arrived."
    assert rows[2][4].startswith("JSMS does not accept this mobile") and rows[4][8]


def test_numbers_in_full_only_where_they_are_asked_for(shop):
    batch = make([*pairs(2), ("+86138", {"no": "1"})])
    assert not any(mobile in line for line in export_batch(batch) for mobile in numbers(2))
    assert [row[1] for row in table(batch, full=True)[1:]] == ["'+86138", *numbers(2)]


def test_some_of_the_statuses(shop):
    refuse(shop, 50006, numbers(1))
    batch = finished(shop, 2, chunk_size=1)
    assert [row[2] for row in table(batch, statuses=["failed"])[1:]] == ["failed"]
    with pytest.raises(InvalidInput) as caught:
        export_batch(batch, statuses=["nope"])
    assert caught.value.field == "statuses"


def test_what_was_sent_again_is_listed_once(shop):
    refuse(shop, 50014, numbers(2))
    batch = finished(shop, 2)
    retry_failed(batch)
    run_pending()
    assert [row[2] for row in table(batch)[1:]] == ["sent", "sent"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_run(shop, start):
    batch = make([])
    RejectedRow.objects.create(batch=batch, line=1, value=f"{start}cmd|' /C calc'!A0", reason="invalid_mobile")
    assert table(batch, full=True)[1][1].startswith(f"'{start}")


def test_it_keeps_the_language_it_was_asked_in(shop):
    with override("zh-hans"):
        lines = export_batch(make(["1"]))
    assert [row[2] for row in csv.reader(lines)] == ["状态", "未接受"]


@pytest.mark.slow
def test_memory_does_not_grow_with_the_batch(shop):
    def peak(count):
        batch = make(pairs(count))
        tracemalloc.start()
        assert sum(1 for _ in export_batch(batch)) == count + 1
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        Message.objects.all().delete()
        return found

    peak(10)
    assert peak(8000) < 1.3 * peak(2000)
