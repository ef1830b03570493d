"""Mutated cases over one connection: it never drops, never answers a 500, and always in a documented shape."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_jsms.sandbox import SandboxServer
from tests.contract.cases import CASES, CODES, ENDPOINTS, Case
from tests.contract.givens import Exchange, Given
from tests.contract.samples import BOUND
from tests.contract.wire import Sent, encoded

SETTINGS = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
BY_ENDPOINT = {
    endpoint.name: [case for case in CASES if case.endpoint == endpoint.name and not case.ordered]
    for endpoint in ENDPOINTS
}
ACCEPTED = [b"" if case.answer.raw == "" else case.answer.json for case in CASES if case.answer.status == 200]
#: 50038 has two texts (jsms-api 4).
MESSAGES = {code: {row["message"]} for code, row in CODES.items()} | {
    50038: {"invalid code length", "invalid content length"}
}
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(["13812345678", "2027-07-01 09:00:00", "\ud800", "1" * 5000, "{{code}}", "【】", "\0", "１２３"]),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
HEADER = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=30)
NAMES = st.sampled_from(["Authorization", "Content-Type", "Accept", "X-Forwarded-For", "Expect-CT", "Cookie"])


def mutated(draw: st.DrawFn, value: Any) -> Any:
    """The JSON value with one thing in it changed, taken out or put in, at any depth."""
    if isinstance(value, dict) and value and draw(st.booleans()):
        name = draw(st.sampled_from(sorted(value)))
        return {**value, name: mutated(draw, value[name])}
    if isinstance(value, list) and value and draw(st.booleans()):
        at = draw(st.integers(0, len(value) - 1))
        return [*value[:at], mutated(draw, value[at]), *value[at + 1 :]]
    if isinstance(value, dict) and value and draw(st.booleans()):
        gone = draw(st.sampled_from(sorted(value)))
        return {name: each for name, each in value.items() if name != gone}
    return draw(VALUES)


@st.composite
def requests(draw: st.DrawFn, cases: list[Case]) -> tuple[Case, Sent]:
    """A case, and its request with its body, a header, its path or its method spoiled."""
    case = draw(st.sampled_from(cases))
    sent = encoded(case.request, BOUND)
    spoil = draw(st.sampled_from([_body, _bytes, _header, _path, _method]))
    return case, spoil(draw, case, sent)


def _body(draw: st.DrawFn, case: Case, sent: Sent) -> Sent:
    body = mutated(draw, case.request.json if case.request.json is not None else {"code": "1"})
    return Sent(sent.method, sent.path, sent.headers, json.dumps(body).encode())


def _bytes(draw: st.DrawFn, case: Case, sent: Sent) -> Sent:
    body = sent.body or b""
    at = draw(st.integers(0, len(body)))
    return Sent(sent.method, sent.path, sent.headers, body[:at] + draw(st.binary(max_size=9)) + body[at + 1 :])


def _header(draw: st.DrawFn, case: Case, sent: Sent) -> Sent:
    return Sent(sent.method, sent.path, {**sent.headers, draw(NAMES): draw(HEADER)}, sent.body)


def _path(draw: st.DrawFn, case: Case, sent: Sent) -> Sent:
    parts = sent.path.split("/")
    at = draw(st.integers(2, len(parts)))
    parts[at : at + 1] = [
        quote(draw(st.text(max_size=20)), safe=draw(st.sampled_from(["", "/?#:;"])), errors="replace")
    ]
    return Sent(sent.method, "/".join(parts), sent.headers, sent.body)


def _method(draw: st.DrawFn, case: Case, sent: Sent) -> Sent:
    methods = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "FOO"]
    return Sent(draw(st.sampled_from(methods)), sent.path, sent.headers, sent.body)


def reached(sent: Sent, names: dict[str, Any]) -> Sent:
    """The request with the ids that exist, where it has those of the recordings."""
    path = sent.path
    for name, value in names.items():
        path = path.replace(BOUND[name], quote(str(value), safe=""))
    return Sent(sent.method, path, sent.headers, sent.body)


def undocumented(status: int, answer: Any) -> str | None:
    """What is wrong with an answer that is neither of section 4 nor of an accepted call."""
    if status == 200:
        return None if any(_alike(each, answer) for each in ACCEPTED) else f"no page has {answer}"
    error, row = answer["error"], CODES[answer["error"]["code"]]
    if error["code"] == 50019 or str(status) != row["http"]:
        return f"{status} {answer}"
    if set(answer) - {"error", "is_valid"} or error["message"] not in MESSAGES[error["code"]]:
        return f"no page has {answer}"
    return None


def _alike(wanted: Any, found: Any) -> bool:
    if isinstance(wanted, dict) and isinstance(found, dict):
        return set(wanted) == set(found)
    return type(wanted) is type(found)


@pytest.mark.slow
@pytest.mark.parametrize("endpoint", BY_ENDPOINT)
@given(data=st.data())
@SETTINGS
def test_mutations(data: st.DataObject, endpoint: str, running: SandboxServer, exchange: Exchange) -> None:
    case, sent = data.draw(requests(BY_ENDPOINT[endpoint]))
    running.reset()
    given_state = Given(running, exchange)
    given_state.prepare(case)
    status, headers, answer = exchange(reached(sent, given_state.names))
    assert headers["Content-Type"] == "application/json"
    if sent.method != "HEAD":
        assert undocumented(status, answer) is None
