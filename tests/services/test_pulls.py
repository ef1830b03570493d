"""Pulling what JSMS hands out once: nothing is lost silently, and two pullers make one call."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.db import DataError, OperationalError

from django_jsms.client import JSMSClient
from django_jsms.client.answers import Answer
from django_jsms.client.pieces import LARGEST_PULL
from django_jsms.client.shapes import entries, loads
from django_jsms.client.told import Reply as WireReply
from django_jsms.client.told import Report as WireReport
from django_jsms.client.transport import Transport
from django_jsms.exceptions import NoAnswer, NotSent
from django_jsms.models import Callback, JobLease, OptOut, Reply, Report
from django_jsms.models.base import LEASE, now
from django_jsms.services import pull_replies, pull_reports, pulls, reprocess_callback, send_message, told
from tests.conftest import MOBILE

pytestmark = [pytest.mark.django_db, pytest.mark.core]


@pytest.fixture
def shop(jsms_sandbox: Any) -> Any:
    jsms_sandbox.template(1250, "订单已发货", "notice")
    with jsms_sandbox.settings(REPORTS="pull"):
        yield jsms_sandbox


def delivered(shop: Any, mobile: str = MOBILE) -> Any:
    row = send_message(mobile, template=1250)
    shop._server.deliver(msg_id=row.msg_id)
    return row


def calls(shop: Any) -> int:
    return sum(entry.path in ("/v1/report", "/v1/reply") for entry in shop.ledger)


def test_reports_are_fetched_and_applied(shop: Any, heard: Any) -> None:
    row = delivered(shop)

    pulled = pull_reports()
    assert pulled and (pulled.records, pulled.unreadable, pulled.more) == (1, 0, False)
    row.refresh_from_db()
    assert (row.delivery, Report.objects.get().callback) == ("delivered", Callback.objects.get())
    kept = Callback.objects.get()
    assert kept.error == "" and json.loads(bytes(kept.body))[0]["msgId"] == row.msg_id
    assert heard[-1] == ("message_delivered", "sent")


def test_replies_are_fetched_and_applied(shop: Any) -> None:
    delivered(shop)
    shop._server.reply(MOBILE, "TD")

    pulled = pull_replies()
    assert pulled and pulled.records == 1
    assert (Reply.objects.get().content, OptOut.objects.get().mobile) == ("TD", MOBILE)


def test_within_5_seconds_nobody_asks_again(shop: Any) -> None:
    assert pull_reports() is not None
    assert pull_reports() is None and calls(shop) == 1
    shop.clock.advance(6)
    JobLease.objects.update(until=now() - LEASE)  # the database's clock was not moved
    assert pull_reports() is not None and calls(shop) == 2
    assert not Callback.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_twenty_pullers_one_asks(shop: Any, race: Callable[..., list[Any]]) -> None:
    outcomes = race(20, pull_reports)

    assert sum(outcome is not None for outcome in outcomes) == 1 == calls(shop)


def test_a_lost_answer_leaves_a_gap(shop: Any, caplog: Any) -> None:
    delivered(shop)
    shop.fault("close", when="after")

    with pytest.raises(NoAnswer):
        pull_reports()
    gap = Callback.objects.get()
    assert (gap.error, gap.applied_at, reprocess_callback(gap)) == ("gap", None, "gap")
    assert "lost" in caplog.text and calls(shop) == 1


def test_what_never_left_is_no_gap(shop: Any) -> None:
    with shop.settings(APPS={"default": {"SANDBOX": "http://127.0.0.1:9"}}), pytest.raises(NotSent):
        pull_reports()
    assert not Callback.objects.exists()


def test_a_process_that_dies_after_storing_loses_nothing(shop: Any, monkeypatch: Any) -> None:
    row = delivered(shop)

    def killed(*args: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(pulls, "apply_stored", killed)
        pull_reports()
    assert Callback.objects.get().error == "unread"

    shop.clock.advance(61)
    assert told.apply_unread() == 1
    row.refresh_from_db()
    assert row.delivery == "delivered" and Callback.objects.get(kind="pull report", error="").applied_at
    assert Report.objects.count() == 1


def test_a_process_that_dies_before_storing_leaves_a_gap(shop: Any, monkeypatch: Any) -> None:
    delivered(shop)
    asked = JSMSClient.pull_reports

    def killed(client: JSMSClient, **kwargs: Any) -> Any:
        asked(client)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pulls._pull("default", "pull report", killed)
    assert Callback.objects.get().error == "gap"


def test_without_the_setting_nothing_is_pulled(shop: Any) -> None:
    with shop.settings(REPORTS=None):
        assert pulls.pull_all() == 0
    assert calls(shop) == 0


# -- what cannot be read, stored or applied ------------------------------------------------------------------------


def answered(monkeypatch: Any, kind: str, body: bytes) -> Any:
    """A pull that JSMS answers with that body."""
    exchange = Transport.exchange

    def instead(transport: Any, route: Any, *args: Any) -> Any:
        asked = {"report": "/report", "reply": "/reply"}[kind]
        return Answer(200, "", body) if route.path == asked else exchange(transport, route, *args)

    monkeypatch.setattr(Transport, "exchange", instead)
    return {"report": pull_reports, "reply": pull_replies}[kind]()


def broken(*args: Any) -> Any:
    raise DataError("a value that the column does not hold")


def test_a_record_that_cannot_be_applied_keeps_no_other(shop: Any, monkeypatch: Any) -> None:
    rows = [delivered(shop, f"1390013900{each}") for each in range(5)]
    apply = told._EFFECTS[WireReport]

    def but_one(callback: Any, said: Any, at: Any) -> Any:
        return broken() if said.msg_id == rows[2].msg_id else apply(callback, said, at)

    with monkeypatch.context() as patch:
        patch.setitem(told._EFFECTS, WireReport, but_one)
        pulled = pull_reports()
    assert pulled and pulled.records == 5 and Report.objects.count() == 4
    kept = Callback.objects.get(applied_at=None)
    assert (kept.kind, kept.error) == ("pull report", "failed DataError")
    assert json.loads(bytes(kept.body))[0]["msgId"] == rows[2].msg_id

    with monkeypatch.context() as patch:
        patch.setitem(told._EFFECTS, WireReport, broken)
        assert reprocess_callback(kept) == "failed DataError"
    assert told.apply_unread() == 0 and reprocess_callback(kept) == ""
    assert Report.objects.count() == 5 and not Callback.objects.filter(applied_at=None)


def test_a_database_that_dies_while_it_is_applied_leaves_it_for_the_sweep(shop: Any, monkeypatch: Any) -> None:
    delivered(shop)

    def gone(*args: Any) -> Any:
        raise OperationalError("gone")

    with monkeypatch.context() as patch:
        patch.setitem(told._EFFECTS, WireReport, gone)
        with pytest.raises(OperationalError):
            pull_reports()
        shop.clock.advance(61)
        assert told.apply_unread() == 0
    shop.clock.advance(61)
    assert told.apply_unread() == 1 and Report.objects.count() == 1


def test_the_first_that_cannot_be_applied_keeps_no_other_waiting(shop: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(told, "_SLICE", 1)
    for index, number in enumerate(("13900139000", MOBILE)):
        body = json.dumps([{"phone": number, "content": "TD"}]).encode()
        Callback.objects.create(kind="pull reply", digest=str(index), error="unread", body=body)
    apply = told._EFFECTS[WireReply]

    def gone(callback: Any, said: Any, at: Any) -> Any:
        if said.mobile != MOBILE:
            raise OperationalError("gone")
        return apply(callback, said, at)

    monkeypatch.setitem(told._EFFECTS, WireReply, gone)
    found = []
    for _ in range(4):
        shop.clock.advance(61)
        found.append(told.apply_unread())
    assert sum(found) == 1 and OptOut.objects.get().mobile == MOBILE


@pytest.mark.parametrize("body", [b"<html>", b"{}", b"[", b'"x"', b"\xff\xfe", b"[" * 50_000, b'[{"phone": "1"'])
def test_an_answer_that_nobody_can_read_is_kept(shop: Any, monkeypatch: Any, body: bytes) -> None:
    with pytest.raises(NoAnswer):
        answered(monkeypatch, "report", body)
    kept = Callback.objects.get()
    assert (kept.error, kept.applied_at, bytes(kept.body)) == ("unreadable", None, body)


def test_the_log_names_what_is_wrong_with_a_record(shop: Any, monkeypatch: Any, caplog: Any) -> None:
    answered(monkeypatch, "report", b'[5, {"msgId": "%s"}]' % (b"7" * 65))
    assert "record is no JSON object" in caplog.text and "msgId is no id" in caplog.text


def test_one_bad_byte_or_endless_number_spoils_no_other_record(shop: Any, monkeypatch: Any) -> None:
    good = b'{"phone": "13800138000", "replyTime": 1732400000000, "content": "TD"}'
    strange = [b"NaN", b"9" * 5000, b"-Infinity", b"1e999", b"null", b'{"phone": "13900139000", "content": "\xff"}']
    odd = b'{"phone": "13900139001", "replyTime": ' + b"9" * 5000 + b', "content": "R\xff"}'
    body = b"[" + b", ".join([*strange, odd, good]) + b"]"

    pulled = answered(monkeypatch, "reply", body)
    assert pulled and (pulled.records, pulled.unreadable) == (3, 5)
    assert set(OptOut.objects.values_list("mobile", flat=True)) == {MOBILE, "13900139001"}
    kept = bytes(Callback.objects.get(error="unreadable").body)
    assert kept == b"[" + b",".join(strange[:5]) + b"]"
    assert not Callback.objects.filter(error="unread")


HEARD = [{"phone": number, "replyTime": 1732400000000, "content": "TD"} for number in (MOBILE, "13900139000")]
#: What stands behind two whole records.
BREAKS = {
    "in a record": ', {"phone": "13900139001", "content": "T',
    "in an escape": ', {"phone": "13900139001", "content": "\\u5',
    "in a character": ', {"phone": "13900139001", "content": "\udce9\udc80',
    "behind a record": "",
    "behind a comma": " , ",
    "at what is too deep": ", " + "[" * 50_000,
    "behind one that cannot be read": ', {"content": "say "no""}, {"content": "T',
}


@pytest.mark.parametrize("where", BREAKS)
def test_of_a_list_that_breaks_what_came_whole_is_applied(
    shop: Any, monkeypatch: Any, caplog: Any, where: str
) -> None:
    caplog.set_level("INFO")
    body = json.dumps(HEARD)[:-1].encode() + BREAKS[where].encode("utf-8", "surrogateescape")
    with pytest.raises(NoAnswer):
        answered(monkeypatch, "reply", body)
    assert {row.mobile for row in OptOut.objects.all()} == {MOBILE, "13900139000"}
    kept, *between, gap = Callback.objects.order_by("pk")
    assert [each.error for each in between] == ["unreadable"] * ("no" in BREAKS[where])
    assert (kept.error, bytes(kept.body)) == ("", body) and kept.applied_at
    assert (gap.kind, gap.error, gap.applied_at, reprocess_callback(gap)) == ("pull reply", "gap", None, "gap")
    (told_of,) = [record.jsms for record in caplog.records if getattr(record, "jsms", {}).get("event") == "pull"]
    assert told_of["reason"] == "gap"
    (lost,) = loads(bytes(gap.body).decode("utf-8", "surrogateescape"))
    assert BREAKS[where].strip(" ,").endswith(lost) and bool(lost) == bool(BREAKS[where].strip(" ,"))


#: What stands between two whole records and keeps nobody from being heard, nor is it lost.
UNREADABLE = {
    "a quote": '{"phone": "13900139001", "content": "say "no""}',
    "a quote too few": '{"phone": "13900139001", "content": "no}',
    "a backslash at the end": '{"phone": "13900139001", "content": "no\\"}',
    "no value": '{"phone": "13900139001", "content": }',
    "too deep": '{"phone": "13900139001", "content": ' + "[" * 2000 + "]" * 2000 + "}",
    "nearly too deep": '{"phone": 5.5, "content": ' + "[" * 930 + "]" * 930 + "}",
    "no JSON": "{<html> &\0 \1}",
    "no UTF-8": '{"phone": "\udcff1", "content" "\udcc4"}',
    "half a pair": '{"phone": null, "content": "\\ud83d"}',
    "another list": '] [{"phone": 6.5}',
}


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("what", UNREADABLE)
def test_one_that_cannot_be_read_hides_none_behind_it(shop: Any, monkeypatch: Any, what: str, place: int) -> None:
    said = [json.dumps(each) for each in HEARD]
    said.insert(place, UNREADABLE[what])
    with suppress(NoAnswer):
        answered(monkeypatch, "reply", f"[{', '.join(said)}]".encode("utf-8", "surrogateescape"))
    assert {row.mobile for row in OptOut.objects.all()} == {MOBILE, "13900139000"}
    first, apart = Callback.objects.order_by("pk")
    assert (first.error, apart.error, reprocess_callback(apart)) == ("", "unreadable", "unreadable")
    (kept,) = entries(bytes(apart.body).decode("utf-8", "surrogateescape"))[0]
    assert UNREADABLE[what] in kept


@pytest.mark.parametrize("sign", [b"\xc4", b'"', b"\1", b"\\ud83d"])
@pytest.mark.parametrize("read", ['"', "'"])
def test_what_cannot_be_applied_grows_beyond_no_packet(shop: Any, monkeypatch: Any, sign: bytes, read: str) -> None:
    odd = b'{"phone": null, "content": "' + sign * (LARGEST_PULL // len(sign) - 400) + read.encode() + b"}"
    with suppress(NoAnswer):
        answered(monkeypatch, "reply", b"[" + json.dumps(HEARD[0]).encode() + b"," + odd + b"]")
    assert OptOut.objects.get().mobile == MOBILE
    assert len(bytes(Callback.objects.get(error="unreadable").body)) <= LARGEST_PULL


@pytest.mark.parametrize("size", [100_000, 1_500_000, 6_000_000])
def test_long_replies_keep_no_opt_out_from_being_heard(shop: Any, size: int) -> None:
    long = [{**HEARD[1], "content": "字" * (size // 75)} for _ in range(25)]
    shop.fault("status", status=200, body=json.dumps([HEARD[0], *long], ensure_ascii=False), route="/v1/reply")

    with suppress(NoAnswer):
        pull_replies()
    assert OptOut.objects.get().mobile == MOBILE
    lost = size > LARGEST_PULL
    assert Callback.objects.filter(error="gap").exists() == lost
    assert Reply.objects.count() == (26 if not lost else 1 + LARGEST_PULL // (size // 25 + 100))


@pytest.mark.parametrize("size", [500, 8000])
def test_records_of_no_form_cost_one_row_and_one_line(
    shop: Any, monkeypatch: Any, caplog: Any, count_statements: Any, size: int
) -> None:
    body = json.dumps([*range(size), HEARD[0]]).encode()
    with count_statements() as statements:
        pulled = answered(monkeypatch, "reply", body)
    assert pulled and (pulled.records, pulled.unreadable) == (1, size) and len(statements) < 30
    assert len(json.loads(bytes(Callback.objects.get(error="unreadable").body))) == size
    assert OptOut.objects.get().mobile == MOBILE
    (line,) = [each.getMessage() for each in caplog.records if "changed nothing" in each.getMessage()]
    assert line.startswith(f"{size} of {size + 1} records of callback ")


def test_what_was_set_apart_is_applied_together_later(shop: Any, monkeypatch: Any) -> None:
    """Some of it: the rest is set apart again, and is not applied twice."""
    with monkeypatch.context() as patch:
        patch.setitem(told._EFFECTS, WireReply, broken)
        answered(monkeypatch, "reply", json.dumps([*HEARD, 1, 2]).encode())
    failed = Callback.objects.get(error="failed DataError")
    apply = told._EFFECTS[WireReply]
    monkeypatch.setitem(
        told._EFFECTS, WireReply, lambda one, said, at: broken() if said.mobile == MOBILE else apply(one, said, at)
    )
    assert reprocess_callback(failed) == "" and OptOut.objects.get().mobile != MOBILE
    monkeypatch.setitem(told._EFFECTS, WireReply, apply)
    left = Callback.objects.get(error="failed DataError")
    assert json.loads(bytes(left.body)) == HEARD[:1] and reprocess_callback(left) == ""
    assert OptOut.objects.count() == Reply.objects.count() == 2
    unreadable = Callback.objects.get(applied_at=None)
    assert reprocess_callback(unreadable) == "unreadable" and Callback.objects.filter(applied_at=None).count() == 1


def test_an_app_whose_pull_breaks_keeps_no_other_from_being_asked(shop: Any, monkeypatch: Any) -> None:
    tried = []

    def break_first(app: str) -> Any:
        tried.append(app)
        return broken()

    monkeypatch.setattr(pulls, "pull_reports", break_first)
    monkeypatch.setattr(pulls, "pull_replies", break_first)
    assert pulls.pull_all() == 0 and len(tried) == 2
