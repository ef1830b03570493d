"""Batches through the public functions and the sandbox: taken in, sent once each, stopped in the middle."""

import datetime as dt
from collections import Counter

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils.translation import override

from django_jsms.exceptions import InTransaction, InvalidInput
from django_jsms.models import Batch, Chunk, Message, Pause, RejectedRow
from django_jsms.models.base import LEASE, now
from django_jsms.services import (
    cancel_batch,
    chunks,
    create_batch,
    export_batch,
    hours,
    pause_batch,
    preview_batch,
    resume_app,
    resume_batch,
    run_pending,
    schedule_batch,
    send_message,
    start_batch,
)

pytestmark = pytest.mark.django_db


def numbers(count):
    return [f"138{n:08d}" for n in range(count)]


def pairs(count):
    return [(mobile, {"no": str(n)}) for n, mobile in enumerate(numbers(count))]


def make(recipients, **more):
    return create_batch(template="order-shipped", recipients=recipients, **more)


def sent_to(shop):
    return Counter(message.mobile for message in shop.outbox)


@pytest.mark.core
def test_a_batch_reaches_every_phone_once(shop, count_statements):
    batch = make(pairs(250), chunk_size=100, tag="shop", name="spring")
    assert (batch.status, batch.total, batch.rejected, batch.segments) == ("ready", 250, 0, 250)
    assert run_pending() == 0 and not shop.outbox
    start_batch(batch)
    run_pending()
    batch.refresh_from_db()
    assert (batch.status, batch.counts()["sent"]) == ("finished", 250)
    assert sent_to(shop) == dict.fromkeys(numbers(250), 1)
    assert len([call for call in shop.ledger if call.path == "/v1/messages/batch"]) == 3
    by_number = dict(Message.objects.values_list("mobile", "msg_id"))
    assert {message.mobile: message.msg_id for message in shop.outbox} == by_number


@pytest.mark.core
def test_a_chunk_is_six_statements_whatever_its_size(shop, count_statements):
    for size in (1, 60):
        Batch.objects.all().update(status="finished")
        start_batch(make(pairs(size + 1), chunk_size=size))
        first = Chunk.objects.filter(status="pending").first().pk
        with count_statements() as statements:
            chunks.deliver_chunk(first)
        assert len(statements) <= 6, statements


# -- intake ---------------------------------------------------------------------------------------------------


def test_a_list_may_have_any_form_of_row(shop):
    rows = [
        ("13800138000", {"no": "1"}),
        ["13800138001", {"no": "2"}],
        {"mobile": "+86 138 0013 8002", "no": "3"},
        {"手机号": "13800138003", "no": "4"},
    ]
    start_batch(make(iter(rows)))
    run_pending()
    assert sorted(m.text.partition("】")[2] for m in shop.outbox) == [f"订单{n}已发货" for n in "1234"]


def test_parameters_for_all_and_bare_numbers(shop):
    start_batch(make(numbers(3), params={"no": "7"}))
    run_pending()
    assert {m.text.partition("】")[2] for m in shop.outbox} == {"订单7已发货"}


@pytest.mark.core
def test_bad_and_repeated_rows_are_kept_apart_with_line_and_reason(shop):
    rows = [
        ("13800138000", {"no": "1"}),
        ("1380013800", {"no": "2"}),
        ("13800138001", {}),
        ("+8613800138000", {"no": "3"}),
        ("13800138002", {"no": "【】"}),
        None,
        ("13800138003", {"no": "4", "x": "5"}),
        {"number": "13800138004"},
        13800138005,
        ("13800138006", {"no": "6"}),
        ("138 0013 8006", {"no": "7"}),
    ]
    batch = make(rows)
    found = dict(RejectedRow.objects.filter(batch=batch).values_list("line", "reason"))
    assert found == {
        2: "invalid_mobile",
        3: "params_mismatch",
        4: "duplicate",
        5: "invalid_param",
        6: "invalid_mobile",
        7: "params_mismatch",
        8: "invalid_mobile",
        9: "invalid_mobile",
        11: "duplicate",
    }
    assert (batch.total, batch.rejected, batch.total + batch.rejected) == (2, 9, len(rows))
    start_batch(batch)
    run_pending()
    assert sent_to(shop) == {"13800138000": 1, "13800138006": 1}


WRONG_ROWS = [
    ("1380013800", {"no": "1"}),
    ("23800138000", {"no": "1"}),
    ("", {"no": "1"}),
    ("'13800138000", {"no": "1"}),
    (13800138000, {"no": "1"}),
    (None, {"no": "1"}),
    ("１３８００１３８０００", {"no": "1"}),
    ("1.38E+10", {"no": "1"}),
    ("+14155550100", {"no": "1"}),
    ("138\u200b00138000", {"no": "1"}),
    ("13800138000", {}),
    ("13800138000", {"no": "1", "nmae": "2"}),
    ("13800138000", {"no": ""}),
    ("13800138000", {"no": 42}),
    ("13800138000", {"no": "【x】"}),
    ("13800138000", {"no": "a\nb"}),
    ("13800138000", {"no": "a\ud83d"}),
    ("13800138000", {"no": "x" * 501}),
    ("13800138000", ["no"]),
    ("13800138000", {"序号": "1"}),
]


@pytest.mark.parametrize("row", WRONG_ROWS, ids=ascii)
@pytest.mark.core
def test_a_rejected_row_says_what_a_single_send_would(shop, row):
    mobile, params = row
    with pytest.raises(InvalidInput) as caught:
        send_message(mobile, template="order-shipped", params=params)
    batch = make([row])
    for language, said in (("en", str(caught.value)), ("zh-hans", caught.value.explain("zh"))):
        with override(language):
            assert [each.message for each in preview_batch(batch).rejected] == [said]
            assert said in "".join(export_batch(batch)).replace('""', '"')
    assert RejectedRow.objects.get().reason == caught.value.reason


def test_repeats_are_found_across_chunks(shop):
    batch = make(pairs(30) * 2, chunk_size=7)
    start_batch(batch)
    run_pending()
    assert sent_to(shop) == dict.fromkeys(numbers(30), 1)
    assert (batch.total, batch.rejected) == (30, 30)


NOBODY = {
    "start": lambda batch: start_batch(batch, force=True),
    "schedule": lambda batch: schedule_batch(batch, send_at=now() + dt.timedelta(hours=2), force=True),
    "command": lambda batch: call_command("jsms_batch", "start", batch.pk),
}


@pytest.mark.parametrize("door", NOBODY)
@pytest.mark.parametrize("rows", [[], ["1"], [None, "1380013800"]])
def test_a_batch_of_nobody_can_be_looked_at_and_not_started(shop, door, rows):
    batch = make(rows)
    assert (batch.total, batch.rejected, batch.status) == (0, len(rows), "ready")
    with pytest.raises((InvalidInput, CommandError), match="nobody in this batch") as caught:
        NOBODY[door](batch)
    assert getattr(caught.value, "reason", "no_recipients") == "no_recipients"
    batch.refresh_from_db()
    assert batch.status == "ready" and cancel_batch(batch).status == "cancelled"


def test_a_list_of_nobody_may_be_taken_in_again(shop):
    for _ in range(2):
        make(["1"], source="a" * 64)


@pytest.mark.django_db(transaction=True)
def test_a_batch_is_not_taken_in_inside_a_transaction(shop):
    with transaction.atomic(), pytest.raises(InTransaction):
        make(pairs(1))
    assert not Batch.objects.exists()


def test_a_template_that_is_unknown_is_refused_before_anything_is_read(shop):
    with pytest.raises(InvalidInput):
        create_batch(template="nope", recipients=(1 / 0 for _ in "x"))
    assert not Batch.objects.exists()


# -- its life -------------------------------------------------------------------------------------------------


def test_pause_resume_and_finish(shop):
    batch = start_batch(make(pairs(20), chunk_size=5))
    first, *_ = Chunk.objects.values_list("pk", flat=True)
    chunks.deliver_chunk(first)
    pause_batch(batch)
    run_pending()
    assert len(shop.outbox) == 5 and batch.counts()["pending"] == 15
    resume_batch(batch)
    run_pending()
    assert sent_to(shop) == dict.fromkeys(numbers(20), 1)


def test_cancel_sends_nothing_more(shop):
    batch = start_batch(make(pairs(20), chunk_size=5))
    chunks.deliver_chunk(Chunk.objects.first().pk)
    cancel_batch(batch)
    run_pending()
    assert len(shop.outbox) == 5
    assert Counter(Message.objects.values_list("status", flat=True)) == {"sent": 5, "cancelled": 15}
    assert batch.counts() == {"pending": 0, "sending": 0, "cancelled": 15, "sent": 5, "failed": 0, "unknown": 0}


@pytest.mark.parametrize(
    ("verb", "status"),
    [(start_batch, "running"), (pause_batch, "ready"), (resume_batch, "running"), (cancel_batch, "finished")],
)
def test_a_verb_in_the_wrong_state_says_so(shop, verb, status):
    batch = make(pairs(1))
    Batch.objects.update(status=status)
    with pytest.raises(InvalidInput) as caught:
        verb(batch)
    assert (caught.value.field, caught.value.reason) == ("batch", "wrong_status")


def test_a_later_start(shop):
    start_batch(make(pairs(3)), at=now() + dt.timedelta(hours=1))
    run_pending()
    assert not shop.outbox
    shop.clock.advance(3601)
    run_pending()
    assert len(shop.outbox) == 3


def test_what_waited_too_long_expires(shop):
    batch = start_batch(make(pairs(3)))
    pause_batch(batch)
    shop.clock.advance(24 * 3600 + 1)
    resume_batch(batch)
    run_pending()
    assert not shop.outbox and set(Message.objects.values_list("status", flat=True)) == {"expired"}


def test_marketing_waits_for_its_hours(shop, monkeypatch):
    night = dt.datetime(2026, 6, 1, 14, 30, tzinfo=dt.UTC)
    wait = hours.aware(hours.next_window(night)) - night
    monkeypatch.setattr(chunks, "next_window", lambda at, wait=wait: now() + wait)
    start_batch(make(pairs(3), message_class="marketing"))
    run_pending()
    assert not shop.outbox and Chunk.objects.get().not_before is not None


# -- outcomes -------------------------------------------------------------------------------------------------


@pytest.mark.core
def test_one_bad_chunk_never_touches_another(shop):
    batch = start_batch(make(pairs(30), chunk_size=10))
    shop.fault("close", when="after", route="/v1/messages/batch")
    run_pending()
    assert Counter(Message.objects.values_list("status", flat=True)) == {"unknown": 10, "sent": 20}
    assert sent_to(shop) == dict.fromkeys(numbers(30), 1)
    batch.refresh_from_db()
    assert batch.status == "finished" and batch.counts()["unknown"] == 10
    assert run_pending() == 0


def answer(items, sent=0, failed=0):
    return {"fault": "status", "status": 200, "route": "/v1/messages/batch",
            "body": {"success_count": sent, "failure_count": failed, "recipients": items}}  # fmt: skip


def test_each_answer_is_mapped_by_its_number(shop):
    one, two, three, four = numbers(4)
    items = [
        {"mobile": four, "msg_id": 44},
        {"mobile": two, "msg_id": "22", "error_code": "50006", "error_message": "invalid mobile"},
        {"mobile": one, "msg_id": "11", "error_code": "50000"},
        {"mobile": "13999999999", "msg_id": "99"},
    ]
    start_batch(make(pairs(4)))
    shop.fault(**answer(items))
    run_pending()
    found = {m.mobile: (m.status, m.msg_id, m.error_code, m.reason) for m in Message.objects.all()}
    assert found == {
        one: ("sent", "11", None, ""),
        two: ("failed", "22", 50006, "invalid_mobile"),
        three: ("unknown", "", None, "not_listed"),
        four: ("sent", "44", None, ""),
    }


def test_recipients_that_must_wait_get_a_chunk_of_their_own(shop):
    one, two = numbers(2)
    busy = {"mobile": two, "error_code": "50009", "error_message": "out of freq"}
    batch = start_batch(make(pairs(2)))
    shop.fault(**answer([{"mobile": one, "msg_id": "1"}, busy]))
    run_pending()
    assert Counter(Message.objects.values_list("status", flat=True)) == {"sent": 1, "waiting": 1}
    shop.clock.advance(901)
    run_pending()
    assert sent_to(shop) == {two: 1}
    batch.refresh_from_db()
    assert (batch.status, batch.counts()["sent"]) == ("finished", 2)


def test_too_often_for_a_whole_chunk_waits_three_times_and_then_fails(shop):
    start_batch(make(pairs(2)))
    for _ in range(4):
        shop.fault("status", status=403, code=50009)
        run_pending()
        shop.clock.advance(901)
    assert set(Message.objects.values_list("status", "error_code")) == {("failed", 50009)}


@pytest.mark.core
@pytest.mark.parametrize(("code", "status"), [(50002, 401), (50014, 403), (50013, 403)])
def test_an_account_level_refusal_pauses_and_loses_nothing(shop, code, status):
    start_batch(make(pairs(30), chunk_size=10))
    shop.fault("status", status=status, code=code)
    run_pending()
    assert set(Message.objects.values_list("status", flat=True)) == {"waiting"}
    assert len([call for call in shop.ledger if call.path == "/v1/messages/batch"]) == 1
    pause = Pause.objects.get()
    assert resume_app(template_id=pause.template_id)
    shop.clock.advance(3)
    run_pending()
    assert sent_to(shop) == dict.fromkeys(numbers(30), 1)


def test_a_refused_chunk_fails(shop):
    start_batch(make(pairs(2)))
    shop.fault("status", status=403, code=50037)
    run_pending()
    assert set(Message.objects.values_list("status", "reason")) == {("failed", "sensitive_word")}


def test_unreachable_waits(shop):
    start_batch(make(pairs(2)))
    with shop.settings(APPS={"default": {"SANDBOX": "http://127.0.0.1:9"}}):
        run_pending()
    assert set(Message.objects.values_list("status", flat=True)) == {"waiting"}
    shop.clock.advance(5)
    run_pending()
    assert len(shop.outbox) == 2


@pytest.mark.core
def test_a_dead_chunk_is_unknown_with_its_messages(shop):
    batch = start_batch(make(pairs(4), chunk_size=2))
    chunk = Chunk.objects.first()
    assert chunk.claim(now() - LEASE)
    run_pending()
    assert Counter(Message.objects.values_list("status", flat=True)) == {"unknown": 2, "sent": 2}
    assert batch.counts()["unknown"] == 2
    assert not chunk.close("done")


# -- races ----------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.databases
def test_many_workers_send_every_recipient_once(shop, race):
    batch = start_batch(make(pairs(200), chunk_size=10))
    race(6, run_pending)
    run_pending()
    assert sent_to(shop) == dict.fromkeys(numbers(200), 1)
    batch.refresh_from_db()
    assert batch.status == "finished" and batch.counts()["sent"] == 200


@pytest.mark.django_db(transaction=True)
@pytest.mark.core
def test_a_query_of_this_database_can_be_the_list(shop):
    """COPY fed by a cursor of its own connection would hang for ever."""
    make(pairs(50))
    again = make(Message.objects.order_by("pk").values("mobile").iterator(), params={"no": "1"})
    assert again.total == 50


def paired(rows):
    """What a project writes; with an end, for a test that would not have one."""
    for number, mobile in enumerate(rows):
        assert number < 1000, "it reads what it writes"
        yield mobile, {"no": "1"}


def column(rows, name):
    return rows.values_list(name, flat=True).iterator(chunk_size=5)


SOURCES = {
    "an iterator": lambda: Message.objects.values_list("mobile", flat=True).iterator(),
    "an ordered iterator": lambda: (
        Message.objects.order_by("pk").values_list("mobile", flat=True).iterator(chunk_size=5)
    ),
    "a query": lambda: Message.objects.values_list("mobile", flat=True),
    "rejected rows": lambda: RejectedRow.objects.values_list("value", flat=True).iterator(chunk_size=5),
    "chunks": lambda: (f"138{pk:08d}" for pk in Chunk.objects.values_list("pk", flat=True).iterator(chunk_size=5)),
}


@pytest.mark.core
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("source", SOURCES)
def test_a_list_ends_whatever_it_is_read_from(shop, monkeypatch, source):
    make([*pairs(50), *(("1380013", {"no": "1"}) for _ in range(30))], chunk_size=2)
    monkeypatch.setattr("django_jsms.services.intake.SLICE", 10)
    batch = make(paired(SOURCES[source]()))
    assert batch.total + batch.rejected == {"rejected rows": 30, "chunks": 25}.get(source, 50)


def test_any_text_survives_the_bulk_path(shop):
    value = "a\tb\\N \"'%s{}🎉中"
    start_batch(make([("13800138000", {"no": value.replace("\t", " ")})]))
    run_pending()
    assert value.replace("\t", " ") in shop.outbox[0].text
