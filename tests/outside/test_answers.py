"""Every way to send × every answer that nobody can use: `unknown` at once, the ids in the log, the answer kept."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import DataError, OperationalError

from django_jsms.exceptions import MaybeSent
from django_jsms.models import (
    Batch,
    Callback,
    Chunk,
    Counter,
    Message,
    OptOut,
    Pause,
    Schedule,
    VerificationCode,
    bulk,
)
from django_jsms.models.base import LEASE, now
from django_jsms.services import (
    chunks,
    create_batch,
    queue_code,
    queue_message,
    reap,
    reprocess_callback,
    run_pending,
    schedule_batch,
    schedule_message,
    send_code,
    send_message,
    send_voice_code,
    start_batch,
)
from tests.conftest import MOBILE

pytestmark = [pytest.mark.django_db, pytest.mark.databases]
OTHER = "13900139000"
TEXT: dict[str, Any] = {"template": "order-shipped", "params": {"no": "42"}}
#: What no path and no column takes, as JSON.
UNUSABLE = {
    "65 characters": json.dumps("1" * 65),
    "128 characters": json.dumps("1" * 128),
    "NUL": '"1\\u0000"',
    "half an emoji": '"1\\ud83d"',
    "below zero": "-1",
    "blanks": '"   "',
    "an emoji": json.dumps("😀"),
    "thousands of digits": "9" * 5000,
    "NaN in text": '"NaN/"',
}


def code(call: Any) -> Any:
    with pytest.raises(MaybeSent) as caught:
        call(MOBILE, purpose="login")
    assert caught.value.body.value == b""
    return VerificationCode.objects.get()


def queued(call: Any, model: Any, **given: Any) -> Any:
    call(MOBILE, **given)
    run_pending()
    return model.objects.get()


def batch(*mobiles: str) -> Chunk:
    rows = [(mobile, {"no": "42"}) for mobile in mobiles]
    start_batch(create_batch(template="order-shipped", recipients=rows))
    run_pending()
    chunk: Chunk = Chunk.objects.get()
    return chunk


SINGLE = {
    "send_code": lambda: code(send_code),
    "send_voice_code": lambda: code(send_voice_code),
    "queue_code": lambda: queued(queue_code, VerificationCode, purpose="login"),
    "send_message": lambda: send_message(MOBILE, **TEXT),
    "queue_message": lambda: queued(queue_message, Message, **TEXT),
}
SCHEDULED = {
    "schedule_message": lambda: schedule_message(MOBILE, **TEXT, send_at=now() + timedelta(hours=1)),
    "schedule_batch": lambda: schedule_batch(
        create_batch(template="order-shipped", recipients=[(MOBILE, {"no": "42"})]), send_at=now() + timedelta(hours=1)
    ),
}


def answers(shop: Any, body: str) -> None:
    shop.fault("status", status=200, body=body)


def kept(row: Any) -> dict[str, Any]:
    (callback,) = Callback.objects.all()
    assert (callback.kind, callback.error, callback.applied_at) == ("answer", "unusable", None)
    assert reprocess_callback(callback) == "unusable"
    said: dict[str, Any] = json.loads(bytes(callback.body))
    assert (said["model"], said["id"]) == (row._meta.label, row.pk)
    return said


@pytest.mark.parametrize("value", UNUSABLE)
@pytest.mark.parametrize("door", SINGLE)
def test_a_msg_id_that_nobody_could_ask_about_is_no_sent(shop: Any, caplog: Any, door: str, value: str) -> None:
    body = f'{{"msg_id": {UNUSABLE[value]}}}'
    answers(shop, body)

    row = SINGLE[door]()
    row.refresh_from_db()
    assert (row.status, row.reason, row.msg_id) == ("unknown", "maybe_sent", "")
    assert kept(row)["answer"] == body
    assert "its answer cannot be used; ids: " in caplog.text and "ids: none" not in caplog.text
    assert MOBILE not in caplog.text


@pytest.mark.parametrize("value", UNUSABLE)
@pytest.mark.parametrize("door", SCHEDULED)
def test_nor_is_such_a_schedule_id_one_that_could_be_cancelled(shop: Any, caplog: Any, door: str, value: str) -> None:
    answers(shop, f'{{"schedule_id": {UNUSABLE[value]}, "success_count": 1, "failure_count": 0}}')

    SCHEDULED[door]()
    run_pending()
    row = Schedule.objects.get()
    assert (row.status, row.remote_id) == ("create_unknown", None)
    assert "schedule_id" in kept(row)["answer"] and "ids: none" not in caplog.text


@pytest.mark.parametrize("value", UNUSABLE)
def test_in_a_batch_the_others_are_sent(shop: Any, caplog: Any, value: str) -> None:
    odd = f'{{"mobile": "{OTHER}", "msg_id": {UNUSABLE[value]}}}'
    good = f'{{"mobile": "{MOBILE}", "msg_id": "288193860302"}}'
    answers(shop, f'{{"success_count": 2, "failure_count": 0, "recipients": [{odd}, {good}]}}')

    chunk = batch(MOBILE, OTHER)
    found = {message.mobile: (message.status, message.msg_id) for message in Message.objects.all()}
    assert found == {MOBILE: ("sent", "288193860302"), OTHER: ("unknown", "")}
    assert (chunk.status, chunk.sent, chunk.unknown) == ("done", 1, 1)
    assert OTHER in kept(chunk)["answer"] and OTHER not in caplog.text and "ids: none" not in caplog.text


@pytest.mark.parametrize("counts", ['"success_count": null', '"success_count": 1e999', '"success_count": "many"'])
def test_an_answer_without_counts_keeps_its_ids(shop: Any, caplog: Any, counts: str) -> None:
    answers(shop, f'{{{counts}, "recipients": [{{"mobile": "{MOBILE}", "msg_id": "288193860302"}}]}}')

    chunk = batch(MOBILE)
    assert (chunk.status, Message.objects.get().status) == ("unknown", "unknown")
    assert "288193860302" in kept(chunk)["answer"] and "ids: '288193860302'" in caplog.text


@pytest.mark.parametrize("body", ["<html>ok</html>", "[]", '"x"', '{"msg_id": "1"', '{"error": {"code": 50099}}'])
def test_an_answer_that_is_none_is_kept(shop: Any, body: str) -> None:
    answers(shop, body)

    assert kept(send_message(MOBILE, **TEXT))["answer"] == body


# -- an answer that is a refusal and a success ----------------------------------------------------------------------

STATUSES = [200, 302, 400, 401, 403, 429, 500]
#: 50009 makes a row wait, 50014 pauses the app, 50006 fails it: none may, as an SMS went out.
REFUSALS = [50009, 50014, 50006, 59999]
IDS = {"text": '"288193860302"', "a number": "288193860302", "of no use": json.dumps("1" * 65)}


def contradicts(shop: Any, said: str, status: int, code: int) -> str:
    body = f'{{"error": {{"code": {code}, "message": "no"}}, {said}}}'
    shop.fault("status", status=status, body=body)
    return body


@pytest.mark.core
@pytest.mark.parametrize("code", REFUSALS)
@pytest.mark.parametrize("status", STATUSES)
def test_a_refusal_that_names_a_msg_id_may_have_been_sent(shop: Any, caplog: Any, status: int, code: int) -> None:
    for door, send in SINGLE.items():
        for name, value in IDS.items():
            body = contradicts(shop, f'"msg_id": {value}', status, code)
            row = send()
            row.refresh_from_db()
            assert (row.status, row.msg_id) == ("unknown", ""), (door, name)
            assert kept(row)["answer"] == body and value.strip('"') in caplog.text
            assert not Pause.objects.exists() and run_pending() == 0 and not shop.outbox
            for model in (Callback, Message, VerificationCode, Counter):
                model.objects.all().delete()


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("door", SCHEDULED)
def test_a_refusal_that_names_a_schedule_id_may_be_held(shop: Any, caplog: Any, door: str, status: int) -> None:
    contradicts(shop, '"schedule_id": "abc-1", "success_count": 1, "failure_count": 0', status, 50009)

    SCHEDULED[door]()
    run_pending()
    row = Schedule.objects.get()
    assert (row.status, row.remote_id) == ("create_unknown", None)
    assert "abc-1" in kept(row)["answer"] and "ids: 'abc-1'" in caplog.text and not Pause.objects.exists()


SENT = f'{{"mobile": "{MOBILE}", "msg_id": "288193860302"}}'
WAITS = f'{{"mobile": "{OTHER}", "error_code": 50009}}'
EVIDENCE = {
    "a recipient": f'"recipients": [{SENT}, {WAITS}]',
    "a recipient under the other name": f'"failure_recipients": [{WAITS}, {SENT}]',
    "a count": '"success_count": 1, "failure_count": 1',
}


@pytest.mark.core
@pytest.mark.parametrize("code", REFUSALS)
@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("evidence", EVIDENCE)
def test_a_refused_batch_that_names_who_was_sent_to(
    shop: Any, caplog: Any, evidence: str, status: int, code: int
) -> None:
    contradicts(shop, EVIDENCE[evidence], status, code)

    chunk = batch(MOBILE, OTHER)
    assert (chunk.status, chunk.unknown) == ("unknown", 2)
    assert set(Message.objects.values_list("status", "reason")) == {("unknown", "maybe_sent")}
    assert kept(chunk) and ("288193860302" in caplog.text) == (evidence != "a count")
    assert not Pause.objects.exists() and run_pending() == 0 and not shop.outbox


@pytest.mark.parametrize("said", [f'"recipients": [{WAITS}]', '"msg_id": "", "success_count": 0', '"msg_id": null'])
@pytest.mark.parametrize("status", [200, 403])
def test_a_refusal_that_names_nothing_sent_is_one(shop: Any, said: str, status: int) -> None:
    contradicts(shop, said, status, 50009)

    chunk = batch(MOBILE, OTHER)
    assert (chunk.status, chunk.reason, chunk.deferrals) == ("pending", "too_frequent", 1)
    assert set(Message.objects.values_list("status", flat=True)) == {"waiting"} and not Callback.objects.exists()


@pytest.mark.core
@pytest.mark.parametrize("spelling", [MOBILE, f"+86{MOBILE}"])
@pytest.mark.parametrize(
    "error", ['"error_code": 50009', '"error_code": "50004"', '"msg_id": "2", "error_code": 50024']
)
@pytest.mark.parametrize("swap", [False, True])
def test_one_who_is_listed_as_sent_and_as_refused(
    shop: Any, caplog: Any, error: str, spelling: str, swap: bool
) -> None:
    refused, good = f'{{"mobile": "{spelling}", {error}}}', f'{{"mobile": "{OTHER}", "msg_id": "113"}}'
    both = ", ".join([refused, SENT] if swap else [SENT, refused])
    answers(shop, f'{{"success_count": 2, "failure_count": 1, "recipients": [{both}, {good}]}}')

    chunk = batch(MOBILE, OTHER)
    found = {message.mobile: (message.status, message.msg_id) for message in Message.objects.all()}
    assert found == {MOBILE: ("unknown", ""), OTHER: ("sent", "113")}
    assert (chunk.status, chunk.sent, chunk.failed, chunk.unknown) == ("done", 1, 0, 1)
    assert "288193860302" in kept(chunk)["answer"] and "'288193860302'" in caplog.text
    assert run_pending() == 0 and not OptOut.objects.exists()


NO = '{"error": {"code": 50009}}'
#: An id that is not where it should be, or in what is no JSON as a whole.
ELSEWHERE = {
    "a byte order mark": '\ufeff{"msg_id": "1", "error": {"code": 50009}}',
    "two answers": f'{{"msg_id": "1"}}\n{NO}',
    "text behind it": '{"error": {"code": 50009}, "msg_id" : 288193860302} <!-- gateway -->',
    "cut off": '{"error": {"code": 50009}, "schedule_id":"0000-1',
    "one level down": '{"data": {"msg_id": "1"}, "error": {"code": 50009}}',
    "in a list further down": '{"data": {"list": [[{"schedule_id": "1"}]]}, "error": {"code": 50009}}',
    "by another name": '{"msgId": "1", "error": {"code": 50009}}',
    "a count in a broken text": '{"success_count": 1}{"error": {"code": 50009}}',
}
NOWHERE = {
    "empty": '\ufeff{"msg_id": "", "schedule_id": null, "success_count": 0, "error": {"code": 50009}}',
    "of one that failed": '{"error": {"code": 50009}, "recipients": [{"msg_id": "1", "error_code": "50009"}]}',
    "a parameter": '{"error": {"code": 50009}, "recipients": [{"error_code": "50009", "temp_para": {"msg_id": "1"}}]}',
    "in a message": '{"error": {"code": 50009, "message": "give \\"msg_id\\": 1"}} ',
}


@pytest.mark.parametrize("status", [302, 400, 403, 429])
@pytest.mark.parametrize("where", ELSEWHERE)
def test_an_id_is_found_wherever_it_stands(shop: Any, where: str, status: int) -> None:
    shop.fault("status", status=status, body=ELSEWHERE[where])
    assert batch(MOBILE).status == "unknown" and run_pending() == 0
    assert set(Message.objects.values_list("status", flat=True)) == {"unknown"} and not Pause.objects.exists()


@pytest.mark.parametrize("where", NOWHERE)
def test_what_is_no_id_of_a_send_proves_none(shop: Any, where: str) -> None:
    shop.fault("status", status=429, body=NOWHERE[where])
    assert batch(MOBILE).status == "pending"


WIDE = "".join(chr(ord(digit) + 0xFEE0) for digit in MOBILE)
BUSY = f'{{"mobile": "{MOBILE}", "error_code": "50009"}}'
#: Counts of those sent to and refused, and what is listed beside the only one who was asked for.
AT_ODDS = {
    "more sent than named": (1, 0, ""),
    "more than asked": (1, 1, ""),
    "an id of nobody": (1, 0, '{"msg_id": "77"}'),
    "an id of nobody, uncounted": (0, 1, '{"msg_id": "77"}'),
    "an id of no number": (0, 1, '{"msg_id": "77", "mobile": "138****8000"}'),
    "somebody else": (0, 1, f'{{"msg_id": "77", "mobile": "{OTHER}"}}'),
    "the same, unseen": (1, 1, f'{{"msg_id": "a b", "mobile": "\u200b{MOBILE}"}}'),
    "the same, wide": (1, 1, f'{{"msg_id": "a b", "mobile": "{WIDE}"}}'),
}


@pytest.mark.core
@pytest.mark.parametrize("case", AT_ODDS)
@pytest.mark.parametrize("swap", [False, True])
def test_a_refusal_beside_a_send_of_nobody_knows_whom_is_none(shop: Any, case: str, swap: bool) -> None:
    sent, failed, beside = AT_ODDS[case]
    listed = ", ".join(filter(None, [beside, BUSY] if swap else [BUSY, beside]))
    answers(shop, f'{{"success_count": {sent}, "failure_count": {failed}, "recipients": [{listed}]}}')

    chunk = batch(MOBILE)
    assert (chunk.status, chunk.unknown) == ("done", 1) and kept(chunk)
    assert Message.objects.get().status == "unknown" and run_pending() == 0


def test_of_an_answer_that_lists_failures_only_each_is_one(shop: Any) -> None:
    refused = BUSY.replace("50009", "50006")
    answers(shop, f'{{"success_count": 1, "failure_count": 1, "recipients": [{refused}]}}')
    batch(MOBILE, OTHER)
    found = dict(Message.objects.values_list("mobile", "status"))
    assert found == {MOBILE: "failed", OTHER: "unknown"}


# -- a chunk whose outcome comes to nothing ------------------------------------------------------------------------


def test_what_cannot_be_recorded_of_a_chunk_is_in_the_log(shop: Any, caplog: Any, monkeypatch: Any) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise DataError("a value that the column does not hold")

    monkeypatch.setattr(bulk, "outcome", broken)
    chunk = batch(*(f"1390013{each:04d}" for each in range(150)))
    assert (chunk.status, chunk.unknown) == ("unknown", 150)
    assert set(Message.objects.values_list("status", "reason")) == {("unknown", "maybe_sent")}
    sent = {message.mobile: message.msg_id for message in shop.outbox}
    lines = [line for line in caplog.text.splitlines() if "cannot be recorded (DataError)" in line]
    said = {pair for line in lines for pair in line.split("ids: ")[1].split()}
    assert said == {f"{message.pk}={sent[message.mobile]}" for message in Message.objects.all()}
    assert len(lines) == 2 and "139001" not in caplog.text


def test_a_database_that_dies_at_the_outcome_leaves_the_chunk_to_its_lease(
    shop: Any, caplog: Any, monkeypatch: Any
) -> None:
    def gone(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(bulk, "outcome", gone)
        patch.setattr(Chunk, "end_messages", gone)
        rows = [(MOBILE, {"no": "42"})]
        start_batch(create_batch(template="order-shipped", recipients=rows))
        run_pending()
    assert Chunk.objects.get().status == "sending"
    assert f"ids: {Message.objects.get().pk}={shop.outbox[-1].msg_id}" in caplog.text
    Chunk.objects.update(lease_until=now() - LEASE)
    reap()
    assert Message.objects.get().status == "unknown"


def test_a_chunk_that_is_answered_after_its_lease_is_not_recorded_as_sent(
    shop: Any, caplog: Any, monkeypatch: Any
) -> None:
    caplog.set_level("INFO")
    recorded = chunks._recorded

    def reaped(chunk: Chunk, *answer: Any) -> bool:
        Chunk.objects.filter(pk=chunk.pk).update(lease_until=now() - LEASE)
        reap()
        return recorded(chunk, *answer)

    monkeypatch.setattr(chunks, "_recorded", reaped)
    chunk = batch(MOBILE)
    assert (chunk.status, chunk.reason, Message.objects.get().status) == ("unknown", "lease_ended", "unknown")
    assert f"ids: {Message.objects.get().pk}={shop.outbox[-1].msg_id}" in caplog.text
    told = [record.jsms for record in caplog.records if record.name == "django_jsms.events"]
    assert not [each for each in told if each["event"] == "send" and each.get("status") == "sent"]
    assert Batch.objects.get().status == "finished"


@pytest.mark.parametrize("spelling", ["+8613900139000", "86 139 0013 9000", "13900139000"])
def test_a_number_in_another_spelling_finds_its_row(shop: Any, spelling: str) -> None:
    """50024: it has opted out. What is no number at all teaches nothing, and keeps no other from being learnt."""
    odd = '{"mobile": "13900139000 / 1", "error_code": 50024}'
    refused = json.dumps({"mobile": spelling, "error_code": 50024})
    answers(shop, f'{{"success_count": 0, "failure_count": 2, "recipients": [{odd}, {refused}]}}')
    chunk = batch(OTHER)
    assert chunk.status == "done"
    assert [(row.status, row.error_code) for row in Message.objects.all()] == [("failed", 50024)]
    assert [row.mobile for row in OptOut.objects.all()] == [OTHER]
