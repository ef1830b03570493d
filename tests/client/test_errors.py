"""The code table, held against the remote's (tests/contract/codes.tsv, from jsms-api section 4)."""

import csv
from pathlib import Path

import pytest

from django_jsms.client import JSMSClient, errors
from django_jsms.client.errors import CODES, clean, describe, refusal
from django_jsms.exceptions import MaybeSent, Refused
from tests.faults.faults import answer
from tests.faults.server import FaultServer
from tests.waiting import PATIENT

from .stub import Stub

with (Path(__file__).parents[1] / "contract" / "codes.tsv").open(encoding="utf-8", newline="") as table:
    DOCUMENTED = {int(row["number"]): row for row in csv.DictReader(table, delimiter="\t")}

SCOPES = {
    "account": {50001, 50002, 50008, 50014, 50033, 50035, 50036, 50046},
    "template": {50013, 50020, 50021, 50102},
    "frequency": {50009},
    "check": {50010, 50011, 50012, 50015, 50026},
    "schedule": {50028, 50029},
    "recipient": {50006, 50024, 50034},
}


def test_the_table_is_complete_and_holds_nothing_else():
    assert list(CODES) == list(DOCUMENTED)


@pytest.mark.core
@pytest.mark.parametrize("number", DOCUMENTED)
def test_each_row_says_what_the_remote_says_and_what_to_do(number):
    row, wanted = CODES[number], DOCUMENTED[number]
    assert (row.number, row.http, row.message, row.again) == (
        number,
        int(wanted["http"]),
        wanted["message"],
        wanted["again"],
    )
    assert row.who == (wanted["who"] or "platform")
    assert row.en.endswith(".") and row.zh.endswith("。")
    assert any("一" <= character <= "鿿" for character in row.zh)
    assert row.reason.isascii() and row.reason.replace("_", "").isalpha() and row.reason == row.reason.lower()


def test_each_scope_is_what_the_services_act_on():
    found = {}
    for row in CODES.values():
        found.setdefault(row.scope, set()).add(row.number)
    assert {scope: codes for scope, codes in found.items() if scope != "request"} == SCOPES


def test_reasons_are_words_of_their_own():
    assert len({row.reason for row in CODES.values()}) == len(CODES)


@pytest.mark.parametrize("number", [n for n in DOCUMENTED if n not in (50000, 50019)])
def test_each_refusal_arrives_as_its_row(number):
    wanted = DOCUMENTED[number]
    with (
        Stub({"error": {"code": number, "message": wanted["message"]}}, int(wanted["http"])) as stub,
        pytest.raises(Refused) as caught,
    ):
        stub.client.send_message("13800138000", 1)
    error, row = caught.value, CODES[number]
    assert (error.code, error.reason, error.who, error.http_status) == (number, row.reason, row.who, row.http)
    assert str(error) == f"JSMS {number} ({row.message}): {row.en}"
    assert error.explain("zh-hans") == f"{row.zh}（{number}）" and error.message == f"{row.en} ({number})"
    assert (error.retry_after is not None) == (row.again == "later")


@pytest.mark.parametrize("status", [200, 403, 500])
def test_a_server_fault_is_no_refusal_whatever_its_status(status):
    with (
        Stub({"error": {"code": 50019, "message": "server error"}}, status) as stub,
        pytest.raises(MaybeSent) as caught,
    ):
        stub.client.send_message("13800138000", 1)
    assert caught.value.code == 50019


def test_the_code_of_success_is_no_error():
    with Stub({"error": {"code": 50000, "message": "success"}, "msg_id": "7"}) as stub:
        assert stub.client.send_message("13800138000", 1).msg_id == "7"


def test_an_unknown_code_survives_as_data():
    error = refusal(50099, "a new kind of no for 13800138000", 403)
    assert (error.code, error.reason, error.who, error.http_status) == (50099, "refused", "caller", 403)
    assert str(error) == ("JSMS refused with code 50099, which is not documented (HTTP 403): a new kind of no for #")
    assert "50099" in error.explain("zh")


@pytest.mark.core
@pytest.mark.parametrize("headers", [(), ("X-Rate-Limit-Remaining: 99", "X-Rate-Limit-Reset: 30")])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 418, 499])
@pytest.mark.parametrize("body", [{"error": {"code": 50055, "message": "some new code"}}, b"<p>some new code</p>"])
def test_what_is_not_documented_is_final_and_its_words_are_shown_to_nobody(body, status, headers, caplog):
    with FaultServer([answer(body, status, headers)]) as server, pytest.raises(Refused) as caught:
        JSMSClient("key", "secret", server.url, timeout=PATIENT).send_message("13800138000", 1)
    error = caught.value
    assert (error.retry_after, error.maybe_sent, error.http_status) == (None, False, status)
    for shown in (error.message, error.explain("en"), error.explain("zh-hans")):
        assert "some new code" not in shown and "JSMS" not in shown
    assert isinstance(body, bytes) or "some new code" in caplog.text


def test_no_code_at_all():
    error = refusal(None, "", 418)
    assert (error.code, error.reason, error.http_status) == (None, "unclassified", 418)
    assert describe(None) is None and describe(1) is None


@pytest.mark.parametrize(
    ("said", "shown"),
    [("x" * 200, "x" * 80), ("a\r\nb", "a??b"), ("码 1234", "? #"), ("\x1b[31m123", "?[31m123")],
)
def test_the_remotes_words_are_cleaned(said, shown):
    assert clean(said) == shown


def test_the_module_is_plain():
    assert not [name for name in vars(errors) if name in ("requests", "urllib3", "django")]
