"""A thousand bodies that nobody should send: each answers as it should, spends nothing, and echoes nothing."""

import itertools
import json
import logging

import pytest

from tests.conftest import MOBILE

from .test_codes import SHAPE

pytestmark = pytest.mark.django_db
#: Digits that no answer and no log line may hold.
CANARY = "13912345678"

JSON = "application/json"
TOO_DEEP = "[" * 100_000 + "]" * 100_000
ASK, RESEND, CHECK = "codes/", "codes/resend/", "codes/check/"
GOOD = {
    ASK: {"mobile": CANARY, "purpose": "login"},
    RESEND: {"token": "unknown"},
    CHECK: {"token": "unknown", "purpose": "login", "code": "246810"},
}

# -- bodies that are no object (B36–B39) ---------------------------------------------------------------------

NO_OBJECT = [
    "null", "[]", '"x"', "1", "true", "{", "}", "{]", "[1,2", '{"a"}', "{a: 1}", "{'a': 1}", "{}{}", "{} x", "//", "",
    '{"a": NaN}', '{"a": Infinity}', '{"a": -Infinity}', '{"a": 01}', '{"a": .5}', '{"a": 1,}', '{"a": 1e999}',
    '{"a": "\\ud800"}', '{"a": "\\udfff\\ud800"}', '{"mobile": "1", "mobile": "2"}', '{"a": {"b": 1, "b": 2}}',
    '{"a": ' + "9" * 5000 + "}", TOO_DEEP, '{"a":' * 50 + "1" + "}" * 50, '{"a": ' + "[" * 21 + "]" * 21 + "}",
    b"\xef\xbb\xbf{}", "{}".encode("utf-16"), b'{"a": "\xff"}', b"\x00", b"{}\x00", b"\x1f\x8b\x08",
]  # fmt: skip
TOO_LARGE = [b"x" * (3 * 1024 * 1024), '{"mobile": "' + "1" * (1024 * 1024) + '"}']
RAW = [*((raw, 400) for raw in NO_OBJECT), *((raw, 413) for raw in TOO_LARGE)]
TYPES = [
    ("text/plain", 415), ("", 415), ("application/xml", 415), ("multipart/form-data", 415), ("a/b/c", 415),
    ("application/x-www-form-urlencoded", 415), ("application/json; charset=utf-16", 400),
    ("application/json; charset=rot13", 400), ("application/json; charset=bz2", 400),
]  # fmt: skip

# -- values (B1–B17, B29–B34) --------------------------------------------------------------------------------

ANY = [None, True, False, 0, -1, 1.5, 10**30, [], {}, [CANARY], {"a": CANARY}, [[]], "", "   ", "\0", "\n", "x" * 5000]
MOBILES = [
    "1380013800", "138001380000", "12345678901", "10086", "95588", "1065712345678", "１３８００１３８０００",
    "1٣٨٠٠١٣٨٠٠٠", "13800138000\n", "13800138000\r\n", "\t13800138000", "138001\t38000", "\u202a13800138000\u202c",
    "\u200b13800138000", "\ufeff13800138000", "O1380013800", "1380013800l", f"{CANARY},13900139000", f"{CANARY};DROP",
    "tel:13800138000;ext=2", "13800138000 ext 5", "+14155552671", "+85261234567", 13800138000, 1.38e10,
    "+86", "0086", "8613800138000x", "(138)00138000", "138.0013.8000", "' OR 1=1 --", "+8613800138",
    "12800138000", "00000000000", "１3800138000", "<script>", "%31%33", "1" * 32,
]  # fmt: skip
CODES = [
    "123", "123456789", "12 34 56", "abcdef", "１２３４５６", "١٢٣٤٥٦", 123456, "123456\n", "12345a", "+12345",
    "-12345", "0x1234", "1e5", "12.34",
]  # fmt: skip
PURPOSES = [
    "login ",
    "log in",
    "1login",
    "-",
    "登录",
    "x" * 33,
    "login\n",
    "../login",
    "login;",
    "{{7*7}}",
    "%s",
    "${jndi}",
]
CHANNELS = ["", "sms", "TEXT", "Voice", " text", "text\n", 0, 1, None, True, [], {}, ["text"], "call", "fax"]
TOKENS = ["x" * 65, "", None, 5, [], {}, True, "\0"]
EXTRA = [
    "template",
    "temp_id",
    "params",
    "app",
    "ip",
    "policy",
    "ttl",
    "code",
    "MOBILE",
    "mobile ",
    "__proto__",
    "a" * 5000,
]


def variants():
    """Address, bytes, type, and the statuses that are right."""
    for path, good in GOOD.items():
        yield from ((path, raw, JSON, {status}) for raw, status in RAW)
        yield from ((path, json.dumps(good), kind, {status}) for kind, status in TYPES)
        for name, value in itertools.product((*good, "channel"), ANY):
            yield path, json.dumps({**good, name: value}), JSON, {400, 410}
        for missing in good:
            yield path, json.dumps({name: value for name, value in good.items() if name != missing}), JSON, {400}
        for name in EXTRA:
            if name not in good:
                yield path, json.dumps({**good, name: "1"}), JSON, {400}
    for path, name, values in (
        (ASK, "mobile", MOBILES), (ASK, "channel", CHANNELS), (ASK, "purpose", PURPOSES),
        (RESEND, "channel", CHANNELS), (RESEND, "token", TOKENS),
        (CHECK, "purpose", PURPOSES), (CHECK, "code", CODES), (CHECK, "token", TOKENS),
    ):  # fmt: skip
        yield from ((path, json.dumps({**GOOD[path], name: value}), JSON, {400, 410}) for value in values)
    for mobile, purpose in itertools.product(MOBILES, PURPOSES):
        yield ASK, json.dumps({"mobile": mobile, "purpose": purpose}), JSON, {400}
    for code, token in itertools.product(CODES, TOKENS):
        yield CHECK, json.dumps({"token": token, "purpose": "login", "code": code}), JSON, {400}


def test_a_thousand_bad_bodies(jsms_sandbox, api, caplog):
    caplog.set_level(logging.DEBUG)
    told = 0
    with jsms_sandbox.settings(PURPOSES={"login": {"template": 1}}):
        for path, raw, kind, right in variants():
            response = api.post(path, raw=raw, content_type=kind)
            where = (path, kind, raw[:120], response.status_code, response.content[:200])
            assert response.status_code in right, where
            assert response["Content-Type"] == "application/json", where
            assert set(response.json()) == SHAPE and response.json()["message"], where
            assert CANARY.encode() not in response.content, where
            told += 1
    assert told >= 1000 and jsms_sandbox.ledger == [], told
    assert CANARY not in caplog.text


def test_the_reason_and_the_field_are_named(jsms_sandbox, api):
    cases = [
        (ASK, {}, "invalid_mobile", "mobile"),
        (ASK, {"mobile": 13800138000, "purpose": "login"}, "invalid_mobile", "mobile"),
        (ASK, {"mobile": MOBILE}, "required", "purpose"),
        (ASK, {"mobile": MOBILE, "purpose": "log in"}, "invalid_purpose", "purpose"),
        (ASK, {**GOOD[ASK], "template": 7}, "unknown_field", "template"),
        (ASK, {**GOOD[ASK], "channel": "fax"}, "invalid_choice", "channel"),
        (CHECK, {**GOOD[CHECK], "code": "12"}, "invalid_code", "code"),
        (RESEND, {"token": None}, "null", "token"),
        (ASK, {**GOOD[ASK], "purpose": "\ud800"}, "malformed", "purpose"),
        (ASK, {**GOOD[ASK], "a": [{"b": {"\udfff": 1}}]}, "malformed", "a"),
        (ASK, {MOBILE: "\ud800"}, "malformed", None),
        (ASK, {"\ud800": 1}, "malformed", None),
        (ASK, ["\ud800"], "malformed", None),
    ]
    for path, body, code, field in cases:
        answer = api.post(path, body).json()
        assert (answer["code"], answer["field"]) == (code, field), answer
        assert ("surrogate" in answer["message"]) == (code == "malformed"), answer


@pytest.mark.parametrize(("accept", "query", "status"), [("image/png", "", 406), ("*/*", "?format=xyz", 404)])
def test_only_json_is_answered(jsms_sandbox, api, accept, query, status):
    response = api.post(f"codes/{query}", GOOD[ASK], Accept=accept)
    assert response.status_code == status and set(response.json()) == SHAPE and not jsms_sandbox.outbox
