"""Callbacks as pure functions: the signature vectors of jsms-api 3.3, the window, and what a notification says."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from django_jsms.client import callbacks
from django_jsms.client.callbacks import Form, Review
from django_jsms.client.shapes import WrongShape

SAMPLE = ("dev_sample_appKey", "dev_sample_appMasterSecret")
VECTORS = [
    (*SAMPLE, "9078159024943867327", "1559050046277", "b2224c3307287bd354dc9761ceaaaa666eaeea2a"),
    (*SAMPLE, "7659972084945889195", "1492150740274", "57858e063e5a802e09f7e87169b587701537d4d9"),
    (*SAMPLE, "-1234567890123456789", "1700000000000", "25edd8f862be622a9403cd6f74221dde4934cf6c"),
    ("a" * 24, "b" * 24, "-1234567890123456789", "1700000000000", "e6367d9174818d1136896b94bf2093e6ea570173"),
]
SAMPLE_BODY = (
    b"nonce=9078159024943867327&timestamp=1559050046277&signature=b2224c3307287bd354dc9761ceaaaa666eaeea2a"
    b"&type=SMS_REPORT&data=%7B%22msgId%22%3A%221857496%22%2C%22phone%22%3A%2213000000000%22%2C%22receiveTime%22"
    b"%3A1492150740292%2C%22status%22%3A4001%7D"
)
THEN = datetime(2019, 5, 28, 13, 27, 26, 277000, tzinfo=UTC)
REPORT = '{"msgId":"1857496","phone":"13000000000","receiveTime":1492150740292,"status":4001}'


def verified(form: Form, at: datetime = THEN) -> bool:
    return callbacks.verify(form, app_key=SAMPLE[0], master_secret=SAMPLE[1], at=at)


def changed(**fields: str) -> Form:
    form = Form.read(SAMPLE_BODY)
    return Form(**{name: fields.get(name, getattr(form, name)) for name in Form.__slots__})


@pytest.mark.parametrize(("key", "secret", "nonce", "timestamp", "signature"), VECTORS)
def test_the_published_signatures(key: str, secret: str, nonce: str, timestamp: str, signature: str) -> None:
    assert callbacks.sign(key, secret, nonce, timestamp) == signature


def test_the_documented_body_is_verified_and_read() -> None:
    form = Form.read(SAMPLE_BODY)
    said: Any = callbacks.parse(form)

    assert verified(form)
    assert (said.msg_id, said.mobile, said.status) == ("1857496", "13000000000", 4001)
    assert "13000000000" not in repr(said)


@pytest.mark.parametrize(
    "fields",
    [
        {"signature": "b2224c3307287bd354dc9761ceaaaa666eaeea2A"},
        {"signature": ""},
        {"signature": "签名" * 20},
        {"signature": "\ud800"},
        {"nonce": "9078159024943867328"},
        {"nonce": ""},
        {"nonce": "1" * 25},
        {"nonce": "９078159024943867327"},
        {"nonce": "9078159024943867327\n"},
        {"timestamp": "1559050046278"},
        {"timestamp": "1559050046"},
        {"timestamp": "abc"},
        {"timestamp": "-559050046277"},
        {"timestamp": "1559050046277\x80"},
        {"timestamp": "7258118400000"},
    ],
)
def test_nothing_else_is_verified(fields: dict[str, str]) -> None:
    assert not verified(changed(**fields))


@pytest.mark.parametrize(
    ("after", "accepted"),
    [
        (timedelta(hours=14), True),
        (timedelta(hours=14, seconds=1), False),
        (-timedelta(minutes=5), True),
        (-timedelta(minutes=5, seconds=1), False),
    ],
)
def test_the_window_of_its_age(after: timedelta, accepted: bool) -> None:
    assert verified(Form.read(SAMPLE_BODY), THEN + after) is accepted


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b"nonce", b"&".join([b"a=1"] * 30), b"nonce=%ff", b"nonce=1&nonce=2", b"{}"]
)
def test_any_body_is_read_and_none_of_these_is_verified(body: bytes) -> None:
    assert not verified(Form.read(body))


@pytest.mark.parametrize("place", ["first", "last", "in between"])
@pytest.mark.parametrize(
    "content",
    [
        *("TD", "TD&", "&" * 30, "a=b&type=x&data=y&nonce=1", "TD}", "{}", "100%", "a;b", "退订", "&data={", ""),
        *("C++ a&b=c+1", "+86", "100%25", "%E9%80%80", "a+b\n\x1b", "%", "%0"),
    ],
)
def test_json_that_was_not_percent_encoded_is_read(content: str, place: str) -> None:
    """As in JSMS's own samples for curl: in any place, and whatever stands in it."""
    fields = ["nonce=1", "timestamp=2", "signature=3", "type=SMS_REPLY", "more=4"]
    at = {"first": 0, "in between": 2, "last": 5}[place]
    data = json.dumps({"phone": "13000000000", "replyTime": 1, "content": content}, ensure_ascii=False)
    form = Form.read("&".join([*fields[:at], f"data={data}", *fields[at:]]).encode())

    assert (form.nonce, form.timestamp, form.signature, form.type) == ("1", "2", "3", "SMS_REPLY")
    said: Any = callbacks.parse(form)
    assert said.content == content


@pytest.mark.parametrize(
    "data",
    [
        "{%22phone%22:%2213000000000%22,%22content%22:%22a+b%2B%22}",
        "{+%22phone%22%3A+%2213000000000%22,%22content%22:%22a+b%2b%22+}",
    ],
)
def test_json_of_which_only_some_was_percent_encoded_is_read(data: str) -> None:
    said: Any = callbacks.parse(Form.read(f"type=SMS_REPLY&data={data}".encode()))
    assert (said.mobile, said.content) == ("13000000000", "a b+")


@pytest.mark.parametrize("data", ["{", "{&a=}", "{}&data={}", "}", "{%22", '{"a":1}&data=1', "%7B%7D&data={}"])
def test_what_is_none_is_read_all_the_same(data: str) -> None:
    form = Form.read(f"data={data}&nonce=1".encode())
    assert form.nonce == "1"
    with pytest.raises(WrongShape):
        callbacks.parse(Form(type="SMS_REPLY", data=form.data))


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        ("SMS_TEMPLATE", '{"tempId":57496,"status":1,"refuseReason":null}', Review(57496, 1, "")),
        ("SMS_TEMPLATE", '{"tempId":"57496","status":"2","refuseReason":"含链接"}', Review(57496, 2, "含链接")),
        ("SMS_SIGN", '{"signId":123,"status":1}', Review(123, 1, "")),
    ],
)
def test_audits(kind: str, data: str, expected: Review) -> None:
    assert callbacks.parse(Form(type=kind, data=data)) == expected


def test_a_reply() -> None:
    said: Any = callbacks.parse(Form(type="SMS_REPLY", data='{"phone":"13000000000","replyTime":1,"content":"TD"}'))

    assert (said.mobile, said.content) == ("13000000000", "TD")


@pytest.mark.parametrize(
    "data", ["", "{", "[]", "null", "1", '"x"', "[" * 100_000, '{"status":NaN}', "{}", '{"msgId":null}', "1" * 5000]
)
def test_data_that_says_nothing(data: str) -> None:
    with pytest.raises(WrongShape):
        callbacks.parse(Form(type="SMS_REPORT", data=data))


RECORD = {"msgId": "288193860302", "phone": "13000000000", "status": 4001}


@pytest.mark.parametrize(
    ("kind", "data", "en", "zh"),
    [
        ("SMS_REPORT", "{", "data is not JSON", "data 不是 JSON"),
        ("SMS_REPORT", "[]", "data is no JSON object", "data 不是 JSON 对象"),
        ("SMS_REPORT", {**RECORD, "msgId": "7" * 65}, "msgId is no id: that has 1 to 64", "msgId 不是有效编号"),
        ("SMS_REPORT", {**RECORD, "msgId": "7\0"}, "msgId is no id", "msgId 不是有效编号"),
        ("SMS_REPORT", {**RECORD, "msgId": None}, "msgId is missing or of a wrong kind", "msgId 缺失或类型不符"),
        ("SMS_REPORT", {**RECORD, "phone": "1" * 33}, "phone is no number", "phone 不是号码"),
        *(
            ("SMS_REPORT", {**RECORD, "status": value}, "status is missing or of a wrong kind", "status 缺失")
            for value in (None, 4001.5, True, [])
        ),
        ("SMS_REPLY", {"phone": "13000000000", "content": 7.5}, "content is missing", "content 缺失"),
        ("SMS_TEMPLATE", {"tempId": 0, "status": 1}, "tempId is missing", "tempId 缺失"),
    ],
)
def test_what_cannot_be_read_is_named_with_what_is_wrong(kind: str, data: Any, en: str, zh: str) -> None:
    with pytest.raises(WrongShape) as caught:
        callbacks.parse(Form(type=kind, data=data if isinstance(data, str) else json.dumps(data)))
    assert caught.value.explain("en").startswith(en) and caught.value.explain("zh-hans").startswith(zh)


def test_a_type_of_the_future() -> None:
    assert callbacks.parse(Form(type="SMS_DREAM", data="{}")) is None


@pytest.mark.parametrize("text", ["", "<script>", "a" * 33, "a\r\nb", "ab-cd", "é"])
def test_only_short_plain_text_is_echoed(text: str) -> None:
    assert callbacks.echo("Ab3dEf9h") == "Ab3dEf9h"
    assert callbacks.echo(text) is None


def test_a_body_of_utf_8_survives() -> None:
    body = b"type=SMS_REPLY&data=" + quote('{"phone":"13000000000","replyTime":1,"content":"退订😀"}').encode()
    said: Any = callbacks.parse(Form.read(body))

    assert said.content == "退订😀"


def test_a_bare_line_break_in_a_text_spoils_nothing() -> None:
    said: Any = callbacks.parse(Form(type="SMS_REPLY", data='{"phone":"13000000000","content":"TD\n\x1b\t"}'))

    assert said.content == "TD\n\x1b\t"
