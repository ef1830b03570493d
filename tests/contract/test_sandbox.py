"""Every case, asked of the sandbox over HTTP: status, members and types as the data has them."""

from __future__ import annotations

import pytest

from django_jsms.sandbox import SandboxServer
from tests.contract.cases import CASES, Case
from tests.contract.givens import Exchange, Given
from tests.contract.samples import differences, filled
from tests.contract.wire import encoded


@pytest.mark.parametrize("case", CASES, ids=str)
def test_sandbox(case: Case, sandbox: SandboxServer, exchange: Exchange) -> None:
    given = Given(sandbox, exchange)
    given.prepare(case)
    status, headers, body = exchange(encoded(case.request, given.names))
    assert (status, headers["Content-Type"]) == (case.answer.status, "application/json")
    wanted = case.answer.raw.encode() if case.answer.raw is not None else filled(case.answer.json, given.names)
    assert differences(wanted, body, "answer") == []
