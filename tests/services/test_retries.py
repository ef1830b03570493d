"""Sending again: only what surely was not sent or what a person decides about, each once under any race."""

from collections import Counter

import pytest

from django_jsms.exceptions import InvalidInput
from django_jsms.models import Batch, Chunk, Message
from django_jsms.services import (
    cancel_batch,
    mark_lost,
    opt_out,
    pause_batch,
    queue_message,
    resend_unknown,
    resume_batch,
    retry_failed,
    run_pending,
    send_message,
    start_batch,
    unknown_messages,
)
from django_jsms.services.chunks import deliver_chunk
from tests.conftest import MOBILE
from tests.services.test_batches import answer, make, numbers, pairs, sent_to

pytestmark = pytest.mark.django_db


def refuse(shop, code, mobiles):
    """The next call answers all those numbers with one code."""
    shop.fault(**answer([{"mobile": m, "error_code": str(code), "error_message": "no"} for m in mobiles]))


def lose_the_answer(shop, times=1):
    shop.fault("close", when="after", route="/v1/messages/batch", times=times)


def finished(shop, count=4, **more):
    batch = start_batch(make(pairs(count), **more))
    run_pending()
    batch.refresh_from_db()
    assert batch.status == "finished"
    return batch


def counts(batch):
    return {name: count for name, count in batch.counts().items() if count}


@pytest.mark.core
def test_what_failed_for_a_curable_reason_goes_again_and_the_rest_does_not(shop):
    one, two, three, four = numbers(4)
    codes = {one: "50014", two: "50006", three: "50024"}
    items = [{"mobile": m, "error_code": code, "error_message": "no"} for m, code in codes.items()]
    shop.fault(**answer([*items, {"mobile": four, "msg_id": "4"}]))
    batch = finished(shop)
    assert counts(batch) == {"failed": 3, "sent": 1}

    assert retry_failed(batch) == 1
    assert (batch.status, batch.finished_at, counts(batch)) == (
        "running",
        None,
        {"failed": 2, "sent": 1, "pending": 1},
    )
    run_pending()

    batch.refresh_from_db()
    assert (batch.status, counts(batch)) == ("finished", {"failed": 2, "sent": 2})
    assert sent_to(shop) == {one: 1}
    new = Message.objects.get(resend_of__isnull=False)
    old = new.resend_of
    assert (new.mobile, new.params, new.line, new.status) == (one, old.params, old.line, "sent")
    assert (old.status, old.error_code, old.resent_at is None) == ("failed", 50014, False)


@pytest.mark.core
def test_a_second_retry_finds_nothing_and_a_failed_retry_can_be_retried(shop):
    refuse(shop, 50014, numbers(4))
    batch = finished(shop)
    refuse(shop, 50014, numbers(4))
    assert (retry_failed(batch), retry_failed_or_none(batch)) == (4, "wrong_status")
    run_pending()
    batch.refresh_from_db()
    assert retry_failed(batch) == 4
    run_pending()
    batch.refresh_from_db()
    assert (retry_failed(batch), batch.status) == (0, "finished")
    assert sent_to(shop) == dict.fromkeys(numbers(4), 1)
    assert (Message.objects.count(), counts(batch)) == (12, {"sent": 4})


def retry_failed_or_none(batch):
    try:
        return retry_failed(batch)
    except InvalidInput as error:
        return error.reason


def test_what_expired_goes_again_in_one_chunk(shop):
    batch = start_batch(make(pairs(6), chunk_size=2))
    pause_batch(batch)
    shop.clock.advance(25 * 3600)
    resume_batch(batch)
    run_pending()
    batch.refresh_from_db()
    assert counts(batch) == {"cancelled": 6}
    assert retry_failed(batch) == 6
    run_pending()
    assert sent_to(shop) == dict.fromkeys(numbers(6), 1)
    assert len([call for call in shop.ledger if call.path == "/v1/messages/batch"]) == 1
    assert counts(batch) == {"sent": 6}


@pytest.mark.core
def test_unknown_is_left_alone_lost_or_sent_again(shop):
    lose_the_answer(shop)
    batch = finished(shop, chunk_size=2)
    assert counts(batch) == {"sent": 2, "unknown": 2}
    assert retry_failed(batch) == 0 and unknown_messages(batch=batch).count() == 2

    assert retry_failed(batch, unknown="lost") == 0
    assert counts(batch) == {"sent": 2, "failed": 2}
    assert set(Message.objects.filter(status="failed").values_list("reason", flat=True)) == {"lost"}
    assert retry_failed(batch) == 0  # lost is for good

    lose_the_answer(shop)
    other = finished(shop, chunk_size=2)
    assert retry_failed(other, unknown="resend") == 2
    run_pending()
    assert counts(other) == {"sent": 4}
    assert unknown_messages().count() == 0 and Message.objects.filter(status="unknown").count() == 2
    assert sent_to(shop) == {mobile: 3 if mobile in numbers(2) else 2 for mobile in numbers(4)}


def test_who_opted_out_is_not_sent_to_again(shop, monkeypatch):
    monkeypatch.setattr("django_jsms.services.chunks.next_window", lambda at: None)
    opt_out(numbers(1)[0])
    batch = finished(shop, 2, message_class="marketing")
    assert counts(batch) == {"sent": 1, "failed": 1}
    assert retry_failed(batch) == 0


def test_a_paused_batch_goes_on_only_when_it_is_resumed(shop):
    batch = start_batch(make(pairs(4), chunk_size=2))
    refuse(shop, 50014, numbers(2))
    deliver_chunk(Chunk.objects.first().pk)
    with pytest.raises(InvalidInput, match="running"):
        retry_failed(batch)
    assert Message.objects.filter(resent_at__isnull=False).count() == 0
    pause_batch(batch)
    assert (retry_failed(batch), batch.status) == (2, "paused")
    run_pending()
    assert not shop.outbox
    resume_batch(batch)
    run_pending()
    assert sent_to(shop) == dict.fromkeys(numbers(4), 1)


def test_a_cancelled_batch_stays_cancelled(shop):
    batch = cancel_batch(make(pairs(2)))
    with pytest.raises(InvalidInput) as caught:
        retry_failed(batch)
    assert caught.value.reason == "wrong_status"
    with pytest.raises(InvalidInput) as caught:
        retry_failed(batch, unknown="perhaps")
    assert caught.value.field == "unknown"


def test_codes_are_not_sent_again(shop):
    refuse(shop, 50014, numbers(2))
    batch = finished(shop, 2, message_class="code")
    with pytest.raises(InvalidInput) as caught:
        retry_failed(batch)
    assert caught.value.reason == "code_not_kept"


# -- one message ----------------------------------------------------------------------------------------------


@pytest.fixture
def doubtful(shop):
    shop.fault("close", when="after")
    message = send_message(MOBILE, template="order-shipped", params={"no": "1"}, reference="order-1")
    assert message.status == "unknown" and list(unknown_messages()) == [message]
    return message


def test_one_is_marked_lost(doubtful, heard):
    assert (mark_lost(doubtful).status, doubtful.reason) == ("failed", "lost")
    assert heard == [("message_failed", "failed")] and not unknown_messages()
    for verb in (mark_lost, resend_unknown):
        with pytest.raises(InvalidInput):
            verb(doubtful)


def test_one_is_sent_again_as_a_new_row(doubtful, shop):
    new = resend_unknown(doubtful)
    assert (new.status, new.resend_of_id, new.reference) == ("pending", doubtful.pk, "order-1")
    assert doubtful.status == "unknown" and not unknown_messages()
    run_pending()
    assert len(shop.outbox) == 2
    with pytest.raises(InvalidInput):
        resend_unknown(doubtful)
    run_pending()
    assert len(shop.outbox) == 2


def test_one_of_a_batch_gets_a_chunk_of_its_own_there(shop):
    lose_the_answer(shop)
    batch = finished(shop)
    first, second, *_ = unknown_messages(batch=batch)
    new = resend_unknown(first)
    assert new.chunk.batch == batch and new.chunk != first.chunk
    assert mark_lost(second).status == "failed"
    run_pending()
    assert counts(batch) == {"sent": 1, "unknown": 2, "failed": 1}
    assert sent_to(shop)[first.mobile] == 2


def test_a_code_is_not(shop):
    shop.fault("close", when="after")
    message = send_message(MOBILE, template="order-shipped", params={"no": "1"}, message_class="code")
    with pytest.raises(InvalidInput) as caught:
        resend_unknown(message)
    assert caught.value.reason == "code_not_kept"


def test_a_message_that_waits_is_not_in_doubt(shop):
    message = queue_message(MOBILE, template="order-shipped", params={"no": "1"})
    with pytest.raises(InvalidInput):
        mark_lost(message)
    assert message.status == "pending"


# -- races ----------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.databases
def test_of_two_who_retry_at_once_one_wins(shop, race):
    refuse(shop, 50014, numbers(40))
    batch = finished(shop, 40)
    outcomes = race(4, lambda: retry_failed_or_none(Batch.objects.get(pk=batch.pk)))
    assert Counter(outcomes)[40] == 1 and set(outcomes) <= {40, 0, "wrong_status"}, outcomes
    run_pending()
    assert sent_to(shop) == dict.fromkeys(numbers(40), 1)
    assert counts(batch) == {"sent": 40}


@pytest.mark.django_db(transaction=True)
@pytest.mark.databases
def test_of_many_who_decide_about_one_message_one_wins(doubtful, shop, race):
    def decide():
        try:
            return resend_unknown(Message.objects.get(pk=doubtful.pk)).pk
        except InvalidInput as error:
            return error.reason

    outcomes = race(6, decide)
    assert Counter(outcomes)["wrong_status"] == 5
    run_pending()
    assert len(shop.outbox) == 2 and Message.objects.count() == 2
