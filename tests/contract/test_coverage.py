"""No endpoint, and no code that its page lists, is without a case or a reason."""

from __future__ import annotations

import pytest

from django_jsms.client import routes
from django_jsms.client.routes import Route
from django_jsms.sandbox.refusals import NEWER, TABLE
from django_jsms.sandbox.routes import ROUTES
from tests.contract.cases import CASES, CODES, COMMON, ENDPOINTS, READINGS, Endpoint

FILE_KEYS = {
    *("endpoint", "section", "page", "page_name", "method", "billable", "wait", "given", "request", "arguments"),
    *("answer", "result", "cases", "readings", "not_here"),
}
CASE_KEYS = {
    *("id", "for", "source", "given", "request", "change", "code", "item_code", "message", "beside_error", "answer"),
    *("more", "arguments", "never", "result", "raises", "ordered"),
}


def shape(path: str) -> str:
    """A path with its ids left out: ``/codes/{}/valid``."""
    return "/".join("{}" if part[:1] in ("<", "{") else part for part in path.split("/"))


def test_every_endpoint_of_both_sides_has_a_file() -> None:
    written = {shape(endpoint.name) for endpoint in ENDPOINTS}
    client = {f"{each.method} {each.path}" for each in vars(routes).values() if isinstance(each, Route)}
    sandbox = {shape(f"{each.method} {each.path}") for each in ROUTES}
    assert written == client == sandbox
    assert len(ENDPOINTS) == 23


def listed(endpoint: Endpoint) -> set[int]:
    """The codes of the table on the endpoint's page."""
    pages = {endpoint.page, "all"}
    return {code for code, row in CODES.items() if code != 50000 and pages & set(row["pages"].split())}


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda each: each.name)
def test_every_code_of_its_page_has_a_case_or_a_reason(endpoint: Endpoint) -> None:
    cases = list(endpoint.cases())
    answered = {code for case in cases for code in (case.code, case.item_code) if code}
    assert sorted(listed(endpoint) - answered - endpoint.absent.keys()) == []
    assert sorted(answered & endpoint.absent.keys()) == []
    assert all(endpoint.absent.values())
    assert any(case.answer.status == 200 and not case.item_code for case in cases)


def test_every_code_has_a_case_that_a_request_brings_about() -> None:
    asked = {code for case in CASES if not case.ordered for code in (case.code, case.item_code)}
    assert set(CODES) - asked == {50000, 50019}  # «fine», and a fault that only an order brings


def test_the_sandbox_prints_the_same_table() -> None:
    printed = {code: (str(status), NEWER.get(code, message)) for code, (status, message) in TABLE.items()}
    assert printed == {code: (row["http"], row["message"]) for code, row in CODES.items() if code != 50000}


def test_cases_can_be_told_apart() -> None:
    names = [str(case) for case in [*CASES, *READINGS]]
    assert sorted({name for name in names if names.count(name) > 1}) == []
    assert all(case.source and case.method for case in [*CASES, *READINGS])


def test_nothing_in_the_files_is_overlooked() -> None:
    for data in [*(endpoint.data for endpoint in ENDPOINTS), COMMON]:
        assert data is COMMON or set(data) <= FILE_KEYS
        for case in [*data["cases"], *data.get("readings", [])]:
            assert set(case) <= CASE_KEYS, case
