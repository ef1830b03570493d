"""The callback address: every row of the callback part of the bad-input matrix, through HTTP."""

from __future__ import annotations

import functools
import json
import random
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.db import DatabaseError, connection
from django.test import Client

from django_jsms import conf
from django_jsms.client.callbacks import sign
from django_jsms.models import Callback, Message, OptOut, Reply, Report, VerificationCode
from django_jsms.models.base import mobile_hash, now
from django_jsms.services import callbacks as service
from django_jsms.services import (
    match_reports,
    queue_message,
    reports,
    reprocess_callback,
    send_code,
    send_message,
    told,
)
from tests import notices
from tests.conftest import MOBILE
from tests.notices import FORM, TOKEN, URL

pytestmark = [pytest.mark.django_db, pytest.mark.core]
OTHER = "13900139000"
ODD_TEXTS = ["<b>x</b>", "退订不了😀", "\u202eabc", "字" * 10_000, "a\r\nb", "\x1b[31m", "=cmd()"]


@pytest.fixture
def site(jsms_sandbox: Any) -> Any:
    app = {"SANDBOX": jsms_sandbox.url, "CALLBACK_TOKENS": ["an-older-one", TOKEN]}
    jsms_sandbox.template(1250, "订单{{no}}已发货", "notice")
    with jsms_sandbox.settings(APPS={"default": app}):
        yield jsms_sandbox


@pytest.fixture
def tell(site: Any, client: Client) -> Callable[..., int]:
    """Posts one signed notification; answers the status."""
    return functools.partial(notices.post, client)


def report(row: Any, status: Any = 4001, **changes: Any) -> dict[str, Any]:
    when = changes.pop("when", int(time.time() * 1000))
    return {"msgId": row.msg_id, "phone": MOBILE, "receiveTime": when, "status": status, **changes}


def send() -> Message:
    return send_message(MOBILE, template=1250, params={"no": "42"})


# -- the handshake ----------------------------------------------------------------------------------------


def test_the_handshake_is_echoed(site: Any, client: Client) -> None:
    answer = client.get(URL, {"echostr": "Ab3dEf9h"})

    assert (answer.status_code, answer.content) == (200, b"Ab3dEf9h")
    assert answer["Content-Type"] == "text/plain" and answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "query", ["", "?echostr=", "?echostr=%3Cscript%3E", f"?echostr={'a' * 1000}", "?echostr=a%0D%0A"]
)
def test_nothing_else_is_echoed(site: Any, client: Client, query: str) -> None:
    answer = client.get(URL + query)

    assert (answer.status_code, answer.content) == (400, b"")


def test_with_or_without_a_slash_and_with_either_token(site: Any, client: Client) -> None:
    for path in (URL, URL[:-1], "/jsms/callback/an-older-one/"):
        assert client.get(path, {"echostr": "abc"}).status_code == 200


@pytest.mark.parametrize("token", ["wrong", quote("签名"), TOKEN[:-1], TOKEN.upper()])
def test_a_wrong_token_is_told_nothing(site: Any, client: Client, token: str) -> None:
    path = f"/jsms/callback/{token}/"

    assert client.get(path, {"echostr": "abc"}).status_code == 403
    assert client.post(path, {"type": "SMS_REPORT"}).status_code == 403
    assert not Callback.objects.exists()


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "head"])
def test_other_methods(site: Any, client: Client, method: str) -> None:
    assert getattr(client, method)(URL).status_code == 405


# -- what is not believed ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"signature": ""},
        {"signature": "0" * 40},
        {"signature": "签" * 40},
        {"nonce": "1" * 25},
        {"timestamp": "abc"},
        {"timestamp": "1700000000"},
        {"timestamp": "１７０００００００００００"},
    ],
)
def test_what_is_not_signed_is_neither_stored_nor_applied(tell: Any, changes: dict[str, str]) -> None:
    row = send()

    assert tell("SMS_REPORT", report(row), **changes) == 403
    assert not Callback.objects.exists() and not Report.objects.exists()


def test_an_upper_case_signature_and_one_of_yesterday(tell: Any) -> None:
    row, now = send(), time.time()
    upper = sign("sandbox", "sandbox", "1", str(int(now * 1000))).upper()

    assert tell("SMS_REPORT", report(row), at=now, signature=upper) == 403
    assert tell("SMS_REPORT", report(row), at=now - 14 * 3600 - 5) == 403
    assert tell("SMS_REPORT", report(row), at=now - 13 * 3600) == 200


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00", b"{}", b"a=1&" * 500, b"x" * 3_000_000])
@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "application/json", "multipart/form-data", "", "a/b/c"]
)
def test_any_body_of_any_type_is_refused_quietly(site: Any, client: Client, body: bytes, kind: str) -> None:
    assert client.post(URL, body, content_type=kind).status_code == 403


@pytest.mark.parametrize(
    "data",
    [
        *("", "{", "[]", "null", "[" * 50_000, "%zz", {"msgId": None}, {}, {"msgId": "1" * 200}, "x" * 3_000_000),
        '{"msgId": "1\\u0000", "phone": "1", "receiveTime": 1, "status": 4001}',
        '{"msgId": "1\\ud800", "phone": "1", "receiveTime": 1, "status": 4001}',
        '{"msgId": "1", "phone": "\\ud800", "receiveTime": 1, "status": 4001}',
    ],
)
def test_a_signed_notification_that_says_nothing_is_kept(tell: Any, data: Any) -> None:
    assert tell("SMS_REPORT", data) == 400
    kept = Callback.objects.get()
    assert (kept.error, kept.applied_at) == ("unreadable", None)
    assert len(kept.body) <= service.MOST_BYTES


@pytest.mark.parametrize("odd", ["\\u0000", "\\ud800"])
def test_what_no_column_holds_is_replaced(tell: Any, odd: str) -> None:
    reply = f'{{"phone": "{MOBILE}", "replyTime": 1, "content": "a{odd}b"}}'
    assert tell("SMS_REPLY", reply) == 200
    assert Reply.objects.get().content == "a\ufffdb"
    assert tell("SMS_DREAM\0", {"a": 1}, nonce="2") == 200
    review = f'{{"tempId": 1250, "status": 2, "refuseReason": "{odd}"}}'
    assert tell("SMS_TEMPLATE", review, nonce="3") == 200


@pytest.mark.parametrize(
    ("kind", "kept"), [("SMS_DREAM", "SMS_DREAM"), ("SMS 138-001-380-00", "SMS 138****8000"), ("x13800138000", "x#")]
)
def test_a_kind_of_the_future_is_kept_without_a_number(tell: Any, kind: str, kept: str) -> None:
    assert tell(kind, {"a": 1}) == 200
    assert (Callback.objects.get().kind, Callback.objects.get().error) == (f"other {kept}", "unknown_kind")


def test_the_same_again_changes_nothing(tell: Any) -> None:
    row, now = send(), time.time()
    said = report(row)

    assert [tell("SMS_REPORT", said, at=now) for _ in range(10)] == [200] * 10
    assert (Callback.objects.count(), Report.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_many_at_once_are_all_taken_and_repeats_change_nothing(site: Any, race: Any) -> None:
    rows = [
        Message(mobile=f"139{each:08d}", mobile_hash=mobile_hash(f"139{each:08d}"), msg_id=str(each), status="sent")
        for each in range(200)
    ]
    Message.objects.bulk_create(rows)
    at = str(int(time.time() * 1000))
    posts = []
    for nonce, row in enumerate(rows):
        said = {"msgId": row.msg_id, "phone": row.mobile, "receiveTime": int(at), "status": 4001}
        signature = sign("sandbox", "sandbox", str(nonce), at)
        form = {
            "nonce": nonce,
            "timestamp": at,
            "signature": signature,
            "type": "SMS_REPORT",
            "data": json.dumps(said),
        }
        posts.append(urlencode(form))

    def post_all(posts: list[str]) -> list[int]:
        client = Client()
        found = []
        with suppress(IndexError):
            while True:
                found.append(client.post(URL, posts.pop(), content_type=FORM).status_code)
        return found

    def state() -> list[Any]:
        return [Callback.objects.count(), Report.objects.count(), *Message.objects.order_by("pk").values_list()]

    once = list(posts)
    assert {status for statuses in race(8, lambda: post_all(once)) for status in statuses} == {200}
    assert Message.objects.filter(delivery="delivered").count() == Callback.objects.count() == 200
    before, again = state(), random.sample(posts * 10, 2000)
    assert {status for statuses in race(8, lambda: post_all(again)) for status in statuses} == {200}
    assert state() == before


def test_another_body_about_the_same_under_a_nonce_that_was_used_waits_for_a_person(tell: Any, caplog: Any) -> None:
    row, now = send(), time.time()
    other = report(row)
    assert tell("SMS_REPORT", report(row, 4002), at=now) == 200

    assert [tell("SMS_REPORT", other, at=now) for _ in range(3)] == [403] * 3
    row.refresh_from_db()
    assert (row.delivery, row.report_status) == ("undelivered", 4002)
    conflict = Callback.objects.get(error="nonce_reused")
    assert "nonce" in caplog.text and MOBILE not in caplog.text
    assert told.apply_unread() == 0
    assert reprocess_callback(conflict) == ""
    row.refresh_from_db()
    assert row.delivery == "delivered" and tell("SMS_REPORT", other, at=now) == 200


def test_one_nonce_for_what_is_about_something_else(tell: Any, caplog: Any) -> None:
    """JSMS's own test program sends several kinds with one nonce, and does not sign what they say."""
    rows, now = [send(), send(), send()], time.time()
    when = int(now * 1000)
    posts: list[tuple[str, Any]] = [("SMS_REPORT", report(row, when=when)) for row in rows]
    posts += [("SMS_REPLY", {"phone": MOBILE, "replyTime": when, "content": "TD"})]
    posts += [("SMS_TEMPLATE", {"tempId": each, "status": 1}) for each in (57496, 57497)]
    posts += [("SMS_SIGN", {"signId": 57496, "status": 1})]

    for _ in range(2):
        assert [tell(kind, said, at=now) for kind, said in posts] == [200] * 7
    again = json.dumps(report(rows[1], when=when), indent=1)  # the same record in other bytes
    assert tell("SMS_REPORT", again, at=now) == 200
    assert Message.objects.filter(delivery="delivered").count() == 3 and OptOut.objects.exists()
    assert (Callback.objects.count(), Report.objects.count(), Reply.objects.count()) == (7, 3, 1)
    assert caplog.text.count("came under a nonce that was used") == 6


def test_what_was_stored_by_a_process_that_died_is_applied_by_the_sweep_or_the_next_try(
    site: Any, tell: Any, monkeypatch: Any
) -> None:
    first, second, now = send(), send(), time.time()

    def killed(callback: Callback) -> str:
        raise KeyboardInterrupt

    for nonce, row in enumerate((first, second)):
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(service, "apply_stored", killed)
            tell("SMS_REPORT", report(row, when=int(now * 1000)), at=now, nonce=str(nonce))
    assert set(Callback.objects.values_list("error", "applied_at")) == {("unread", None)}

    assert tell("SMS_REPORT", report(first, when=int(now * 1000)), at=now, nonce="0") == 200
    site.clock.advance(61)
    assert told.apply_unread() == 1
    assert Message.objects.filter(delivery="delivered").count() == Report.objects.count() == 2


def test_a_database_that_is_gone_is_told_so_that_jsms_tries_again(tell: Any, monkeypatch: Any) -> None:
    row = send()

    def broken(execute: Any, *args: Any) -> Any:
        raise DatabaseError("gone")

    with connection.execute_wrapper(broken):
        assert tell("SMS_REPORT", report(row)) == 503
    assert not Callback.objects.exists()
    assert tell("SMS_REPORT", report(row)) == 200


# -- reports ----------------------------------------------------------------------------------------------


def test_a_report_says_what_became_of_a_message(tell: Any, heard: Any) -> None:
    row = send()

    assert tell("SMS_REPORT", report(row)) == 200
    row.refresh_from_db()
    assert (row.status, row.delivery, row.report_status) == ("sent", "delivered", 4001)
    assert row.reported_at and heard[-1] == ("message_delivered", "sent")
    assert Callback.objects.get().applied_at and Report.objects.get().applied_at


def test_and_of_a_code(tell: Any) -> None:
    code = send_code(MOBILE, purpose="login")

    assert tell("SMS_REPORT", report(code, 4004)) == 200
    code.refresh_from_db()
    assert (code.status, code.delivery, code.report_status) == ("sent", "undelivered", 4004)


@pytest.mark.parametrize(("first", "then", "delivery"), [(4001, 4003, "delivered"), (4003, 4001, "delivered")])
def test_delivered_wins_in_any_order(tell: Any, first: int, then: int, delivery: str) -> None:
    row, now = send(), int(time.time() * 1000)
    tell("SMS_REPORT", report(row, first, when=now + 1000), nonce="1")
    tell("SMS_REPORT", report(row, then, when=now), nonce="2")

    row.refresh_from_db()
    assert row.delivery == delivery and Report.objects.filter(applied_at__isnull=False).count() == 2


def test_an_earlier_report_never_overwrites_a_later_one(tell: Any) -> None:
    row, now = send(), int(time.time() * 1000)
    tell("SMS_REPORT", report(row, 4003, when=now + 1000), nonce="1")
    tell("SMS_REPORT", report(row, 4004, when=now), nonce="2")

    row.refresh_from_db()
    assert row.report_status == 4003


@pytest.mark.parametrize(("status", "expected"), [("4001", "delivered"), (9999, "undelivered")])
def test_a_status_as_text_or_unheard_of(tell: Any, status: Any, expected: str) -> None:
    row = send()

    assert tell("SMS_REPORT", report(row, status)) == 200
    row.refresh_from_db()
    assert row.delivery == expected


@pytest.mark.parametrize("status", [2**31, "999999999999999999", -(2**40), 10**4000])
def test_a_status_that_no_column_holds_is_kept_as_unknown(tell: Any, status: Any) -> None:
    row = send()

    assert tell("SMS_REPORT", report(row, status)) == 200
    row.refresh_from_db()
    assert (row.delivery, row.report_status, Report.objects.get().status) == ("undelivered", 0, 0)


@pytest.mark.parametrize("when", [None, "", "x", 1, -1, 2**63, "9" * 16, [], "0001-01-01 00:00:00", 4 * 10**12])
def test_a_strange_time_is_taken_for_now_and_settles_the_message(tell: Any, when: Any) -> None:
    row, before = send(), now()

    assert tell("SMS_REPORT", report(row, when=when)) == 200
    row.refresh_from_db()
    assert row.delivery == "delivered" and before <= row.reported_at <= now()


def test_a_status_of_null(tell: Any) -> None:
    assert tell("SMS_REPORT", report(send(), None)) == 400


def test_a_report_for_another_number_is_not_applied(tell: Any, caplog: Any) -> None:
    row = send()

    assert tell("SMS_REPORT", report(row, phone=OTHER)) == 200
    row.refresh_from_db()
    assert row.delivery == "" and Callback.objects.get().error == "mobile_mismatch"
    assert OTHER not in caplog.text and MOBILE not in caplog.text
    caplog.clear()
    assert match_reports() == 0 and not caplog.records  # it is said once, not at every sweep


def test_a_report_that_belongs_to_nobody_waits(tell: Any) -> None:
    row = send()

    assert tell("SMS_REPORT", report(row, msgId=123456)) == 200
    assert Report.objects.get().applied_at is None
    assert match_reports() == 0


def test_a_report_that_outran_our_own_commit_is_matched_later(tell: Any) -> None:
    row = queue_message(MOBILE, template=1250, params={"no": "42"})
    tell("SMS_REPORT", report(row, msgId="777"))
    Message.objects.filter(pk=row.pk).update(status="sent", msg_id="777")

    assert match_reports() == 1
    row.refresh_from_db()
    assert row.delivery == "delivered" and Report.objects.get().applied_at


def lose_an_answer(site: Any, mobile: str = MOBILE) -> Message:
    site.fault("close", when="after")
    row = send_message(mobile, template=1250, params={"no": str(time.time_ns())[-6:]})
    assert row.status == "unknown"
    return row


def test_a_report_settles_an_unknown_message(site: Any, tell: Any, heard: Any) -> None:
    row = lose_an_answer(site)
    sent = site.outbox[-1]
    tell("SMS_REPORT", report(row, msgId=sent.msg_id))

    assert match_reports() == 1
    row.refresh_from_db()
    assert (row.status, row.msg_id, row.delivery) == ("sent", sent.msg_id, "delivered")
    assert heard[-1] == ("message_delivered", "sent")


def test_reports_that_are_no_ours_keep_none_from_its_row(
    site: Any, tell: Any, count_statements: Any, monkeypatch: Any
) -> None:
    """Another system sends with the same application, and one number has unknown messages nobody can tell apart."""
    monkeypatch.setattr(reports, "_SLICE", 2)
    twice = [lose_an_answer(site, OTHER), lose_an_answer(site, OTHER)]
    tell("SMS_REPORT", report(twice[0], phone=OTHER, msgId="1"), nonce="1")
    tell("SMS_REPORT", report(twice[0], phone=OTHER, msgId="2"), nonce="2")
    received = Report.objects.get(msg_id="1").received_at
    for index in range(20):
        of_others = {"msg_id": f"9{index}", "mobile_hash": f"{index:032d}"}
        Report.objects.create(status=4001, received_at=received, **of_others)
    with count_statements() as statements:
        assert match_reports() == 0
    assert len(statements) < 15
    row = lose_an_answer(site)
    tell("SMS_REPORT", report(row, msgId=site.outbox[-1].msg_id), nonce="3")
    assert match_reports() + match_reports() == 1
    row.refresh_from_db()
    assert row.delivery == "delivered" and Report.objects.filter(applied_at=None).count() == 22


def test_two_unknown_messages_to_one_number_are_left_to_a_person(site: Any, tell: Any) -> None:
    rows = [lose_an_answer(site), lose_an_answer(site)]
    tell("SMS_REPORT", report(rows[0], msgId=site.outbox[0].msg_id))

    assert match_reports() == 0
    assert {each.status for each in Message.objects.all()} == {"unknown"}


def test_two_reports_for_one_unknown_message_are_left_to_a_person(site: Any, tell: Any) -> None:
    row = lose_an_answer(site)
    for nonce, msg_id in enumerate(("1", "2")):
        tell("SMS_REPORT", report(row, msgId=msg_id), nonce=str(nonce))

    assert match_reports() == 0


def test_nothing_is_adopted_while_a_send_to_that_number_is_under_way(site: Any, tell: Any) -> None:
    row = lose_an_answer(site)
    tell("SMS_REPORT", report(row, msgId="1"))
    VerificationCode.insert_claimed(row.created_at, mobile=MOBILE, mobile_hash=mobile_hash(MOBILE), purpose="login")

    assert match_reports() == 0


def test_a_report_that_never_comes_is_said_after_72_hours(site: Any, tell: Any) -> None:
    row = send()
    with site.settings(REPORTS="callback", APPS=conf.app_entries()):
        site.clock.advance(71 * 3600)
        assert reports.mark_missing() == 0
        site.clock.advance(3601)
        assert reports.mark_missing() == 1
    row.refresh_from_db()
    assert (row.status, row.delivery) == ("sent", "missing")
    tell("SMS_REPORT", report(row), at=time.time() + 72 * 3600 + 1)
    row.refresh_from_db()
    assert row.delivery == "delivered"


def test_where_no_reports_are_expected_none_is_missing(site: Any) -> None:
    send()
    site.clock.advance(100 * 3600)
    assert reports.mark_missing() == 0


# -- replies ----------------------------------------------------------------------------------------------


def answer(content: str) -> dict[str, Any]:
    return {"phone": MOBILE, "replyTime": int(time.time() * 1000), "content": content}


@pytest.mark.parametrize(
    "content", ["<b>x</b>", "退订不了😀", "\u202eabc", "字" * 10_000, "a\r\nb", "\x1b[31m", "=cmd()"]
)
def test_a_reply_is_kept_as_it_is(tell: Any, content: str, heard: Any) -> None:
    assert tell("SMS_REPLY", answer(content)) == 200
    assert Reply.objects.get().content == content
    assert not OptOut.objects.exists() and heard == [("reply_received", None)]


@pytest.mark.parametrize("content", ["TD", "td", " T ", "Ｒ", "r。", "退订", "“退订”", "回TD"[1:]])
def test_an_opt_out_word_is_an_opt_out(tell: Any, content: str, heard: Any) -> None:
    assert tell("SMS_REPLY", answer(content)) == 200
    row = OptOut.objects.get()
    assert (row.mobile, row.message_class, row.source, row.evidence) == (MOBILE, "marketing", "reply", content)
    assert [name for name, _ in heard] == ["reply_received", "opted_out"]


def test_a_second_opt_out_keeps_the_first_evidence(tell: Any, heard: Any) -> None:
    tell("SMS_REPLY", answer("TD"), nonce="1")
    tell("SMS_REPLY", answer("R"), nonce="2")

    assert OptOut.objects.get().evidence == "TD" and Reply.objects.count() == 2
    assert [name for name, _ in heard].count("opted_out") == 1


def test_one_notification_is_four_statements(tell: Any, count_statements: Any) -> None:
    row = send()
    with count_statements() as statements:
        assert tell("SMS_REPORT", report(row)) == 200
    assert len(statements) == 4, statements


def test_each_is_told_as_data_and_without_a_number(tell: Any, client: Client, caplog: Any) -> None:
    caplog.set_level("DEBUG")
    row, now = send(), time.time()
    for _ in range(2):
        tell("SMS_REPORT", report(row, when=int(now * 1000)), at=now)
    tell("SMS_REPORT", report(row, 4002), at=now)
    tell(MOBILE, {"a": MOBILE}, nonce="2", signature="x")
    tell("SMS_REPLY", "no JSON", nonce="3")
    records = [record.jsms for record in caplog.records if record.name == "django_jsms.events"]
    told = [each for each in records if each["event"] != "send"]
    assert [each.get("verdict", each.get("delivery")) for each in told] == [
        "delivered",
        "stored",
        "repeated",
        "forbidden",
        "forbidden",
        "unreadable",
    ]
    first = {"event": "report", "model": "message", "app": "default", "msg_id": row.msg_id}
    assert told[0] == {**first, "delivery": "delivered", "report_status": 4001}
    assert told[1]["id"] == told[2]["id"] and [each.get("reason") for each in told[3:]] == [
        "nonce_reused",
        "unsigned",
        "unreadable",
    ]
    assert MOBILE not in "".join(repr(vars(record)) for record in caplog.records)
