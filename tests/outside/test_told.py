"""Every door through which JSMS tells something × every value: stored, applied or refused, and it blocks nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import InterfaceError, OperationalError, connection
from django.test import Client

from django_jsms.client.callbacks import sign
from django_jsms.client.shapes import loads
from django_jsms.client.told import Reply as reply_of_jsms
from django_jsms.exceptions import InvalidInput, JSMSError, NoAnswer
from django_jsms.models import Callback, JobLease, Message, OptOut, Reply, Report, Template
from django_jsms.models.base import now
from django_jsms.services import (
    adopt_schedule,
    adopt_signature,
    adopt_template,
    cancel_schedule,
    create_batch,
    create_template,
    get_account_balance,
    get_balance,
    match_reports,
    pull_replies,
    pull_reports,
    reprocess_callback,
    run_pending,
    schedule_message,
    send_message,
    start_batch,
    told,
    update_schedule,
)
from django_jsms.services.clients import get_client
from tests import notices
from tests.conftest import MOBILE
from tests.notices import TOKEN

from .values import VALUES, put

pytestmark = [pytest.mark.django_db, pytest.mark.databases]
OTHER = "13900139000"
#: A member of each record in turn is the value.
REPORT = {"msgId": "288193860302", "phone": OTHER, "receiveTime": 1575015093000, "status": 4001}
REPLY = {"phone": OTHER, "replyTime": 1575015093000, "content": "好的"}
TEMPLATE = {"tempId": 1250, "status": 2, "refuseReason": "含链接"}
SIGN = {"signId": 5, "status": 2, "refuseReason": "含链接"}
RECORDS = {"SMS_REPORT": REPORT, "SMS_STATE": REPORT, "SMS_REPLY": REPLY, "SMS_TEMPLATE": TEMPLATE, "SMS_SIGN": SIGN}


def members(records: dict[str, dict[str, Any]]) -> list[tuple[str, str]]:
    return [(door, member) for door, record in records.items() for member in record]


def marked(record: dict[str, Any], member: str) -> str:
    return json.dumps({**record, member: "?"}, ensure_ascii=False)


@pytest.fixture
def site(shop: Any) -> Any:
    """A template and a signature that a review may be about, and a message that waits for its report."""
    adopt_template(1250)
    secrets = {"SANDBOX": shop.url, "CALLBACK_TOKENS": [TOKEN], "DEV_KEY": "sandbox", "DEV_SECRET": "sandbox"}
    with shop.settings(APPS={"default": secrets}):
        yield shop


@pytest.fixture
def everything_can_be_read() -> Any:
    """SQLite takes what it cannot give back."""
    yield
    for model in apps.get_app_config("django_jsms").get_models():
        for row in model._default_manager.all():
            str(row)


def post(kind: str, data: str, nonce: int) -> int:
    return notices.post(Client(), kind, data, nonce=str(nonce))


def none_is_left() -> None:
    assert not Callback.objects.filter(error__in=("unread", "")).filter(applied_at=None)
    assert not Callback.objects.filter(error__startswith="failed")
    assert match_reports() == 0


# -- what is told by a callback or a pull --------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "member"), members(RECORDS))
def test_each_member_of_a_signed_callback(site: Any, everything_can_be_read: Any, kind: str, member: str) -> None:
    form = marked(RECORDS[kind], member)
    for nonce, (name, value) in enumerate(VALUES.items()):
        assert post(kind, put(form, value), nonce) in (200, 400), name
        assert Callback.objects.count() == nonce + 1, name
    none_is_left()


@pytest.mark.parametrize("value", VALUES)
def test_what_is_no_object_at_all_and_kinds_that_are_none(site: Any, value: str, everything_can_be_read: Any) -> None:
    for nonce, kind in enumerate(RECORDS):
        assert post(kind, VALUES[value], nonce) == 400
    text = json.loads(VALUES[value].replace("9" * 5000, "9" * 50), strict=False)
    assert post(str(text)[:300], json.dumps(REPORT), 99) == 200
    assert Callback.objects.filter(applied_at=None).count() == len(RECORDS) + 1


@pytest.mark.core
@pytest.mark.parametrize("kind", [*told.PULLED, told.ANSWER, "other", "", "sms_reply", "SMS_REPLY ", "x" * 300])
def test_no_notification_passes_for_what_the_package_itself_has_stored(site: Any, kind: str) -> None:
    """The kind is not signed, and a valid form may be valid JSON."""
    at = str(int(time.time() * 1000))
    signed = f"nonce=1&timestamp={at}&signature={sign('sandbox', 'sandbox', '1', at)}&type={kind}&data=x&z="
    entries = [1] * 4000 + [{**REPLY, "content": "TD"}]
    body = json.dumps([f"&{signed}", *entries])

    assert Client().post(notices.URL, body, content_type=notices.FORM).status_code == 200
    (kept,) = Callback.objects.all()
    assert kept.kind == f"other {kind}"[:32] and kept.error == "unknown_kind"
    assert reprocess_callback(kept) == "unknown_kind"
    assert not OptOut.objects.exists() and not Reply.objects.exists()


PULLS: dict[str, tuple[Callable[[], Any], str]] = {
    "SMS_REPORT": (pull_reports, "/v1/report"),
    "SMS_REPLY": (pull_replies, "/v1/reply"),
}


@pytest.mark.parametrize(("kind", "member"), members({kind: RECORDS[kind] for kind in PULLS}))
def test_each_member_of_a_pulled_record_spoils_no_other(
    site: Any, everything_can_be_read: Any, kind: str, member: str
) -> None:
    pull, route = PULLS[kind]
    row = send_message(MOBILE, template="order-shipped", params={"no": "42"})
    good = {**RECORDS[kind], "phone": MOBILE}
    good |= {"msgId": row.msg_id} if kind == "SMS_REPORT" else {"content": "回复R"}
    entries = [put(marked(RECORDS[kind], member), value) for value in VALUES.values()]
    body = f"[{', '.join([*entries, *VALUES.values(), json.dumps(good)])}]"
    site.fault("status", status=200, body=body, route=route)

    pulled = pull()
    assert pulled and pulled.records + pulled.unreadable == len(entries) + len(VALUES) + 1
    row.refresh_from_db()
    assert (row.delivery == "delivered") if kind == "SMS_REPORT" else OptOut.objects.filter(mobile=MOBILE).exists()
    kept = Report.objects.count() if kind == "SMS_REPORT" else Reply.objects.count()
    left = [loads(bytes(callback.body).decode()) for callback in Callback.objects.filter(applied_at=None)]
    assert kept + sum(map(len, left)) == len(entries) + len(VALUES) + 1 and len(left) <= 2
    none_is_left()
    JobLease.objects.all().delete()
    assert pull() is not None  # the next one asks again


def losing_a_race(monkeypatch: Any, times: int = 1) -> None:
    """The first tries to apply a reply end in a deadlock."""
    real, left = told._EFFECTS[reply_of_jsms], [times]

    def effect(*arguments: Any) -> Any:
        if left[0]:
            left[0] -= 1
            error = OperationalError(1213, "Deadlock found")
            error.__cause__ = type("Cause", (Exception,), {"sqlstate": "40P01"})()
            raise error
        return real(*arguments)

    monkeypatch.setitem(told._EFFECTS, reply_of_jsms, effect)


def test_what_lost_a_race_is_applied_by_the_next_try(site: Any, monkeypatch: Any) -> None:
    losing_a_race(monkeypatch)
    assert post("SMS_REPLY", json.dumps({**REPLY, "content": "TD"}), 1) == 200
    assert OptOut.objects.count() == 1
    none_is_left()


def test_what_cannot_be_applied_yet_keeps_no_text_in_its_frames(site: Any, monkeypatch: Any) -> None:
    losing_a_race(monkeypatch, times=100)
    site._server.reply(OTHER, "TD")
    with pytest.raises(OperationalError) as caught:
        pull_replies()
    frames = [frame.frame.f_locals for frame in caught.traceback if "django_jsms" in str(frame.path)]
    assert not [name for values in frames for name, value in values.items() if OTHER in repr(value)]


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_what_cannot_be_stored_is_asked_for_again(site: Any, monkeypatch: Any, caplog: Any, error: Any) -> None:
    def save(*arguments: Any, **more: Any) -> None:
        raise error(OTHER)

    monkeypatch.setattr(Callback, "save", save)
    assert post("SMS_REPLY", json.dumps(REPLY), 1) == 503
    assert OTHER not in caplog.text and not any(record.exc_info for record in caplog.records if "jsms" in record.name)


@pytest.mark.parametrize("told_time", [-5 * 86_400_000, None])
def test_a_report_that_outran_its_row_settles_it_whatever_its_time(site: Any, told_time: int | None) -> None:
    at = int(time.time() * 1000) + told_time if told_time else 1_400_000_000_000
    assert post("SMS_REPORT", json.dumps({**REPORT, "receiveTime": at}), 1) == 200
    row = send_message(OTHER, template="order-shipped", params={"no": "42"})
    Message.objects.filter(pk=row.pk).update(msg_id=REPORT["msgId"])
    assert match_reports() == 1
    row.refresh_from_db()
    assert row.delivery == "delivered"


def test_the_three_replies_of_the_list(site: Any) -> None:
    said = [("13800138001", '"TD"'), ("13800138002", '"好的\\ud83d"'), ("13800138003", '"R"')]
    body = ", ".join(f'{{"phone": "{phone}", "content": {content}}}' for phone, content in said)
    site.fault("status", status=200, body=f"[{body}]", route="/v1/reply")

    pulled = pull_replies()
    assert pulled and pulled.records == 3
    assert set(OptOut.objects.values_list("mobile", flat=True)) == {"13800138001", "13800138003"}
    assert Reply.objects.get(mobile="13800138002").content == "好的\ufffd"


def test_a_callback_whose_opt_out_holds_half_an_emoji_is_heard(site: Any) -> None:
    assert post("SMS_REPLY", '{"phone": "13900139000", "replyTime": 1575015093000, "content": "TD\\ud800"}', 1) == 200
    assert OptOut.objects.get().mobile == OTHER


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "mysql", reason="only MySQL has a character set of three bytes")
def test_an_emoji_in_a_column_of_three_bytes_is_replaced(site: Any) -> None:
    def columns(charset: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE django_jsms_reply MODIFY content longtext CHARACTER SET {charset} NOT NULL")
            cursor.execute(
                f"ALTER TABLE django_jsms_optout MODIFY evidence varchar(100) CHARACTER SET {charset} NOT NULL"
            )

    columns("utf8mb3")
    try:
        assert post("SMS_REPLY", json.dumps({**REPLY, "content": "退订😀"}), 1) == 200
        assert (Reply.objects.get().content, OptOut.objects.get().mobile) == ("退订\ufffd", OTHER)
    finally:
        columns("utf8mb4")


# -- what is answered ----------------------------------------------------------------------------------------------

IN_TWO_HOURS = (now() + timedelta(hours=2)).strftime("%Y-%m-%d %H:%M:%S")
LISTED = {"mobile": OTHER, "msg_id": "1", "temp_para": {"no": "1"}, "error_code": "", "error_message": ""}
HELD = {"schedule_id": "abc", "send_time": IN_TWO_HOURS, "temp_id": 1250}
READ = {"temp_id": 1250, "template": "订单{{no}}已发货", "type": 2, "ttl": 60, "remark": "", "status": 1}
SIGNED = {"sign_id": 5, "sign": "某某商城", "status": 1, "is_default": 0, "use_status": 1}
POOLS = ("balance", "voice", "industry", "market")


def chunk() -> Any:
    start_batch(create_batch(template="order-shipped", recipients=[(MOBILE, {"no": "1"}), (OTHER, {"no": "1"})]))
    run_pending()
    assert not Message.objects.filter(status__in=("waiting", "sending"))


def template(shop: Any = None) -> Any:
    return create_template(f"订单{{{{no}}}}第{Template.objects.count()}次发货", type="notice")


def held(act: Callable[[Any], Any]) -> Any:
    schedule = schedule_message(
        MOBILE, template="order-shipped", params={"no": "1"}, send_at=now() + timedelta(hours=2)
    )
    return act(schedule)


#: A record with one mark a member, the route whose next answer it is, and what asks for it.
ANSWERS: dict[str, tuple[dict[str, Any], str, Callable[[], Any]]] = {
    "a chunk": ({"success_count": 1, "failure_count": 0, "recipients": []}, "/v1/messages/batch", chunk),
    "a schedule read": ({**HELD, "recipients": [LISTED]}, "/v1/schedule/abc", lambda: adopt_schedule("abc")),
    "a schedule changed": (
        {"schedule_id": "abc"},
        "/v1/schedule/{schedule_id}",
        lambda: held(lambda schedule: update_schedule(schedule, params={"no": "2"})),
    ),
    "a schedule cancelled": (
        {"error": {}},
        "/v1/schedule/{schedule_id}",
        lambda: held(cancel_schedule),
    ),
    "a template read": (READ, "/v1/templates/1250", lambda: adopt_template(1250)),
    "a template handed in": ({"temp_id": 7}, "/v1/templates", template),
    "a signature read": (SIGNED, "/v1/sign/5", lambda: adopt_signature(5)),
    "the app's balance": ({f"app_{pool}": 1 for pool in POOLS}, "/v1/accounts/app", get_balance),
    "the account's balance": ({f"dev_{pool}": 1 for pool in POOLS}, "/v1/accounts/dev", get_account_balance),
    "a check": (
        {"is_valid": False, "error": {}},
        "/v1/codes/1/valid",
        lambda: get_client("default").verify_code("1", "123456"),
    ),
}


def ask(site: Any, door: str, body: str, **more: Any) -> None:
    """Whatever comes is a result or one of our errors, and never the program's or the database's."""
    _, route, call = ANSWERS[door]
    site.fault("status", status=more.pop("status", 200), body=body, route=route)
    try:
        call()
    except InvalidInput as error:
        raise AssertionError(f"the answer was taken for the caller's: {error}") from error
    except JSMSError as error:
        assert isinstance(error, NoAnswer) or error.reason
    assert not site._server.state.faults._queue, "it was not asked"


@pytest.mark.parametrize(("door", "member"), members({door: given[0] for door, given in ANSWERS.items()}))
def test_each_member_of_each_answer(site: Any, everything_can_be_read: Any, door: str, member: str) -> None:
    form = marked(ANSWERS[door][0], member)
    for value in VALUES.values():
        ask(site, door, put(form, value))


@pytest.mark.parametrize("member", LISTED)
@pytest.mark.parametrize("door", ["a chunk", "a schedule read"])
def test_each_member_of_a_recipient_in_an_answer(
    site: Any, everything_can_be_read: Any, door: str, member: str
) -> None:
    record = ANSWERS[door][0]
    form = json.dumps({**record, "recipients": [{**LISTED, member: "?"}]}, ensure_ascii=False)
    for value in VALUES.values():
        ask(site, door, put(form, value))


@pytest.mark.parametrize("member", ["code", "message"])
@pytest.mark.parametrize("status", [200, 400, 403])
def test_each_member_of_an_error(site: Any, everything_can_be_read: Any, member: str, status: int) -> None:
    form = json.dumps({"error": {"code": 50055, "message": "no", member: "?"}})
    for value in VALUES.values():
        for door in ("a chunk", "a template read", "the app's balance", "a check"):
            ask(site, door, put(form, value), status=status)
