"""The inputs from outside that failed once, each by its shortest door; the files beside try every door × every value.

Terminals, exports, settings, foreign clients and isolation levels need more than a line, and have files of their own.
"""

from __future__ import annotations

import csv
import io
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client, RequestFactory

from django_jsms.exceptions import InvalidInput, Refused
from django_jsms.models import Callback, JobLease, Message, OptOut, Reply, Report, VerificationCode
from django_jsms.services import (
    client_ip,
    create_batch,
    pull_replies,
    queue_message,
    read_list,
    send_code,
    send_message,
    verify_code,
)
from tests import notices
from tests.conftest import MOBILE

pytestmark = [pytest.mark.django_db, pytest.mark.databases]
OTHER, THIRD = "13900139000", "13900139001"
ORDER: dict[str, Any] = {"template": "order-shipped", "params": {"no": "42"}}
NOW = int(time.time() * 1000)


@pytest.fixture
def site(shop: Any) -> Any:
    with shop.settings(APPS={"default": {"SANDBOX": shop.url, "CALLBACK_TOKENS": [notices.TOKEN]}}):
        yield shop


def reply(phone: str, content: str) -> dict[str, Any]:
    return {"phone": phone, "replyTime": NOW, "content": content}


def report(**changes: Any) -> dict[str, Any]:
    return {"msgId": "123", "phone": MOBILE, "receiveTime": NOW, "status": 4001, **changes}


# -- what JSMS says -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("odd", ["好的\ud83d", "好的\0", "好的😀"])
def test_a_pull_with_one_odd_text(site: Any, odd: str) -> None:
    replies = [reply(MOBILE, "TD"), reply(OTHER, odd), reply(THIRD, "R")]
    site.fault("status", status=200, body=json.dumps(replies), route="/v1/reply")
    assert pull_replies() and Reply.objects.count() == 3
    assert set(OptOut.objects.values_list("mobile", flat=True)) == {MOBILE, THIRD}
    JobLease.objects.all().delete()
    assert pull_replies() and not Callback.objects.filter(error="unread")


def test_an_opt_out_with_half_a_character(site: Any) -> None:
    assert notices.post(Client(), "SMS_REPLY", reply(MOBILE, "TD\ud800")) == 200
    assert OptOut.objects.get().mobile == MOBILE


@pytest.mark.parametrize("status", [2147483648, "9" * 18, -(2**40)])
def test_a_status_that_no_column_holds(site: Any, status: object) -> None:
    assert notices.post(Client(), "SMS_REPORT", report(status=status)) == 200
    assert Report.objects.count() == 1


@pytest.mark.parametrize("odd", [{"msgId": "1\0"}, {"msgId": "1\ud83d"}, {"phone": "\0"}, {"phone": "\ud83d"}])
def test_ids_and_phones_that_are_none(site: Any, odd: dict[str, str]) -> None:
    assert notices.post(Client(), "SMS_REPORT", report(**odd)) in (200, 400)
    assert Callback.objects.count() == 1


@pytest.mark.parametrize("msg_id", ["1" * 65, "1" * 128, "1\0", "1\ud83d", -1, "   ", "😀"])
def test_an_answer_whose_id_nobody_could_ask_about(site: Any, msg_id: object) -> None:
    site.fault("status", status=200, body=json.dumps({"msg_id": msg_id}), route="/v1/messages")
    assert send_message(MOBILE, **ORDER).status == "unknown" and Callback.objects.get().kind == "answer"


def test_one_nonce_for_several_kinds(site: Any) -> None:
    audit = {"tempId": 1250, "status": 1, "refuseReason": ""}
    said = {"SMS_REPLY": reply(MOBILE, "1"), "SMS_REPORT": report(), "SMS_TEMPLATE": audit}
    assert [notices.post(Client(), kind, data, nonce="7") for kind, data in said.items()] == [200, 200, 200]


@pytest.mark.parametrize(
    "body", [json.dumps({"error": {"code": 50055, "message": "some new code"}}), "<html>no</html>"]
)
def test_a_refusal_that_is_not_documented(site: Any, body: str) -> None:
    site.fault("status", status=403, body=body, route="/v1/messages")
    with pytest.raises(Refused) as caught:
        send_message(MOBILE, **ORDER)
    assert caught.value.retry_after is None and "new code" not in caught.value.message


# -- what the database makes of it --------------------------------------------------------------------------------


def test_keys_that_differ_in_case(shop: Any) -> None:
    keys = ("pay-aB3xQ", "pay-Ab3xq")
    assert len({queue_message(MOBILE, idempotency_key=key, **ORDER).pk for key in keys}) == 2


@pytest.mark.parametrize(
    "given",
    [
        {"expires_in": 3600},
        {"expires_in": timedelta.max},
        {"expires_in": timedelta(seconds=-1)},
        {"not_before": datetime.max.replace(tzinfo=UTC)},
    ],
)
def test_times_that_are_none(shop: Any, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        queue_message(MOBILE, **ORDER, **given)
    assert not Message.objects.exists()


# -- what people hand in ------------------------------------------------------------------------------------------


def test_a_short_list_in_gbk(shop: Any) -> None:
    with pytest.raises(InvalidInput, match="Say the encoding"):
        read_list(io.BytesIO(b"mobile,no\n13800138000,\xc5\xae\xca\xbf\n"), template="order-shipped")


def test_half_a_character_in_a_number(shop: Any) -> None:
    rows = [(MOBILE, {"no": "1"}), ("138\ud83d0138001", {"no": "1"})]
    batch = create_batch(template="order-shipped", recipients=rows)
    assert (batch.total, batch.rejected) == (1, 1)


def test_one_number_instead_of_a_list(shop: Any) -> None:
    with pytest.raises(InvalidInput, match="list"):
        create_batch(template="order-shipped", recipients="13811110000")


@pytest.mark.parametrize("name", ["\ufeffmobile", "手机号码", "Mobile"])
def test_rows_of_csv_with_another_name(shop: Any, name: str) -> None:
    rows = csv.DictReader(io.StringIO(f"{name},no\n{MOBILE},1\n"))
    assert create_batch(template="order-shipped", recipients=rows).total == 1


@pytest.mark.parametrize("sign", "\x1b\x0b\x85\u2028\u200e\u2066\xad\x7f")
def test_a_parameter_with_what_cannot_be_seen(shop: Any, sign: str) -> None:
    with pytest.raises(InvalidInput, match=f"U\\+{ord(sign):04X}|line break"):
        send_message(MOBILE, template="order-shipped", params={"no": f"4{sign}2"})
    assert not shop.ledger


def test_a_number_with_what_cannot_be_seen(shop: Any) -> None:
    with pytest.raises(InvalidInput, match=r"invisible character, U\+202C"):
        send_message(f"{MOBILE}\u202c", **ORDER)


@pytest.mark.parametrize("typed", [" 123456 ", "１２３４５６", "123 456"])
def test_a_code_as_people_type_it(jsms_sandbox: Any, typed: str) -> None:
    send_code(MOBILE, purpose="login")
    assert verify_code(typed, mobile=MOBILE, purpose="login").reason in ("wrong", "ok")


@pytest.mark.parametrize("token", ["\ud83d", "\0", 12, ["a"], {"a": 1}])
def test_a_token_that_is_none(jsms_sandbox: Any, token: Any) -> None:
    try:
        assert verify_code("123456", token=token, purpose="login").reason == "not_found"
    except InvalidInput as error:
        assert error.field == "token"
    assert not VerificationCode.objects.exists()


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("114.114.114.115:40000", "114.114.114.115"),
        ("[2400:3200::1]:443", "2400:3200::1"),
        ('"114.114.114.114"', "114.114.114.114"),
    ],
)
def test_an_address_with_a_port_or_in_quotes(jsms_sandbox: Any, given: str, address: str) -> None:
    with jsms_sandbox.settings(TRUSTED_PROXY_COUNT=1):
        assert client_ip(RequestFactory().get("/", headers={"X-Forwarded-For": given})) == address
