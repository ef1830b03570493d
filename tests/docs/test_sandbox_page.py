"""The page «The sandbox»: its calls are made, and it lists every path, member, fault and option there is."""

from __future__ import annotations

import argparse
import http.client
import json
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

import pytest

from django_jsms.management.commands import jsms_sandbox
from django_jsms.sandbox import Options, SandboxServer
from django_jsms.sandbox import __main__ as program
from django_jsms.sandbox.callback_orders import FAULTS
from django_jsms.sandbox.faults import KINDS
from django_jsms.sandbox.persisting import snapshot
from tests.docs.snippets import ROOT
from tests.waiting import PATIENCE

PAGE = (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(GET|POST|DELETE) (/_sandbox/\S+)` \|(.*?)\| .* \|$", re.MULTILINE)
CURL = re.compile(r"^curl .*$", re.MULTILINE)
LINES = CURL.findall(PAGE)
SHOWN = re.compile(r"^(curl [^\n]*)\n```\n\n```json\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
#: (method, path) → the members in its row.
ROWS = {(method, path): set(re.findall(r"`(\w+)`", members)) for method, path, members in ROW.findall(PAGE)}

#: The keys matter under ``/v1`` only.
HEADERS = {"Content-Type": "application/json", "Authorization": "Basic c2FuZGJveDpzYW5kYm94"}

Answer = tuple[int, Any]


@pytest.fixture
def ask() -> Iterator[Callable[..., Answer]]:
    """``ask(method, target, body)`` of a sandbox: status and JSON."""
    with SandboxServer() as server:
        connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=PATIENCE)

        def ask(method: str, target: str, body: Any = None) -> Answer:
            data = None if body is None else json.dumps(body).encode()
            connection.request(method, target, data, HEADERS)
            response = connection.getresponse()
            return response.status, json.loads(response.read())

        yield ask
        connection.close()


def parsed(line: str) -> tuple[str, str, Any]:
    """A line of the page as (method, path and query, body)."""
    words = shlex.split(line.replace("-u sandbox:sandbox ", ""))[1:]
    target = words[-1].removeprefix("http://127.0.0.1:5767")
    if words[0] == "--json":
        return "POST", target, json.loads(words[1])
    return (words[1] if words[0] == "-X" else "GET"), target, None


def documented(method: str, target: str) -> tuple[str, str]:
    """The row that a call belongs to."""
    path = target.partition("?")[0]
    found = [row for row in ROWS if row[0] == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", row[1]), path)]
    assert len(found) == 1, f"{method} {path}: {found}"
    return found[0]


def first_cells(header: str) -> set[str]:
    """The words in the first column of the table with this header."""
    table = PAGE.partition(header)[2].partition("\n\n")[0]
    assert table, header
    return set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))


#: Its members have a table of their own.
ROWS["POST", "/_sandbox/options"] = first_cells("| Option | At first | |") - {"keep"}


def alike(shown: Any, found: Any) -> bool:
    """The same members and types; where the page shows a moment, any will do."""
    if isinstance(shown, dict):
        return set(shown) == set(found) and all(alike(shown[name], found[name]) for name in shown)
    return type(shown) is type(found) and (isinstance(shown, str) or shown == found)


def test_each_call_of_the_page(ask: Callable[..., Answer]) -> None:
    made = set()
    answers = {}
    for line in LINES:
        method, target, body = parsed(line)
        status, answers[line] = ask(method, target, body)
        assert status == 200, (line, answers[line])
        made |= {documented(method, target)} if target.startswith("/_sandbox/") else set()
    assert set(ROWS) - made == set()
    for line, shown in SHOWN.findall(PAGE):
        assert alike(json.loads(shown), answers[line]), (line, answers[line])


def test_every_path_is_listed(ask: Callable[..., Answer]) -> None:
    served = set()
    for path in ask("GET", "/_sandbox/nowhere")[1]["error"]["paths"]:
        target = re.sub(r"\{\w+\}", "1", path)
        takes = ask("PATCH", target)[1]["error"]["reason"].rpartition(" takes ")[2]
        served |= {(method, path) for method in takes.split(", ")}
    assert set(ROWS) == served


@pytest.mark.parametrize("line", [line for line in LINES if "/_sandbox/" in line])
def test_every_member_is_listed(ask: Callable[..., Answer], line: str) -> None:
    """Asked with a member that nobody knows, a path says which it knows; and it knows those of the page."""
    method, target, body = parsed(line)
    listed = ROWS[documented(method, target)]
    for name in ("nowhere", *listed):
        more = "&" if "?" in target else "?"
        stranger = target if method == "POST" else f"{target}{more}{name}=1"
        _, answer = ask(method, stranger, {**(body or {}), name: None} if method == "POST" else None)
        reason = answer.get("error", {}).get("reason", "")
        known = reason.partition("is not known here; known: ")[2].replace("nothing", "")
        assert set(filter(None, known.split(", "))) <= listed, reason
        assert name == "nowhere" or answer.get("error", {}).get("field") != name or not known, reason


def test_the_seed_of_the_page() -> None:
    """It can be taken, and shows every member there is."""
    text = PAGE.partition("## What it starts with")[2].partition("```json\n")[2].partition("\n```")[0]
    seed = json.loads(text)
    state = SandboxServer(seed=seed).state
    assert list(state.apps) == ["shop", "news"] and list(state.accounts) == ["D"]
    written = snapshot(state)
    assert set(seed) == set(written)
    assert set(seed["apps"][0]) == set(written["apps"][0])
    assert set(seed["accounts"][0]) == set(written["accounts"][0])


def test_every_fault_is_listed() -> None:
    assert first_cells("| Fault | What the caller meets |") == set(KINDS)
    assert first_cells("| Fault | What is posted |") == set(FAULTS)


def test_every_option_is_listed_with_its_default() -> None:
    table = PAGE.partition("| Option | At first | |")[2].partition("\n\n")[0]
    listed = dict(re.findall(r"^\| `(\w+)` \| (\S+) \|", table, re.MULTILINE))
    shown = {name: json.dumps(value).strip('"') for name, value in asdict(Options()).items()}
    assert listed == {**shown, "black_words": "敏感词", "report_after": "1", "callback_timeout": "5"}


def test_every_option_of_the_command_lines_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    command = argparse.ArgumentParser(add_help=False)
    jsms_sandbox.Command().add_arguments(command)  # type: ignore[arg-type]
    with pytest.raises(SystemExit):
        program.main(["--help"])
    printed = command.format_help() + capsys.readouterr().out
    table = PAGE.partition("| Option | Of | |")[2].partition("\n\n")[0]
    assert set(re.findall(r"`(--[a-z-]+)", table)) == set(re.findall(r"(--[a-z-]+)", printed)) - {"--help"}
