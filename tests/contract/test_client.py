"""Every case and every reading, played to the client: what it sends, and what it makes of the answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from datetime import datetime
from typing import Any

import pytest

from django_jsms import exceptions
from django_jsms.client import JSMSClient
from django_jsms.exceptions import InvalidInput, JSMSError
from tests.contract.cases import CASES, LOGINS, READINGS, Case
from tests.contract.samples import BOUND, filled, recorded
from tests.contract.wire import encoded, part, parts
from tests.faults.faults import answer
from tests.faults.server import FaultServer
from tests.waiting import PATIENT


@pytest.fixture(scope="module")
def stub() -> Iterator[FaultServer]:
    with FaultServer() as server:
        yield server


@pytest.fixture
def client(stub: FaultServer) -> Callable[[str | None], JSMSClient]:
    """A client that logs in as the case says; without a login nobody can be told apart, so as usual."""
    developer = LOGINS["developer"].split(":")

    def make(login: str | None = None) -> JSMSClient:
        wrong = login if login not in LOGINS.values() else None
        key, secret = (wrong or LOGINS["app"]).split(":")
        dev_key, dev_secret = wrong.split(":") if wrong else developer
        return JSMSClient(key, secret, stub.url, dev_key, dev_secret, PATIENT)

    return make


def play(stub: FaultServer, case: Case) -> None:
    """The stub answers the next request with the recorded answer."""
    body = case.answer.raw if case.answer.raw is not None else json.dumps(recorded(case.answer.json))
    stub.script = [answer(body.encode(), case.answer.status)]


def call(client: JSMSClient, case: Case, arguments: dict[str, Any]) -> Any:
    given = filled(arguments, BOUND)
    return getattr(client, case.method)(**{name: _argument(name, value) for name, value in given.items()})


def _argument(name: str, value: Any) -> Any:
    if name == "send_at":
        return datetime.fromisoformat(value)
    return part(value) if isinstance(value, dict) and "file" in value else value


def check(stub: FaultServer, case: Case, client: JSMSClient, arguments: dict[str, Any]) -> None:
    play(stub, case)
    if case.raises is None:
        assert unlike(case.result, call(client, case, arguments)) == []
        return
    with pytest.raises(JSMSError) as caught:
        call(client, case, arguments)
    wanted = dict(case.raises)
    assert type(caught.value) is getattr(exceptions, wanted.pop("error"))
    assert {name: getattr(caught.value, name) for name in wanted} == wanted


def unlike(wanted: Any, found: Any, at: str = "result") -> list[str]:
    """Where a result has not what the data says; fields that it does not name may be anything."""
    if isinstance(wanted, dict) and is_dataclass(found):
        return [each for name in wanted for each in unlike(wanted[name], getattr(found, name), f"{at}.{name}")]
    if isinstance(wanted, list) and isinstance(found, tuple) and len(wanted) == len(found):
        pairs = zip(wanted, found, strict=True)
        return [each for i, (a, b) in enumerate(pairs) for each in unlike(a, b, f"{at}[{i}]")]
    if isinstance(found, datetime):
        return [] if found == datetime.fromisoformat(wanted) else [f"{at}: {found} is not {wanted}"]
    return [] if (type(wanted), wanted) == (type(found), found) else [f"{at}: {found!r} is not {wanted!r}"]


@pytest.mark.parametrize("case", [case for case in CASES if case.sends], ids=str)
def test_sends_and_reads(case: Case, stub: FaultServer, client: Callable[..., JSMSClient]) -> None:
    check(stub, case, client(case.request.login), case.arguments)
    wanted = encoded(case.request, BOUND)
    line, *lines = stub.heads[-1].decode().split("\r\n")
    headers = dict(each.split(": ", 1) for each in lines)
    assert line == f"{wanted.method} {wanted.path} HTTP/1.1"
    assert headers["Authorization"] == wanted.headers["Authorization"]
    if case.request.form is not None:
        sent = parts(stub.bodies[-1], headers["Content-Type"])
        assert sent == {name: part(value) for name, value in case.request.form.items()}
    else:
        assert headers.get("Content-Type") == wanted.headers.get("Content-Type")
        assert (json.loads(stub.bodies[-1]) if stub.bodies[-1] else None) == filled(case.request.json, BOUND)


@pytest.mark.parametrize("case", [case for case in CASES if not case.sends], ids=str)
def test_reads(case: Case, stub: FaultServer, client: Callable[..., JSMSClient]) -> None:
    check(stub, case, client(), case.usual)


@pytest.mark.parametrize("case", READINGS, ids=str)
def test_readings(case: Case, stub: FaultServer, client: Callable[..., JSMSClient]) -> None:
    check(stub, case, client(), case.usual)


@pytest.mark.parametrize("case", [case for case in CASES if case.never], ids=str)
def test_never_sends(case: Case, stub: FaultServer, client: Callable[..., JSMSClient]) -> None:
    before = stub.requests
    with pytest.raises(InvalidInput) as caught:
        call(client(), case, case.arguments)
    assert (caught.value.field, stub.requests) == (case.never, before)
