"""The bench of lists: a small one goes through, and one that did not arrive once each ends the run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection

from bench.baseline import Bare
from bench.bulk import Bench, NotOnce, judge, statements
from bench.bulk_list import mobiles
from bench.remote import Remote, remote
from django_jsms.models import Batch, Chunk, Message


@pytest.fixture
def stub() -> Iterator[Remote]:
    with remote([0]) as running:
        yield running


def post(stub: Remote, *recipients: tuple[str, dict[str, str]]) -> int:
    items = [{"mobile": mobile, "temp_para": params} for mobile, params in recipients]
    answer = Bare(stub, 0).post("/messages/batch", {"temp_id": 10, "recipients": items})
    return len({item["msg_id"] for item in answer["recipients"]})


def test_a_list_that_arrived_once_passes_and_is_forgotten(stub: Remote) -> None:
    assert post(stub, *mobiles(5)) == 5
    judge(stub, 5)
    assert stub.arrivals(5) == (5, 0)
    assert stub.counts().batches == 1


def test_a_lost_recipient_ends_the_run(stub: Remote) -> None:
    first, _, *rest = mobiles(1500)
    post(stub, first, *rest)
    with pytest.raises(NotOnce, match="of 1500 recipients 1 never arrived and 0 arrived more than once"):
        judge(stub, 1500)


def test_a_doubled_recipient_ends_the_run(stub: Remote) -> None:
    post(stub, *mobiles(1500))
    post(stub, *mobiles(2))
    with pytest.raises(NotOnce, match="of 1500 recipients 0 never arrived and 2 arrived more than once"):
        judge(stub, 1500)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_worker_of_its_own_sends_each_once(stub: Remote) -> None:
    if connection.vendor == "mysql":
        pytest.skip("the bench runs on SQLite and PostgreSQL")
    taken = Bench(stub, 3).run("ours", 2500)
    assert taken.calls == 3
    assert 20 < taken.parts["peak"] < 128
    assert Message.objects.filter(status="sent").exclude(msg_id="").count() == 2500
    assert sorted(Chunk.objects.values_list("status", "size", "sent")) == [("done", 500, 500)] + 2 * [
        ("done", 1000, 1000)
    ]
    assert Batch.objects.get().total == 2500


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_run_notices_what_arrived_a_second_time(stub: Remote) -> None:
    if connection.vendor == "mysql":
        pytest.skip("the bench runs on SQLite and PostgreSQL")
    post(stub, *mobiles(1))
    with pytest.raises(NotOnce, match="0 never arrived and 1 arrived more than once"):
        Bench(stub, 2).run("ours", 100)


@pytest.mark.django_db(transaction=True)
def test_a_chunk_of_a_thousand_takes_six_statements() -> None:
    assert statements() <= 6
