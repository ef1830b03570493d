"""What never reaches the wire."""

import socket
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from django_jsms.client import JSMSClient, Timeout, times
from django_jsms.client.times import from_wire, wall
from django_jsms.exceptions import InvalidInput

NEW_YORK = ZoneInfo("America/New_York")

NOON = datetime(2027, 1, 1, 4, tzinfo=UTC)
SCHEDULE = "1a886e7c-a267-49e6-9970-0d396ca5bb1e"
MOBILE = "13800138000"


@pytest.fixture
def client(monkeypatch):
    """Any attempt to open a socket fails the test."""

    def refuse(*args, **kwargs):
        raise AssertionError("a bad input reached the network")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return JSMSClient("key", "secret", "http://127.0.0.1:9/v1")


BAD_PATHS = [
    "",
    "../messages/batch?",
    "%2e%2e",
    "..",
    "a/b",
    "a?b",
    "a#b",
    "1" * 65,
    "码",
    "a\n",
    " a",
    None,
    5,
    "-",
    "a.b",
    "a%2fb",
]


@pytest.mark.core
@pytest.mark.parametrize("bad", BAD_PATHS)
def test_an_id_can_never_lead_to_another_endpoint(bad, client):
    for call, field in [
        (lambda: client.verify_code(bad, "123456"), "msg_id"),
        (lambda: client.get_schedule(bad), "schedule_id"),
        (lambda: client.delete_schedule(bad), "schedule_id"),
        (lambda: client.update_schedule(bad, NOON, MOBILE, 1), "schedule_id"),
        (lambda: client.update_batch_schedule(bad, NOON, 1, [(MOBILE, None)]), "schedule_id"),
    ]:
        with pytest.raises(InvalidInput) as caught:
            call()
        assert (caught.value.field, caught.value.reason) == (field, f"invalid_{field}")


@pytest.mark.core
@pytest.mark.parametrize("bad", [0, -1, True, 1.5, "1", None, 2**31, 2**63, 10**4000, "../sign/1"])
def test_a_template_and_a_signature_are_small_integers(bad, client):
    calls = [
        lambda: client.get_template(bad),
        lambda: client.send_code(MOBILE, bad),
        lambda: client.get_signature(bad),
    ]
    for call, field in zip(calls, ("temp_id", "temp_id", "sign_id"), strict=True):
        with pytest.raises(InvalidInput) as caught:
            call()
        assert caught.value.reason == f"invalid_{field}"


CALLS = {
    "mobile as a number": (lambda c: c.send_code(13800138000, 1), "mobile", "invalid_mobile"),
    "no mobile": (lambda c: c.send_code("", 1), "mobile", "invalid_mobile"),
    "an endless mobile": (lambda c: c.send_code("1" * 33, 1), "mobile", "invalid_mobile"),
    "a code as a number": (lambda c: c.verify_code("1", 123456), "code", "invalid_code"),
    "no code": (lambda c: c.verify_code("1", ""), "code", "invalid_code"),
    "a language as text": (lambda c: c.send_voice_code(MOBILE, voice_lang="0"), "voice_lang", "invalid_voice_lang"),
    "a language that is true": (
        lambda c: c.send_voice_code(MOBILE, voice_lang=True),
        "voice_lang",
        "invalid_voice_lang",
    ),
    "a ttl of a billion": (lambda c: c.send_voice_code(MOBILE, ttl=1e9), "ttl", "invalid_ttl"),
    "parameters in a list": (lambda c: c.send_message(MOBILE, 1, ["x"]), "temp_para", "invalid_temp_para"),
    "a parameter that is None": (lambda c: c.send_message(MOBILE, 1, {"a": None}), "temp_para", "invalid_param"),
    "a parameter that is a dict": (lambda c: c.send_message(MOBILE, 1, {"a": {}}), "temp_para", "invalid_param"),
    "a parameter that is true": (lambda c: c.send_message(MOBILE, 1, {"a": True}), "temp_para", "invalid_param"),
    "a parameter that is NaN": (
        lambda c: c.send_message(MOBILE, 1, {"a": float("nan")}),
        "temp_para",
        "invalid_param",
    ),
    "a parameter without a name": (lambda c: c.send_message(MOBILE, 1, {1: "a"}), "temp_para", "invalid_param"),
    "half a character": (lambda c: c.send_message(MOBILE, 1, {"a": "\ud83d"}), "body", "invalid_text"),
    "nobody": (lambda c: c.send_batch(1, []), "recipients", "no_recipients"),
    "a thousand and one": (lambda c: c.send_batch(1, [(MOBILE, None)] * 1001), "recipients", "too_many_recipients"),
    "without end": (lambda c: c.send_batch(1, iter(lambda: (MOBILE, None), 0)), "recipients", "too_many_recipients"),
    "recipients as text": (lambda c: c.send_batch(1, MOBILE), "recipients", "invalid_recipients"),
    "recipients as a mapping": (lambda c: c.send_batch(1, {MOBILE: {}}), "recipients", "invalid_recipients"),
    "recipients without parameters": (lambda c: c.send_batch(1, [MOBILE]), "recipients", "invalid_recipients"),
    "a long tag": (lambda c: c.send_batch(1, [(MOBILE, None)], tag="x" * 11), "tag", "invalid_tag"),
    "a naive time": (lambda c: c.create_schedule(datetime(2027, 1, 1), MOBILE, 1), "send_at", "invalid_send_at"),
    "a time as text": (lambda c: c.create_schedule("2027-01-01", MOBILE, 1), "send_at", "invalid_send_at"),
    "a template of no text": (lambda c: c.create_template(None, 1), "template", "invalid_template"),
    "a type as text": (lambda c: c.create_template("x", "1"), "type", "invalid_type"),
    "a remark that is none": (lambda c: c.create_template("x", 1, remark=5), "remark", "invalid_remark"),
    "a long signature": (lambda c: c.create_signature("签" * 17), "sign", "invalid_sign"),
    "a file as bytes": (lambda c: c.create_signature("签名", idCardImage=b"x"), "idCardImage", "invalid_part"),
    "a file of 3 MB": (
        lambda c: c.create_signature("签名", idCardImage=("a", bytes(3 << 20))),
        "idCardImage",
        "invalid_image",
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_bad_inputs_are_refused_before_the_wire(name, client):
    call, field, reason = CALLS[name]
    with pytest.raises(InvalidInput) as caught:
        call(client)
    error = caught.value
    assert (error.field, error.reason) == (field, reason)
    assert error.explain("zh") != str(error)
    assert MOBILE not in str(error) + error.explain("zh")


BAD_URLS = [
    "",
    None,
    "api.sms.jpush.cn/v1",
    "ftp://h/v1",
    "http://",
    "https://u:p@h/v1",
    "https://h/v1?a=1",
    "https://h/v1#a",
    "https://h/ v1",
    "https://h:port/v1",
    "https://h/v1\n",
    "https://例.cn/v1",
    "https://[::1/v1",
    "https://h:0/v1",
]


@pytest.mark.parametrize("url", BAD_URLS)
def test_addresses_that_are_none(url):
    with pytest.raises(InvalidInput) as caught:
        JSMSClient("key", "secret", url)
    assert caught.value.reason == "invalid_base_url"
    assert "u:p" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:5767/v1/", "https://gateway.example/jsms/v1", "http://[::1]:80"])
def test_addresses_that_are_some(url):
    assert JSMSClient("key", "secret", url).base_url == url.rstrip("/")


@pytest.mark.parametrize("bad", ["", None, "密钥", "a b", "a\r\nX: y", "x" * 257, b"key", 5])
def test_keys_are_visible_ascii(bad):
    for args, field in [((bad, "secret"), "app_key"), (("key", bad), "master_secret")]:
        with pytest.raises(InvalidInput) as caught:
            JSMSClient(*args)
        assert caught.value.field == field
        assert "X: y" not in str(caught.value)
    with pytest.raises(InvalidInput):
        JSMSClient("key", "secret", dev_key=bad or "", dev_secret="x")


def test_a_key_with_a_colon_would_be_another_key():
    with pytest.raises(InvalidInput):
        JSMSClient("a:b", "secret")
    assert JSMSClient("a", "b:secret")


def test_a_bundle_of_authorities_is_a_file(tmp_path):
    with pytest.raises(InvalidInput) as caught:
        JSMSClient("key", "secret", ca_bundle=str(tmp_path / "absent.pem"))
    assert caught.value.field == "ca_bundle"


@pytest.mark.parametrize("bad", [0, -1, None, True, float("nan"), float("inf"), "3", 601])
def test_timeouts_are_seconds(bad):
    for values in ((bad, 1, 1), (1, bad, 1), (1, 1, bad)):
        with pytest.raises(InvalidInput) as caught:
            Timeout(*values)
        assert caught.value.field == "timeout"


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2026, 12, 31, 16, 0, 0, 999999, tzinfo=UTC), "2027-01-01 00:00:00"),
        (datetime(2027, 3, 14, 2, 30, tzinfo=timezone(timedelta(hours=-5))), "2027-03-14 15:30:00"),
        (datetime(2027, 1, 1, 8, tzinfo=times.BEIJING), "2027-01-01 08:00:00"),
        (datetime(1, 1, 2, tzinfo=UTC), "0001-01-02 08:00:00"),
        (datetime(2026, 11, 30, 23, 30, tzinfo=NEW_YORK), "2026-12-01 12:30:00"),
        (datetime(2026, 7, 1, 23, 30, tzinfo=NEW_YORK), "2026-07-02 11:30:00"),
        # The night in November in which 1:30 comes twice, and the one in March in which 2:30 does not.
        (datetime(2026, 11, 1, 1, 30, tzinfo=NEW_YORK), "2026-11-01 13:30:00"),
        (datetime(2026, 11, 1, 1, 30, fold=1, tzinfo=NEW_YORK), "2026-11-01 14:30:00"),
        (datetime(2026, 3, 8, 3, 0, tzinfo=NEW_YORK), "2026-03-08 15:00:00"),
    ],
)
def test_beijing_wall_time(moment, expected):
    assert wall(moment) == expected
    assert times.from_wall(expected).timestamp() == moment.replace(microsecond=0).timestamp()


@pytest.mark.parametrize(
    "moment", [datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=timezone(timedelta(hours=9)))]
)
def test_times_beyond_the_calendar(moment):
    with pytest.raises(InvalidInput):
        wall(moment)


@pytest.mark.parametrize(
    "value", [None, True, -1, 10**14, 1.5, "", "soon", "１２３", [], "2027-13-01 00:00:00", "Xyz CST 1"]
)
def test_moments_that_are_none(value):
    with pytest.raises(ValueError):
        from_wire(value)
