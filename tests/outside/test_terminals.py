"""Terminals that cannot show a text, or are gone: escapes stand there instead, and nothing that is sent fails."""

import io
import re
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from django.core.management import call_command, load_command_class
from django.utils.translation import override

from django_jsms import management
from django_jsms.management.base import TerminalCommand
from django_jsms.sandbox import terminal
from django_jsms.services import send_message
from tests.conftest import MOBILE

COMMANDS = sorted(path.stem for path in Path(management.__file__).parent.glob("commands/jsms_*.py"))
TEXT = "👍 好的 é"

pytestmark = pytest.mark.django_db


class Terminal(io.TextIOWrapper):
    """What it showed, once it is asked."""

    def __init__(self, encoding):
        super().__init__(io.BytesIO(), encoding=encoding, errors="strict")

    def text(self):
        self.flush()
        return self.buffer.getvalue().decode(self.encoding)


ENCODINGS = pytest.mark.parametrize("encoding", ["ascii", "gbk", "cp1252", "utf-8"])


@ENCODINGS
@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_shows_its_help_everywhere(encoding, name):
    with override("zh-hans"), redirect_stdout(Terminal(encoding)) as shown:
        command = load_command_class("django_jsms", name)
        command.print_help("manage.py", name)
    assert isinstance(command, TerminalCommand) and name in shown.text()


@ENCODINGS
def test_a_command_that_sends_says_so_in_escapes(shop, encoding):
    with override("zh-hans"), redirect_stdout(Terminal(encoding)) as shown:
        call_command("jsms_send", MOBILE, template="order-shipped", params=[("no", TEXT)])
        call_command("jsms_send", MOBILE, template="order-shipped", params=[("no", TEXT)], dry_run=True)
    assert len(shop.outbox) == 1
    said = shown.text()
    assert "好" in said if shown.encoding in ("gbk", "utf-8") else re.search(r"\\u[0-9a-f]{4}", said)
    assert "👍" in said or r"\U0001f44d" in said


def send():
    return send_message(MOBILE, template="order-shipped", params={"no": TEXT})


@pytest.fixture
def told(shop, monkeypatch):
    """``told(out)``: what the sandbox tells of goes there."""

    def watch(out):
        on_messages, on_call = terminal.teller("http://127.0.0.1:1", out)
        monkeypatch.setattr(shop._server.state, "on_messages", on_messages)
        monkeypatch.setattr(shop._server.state, "on_call", on_call)

    return watch


@ENCODINGS
@pytest.mark.core
@pytest.mark.parametrize("program", ["python -m", "jsms_sandbox"])
def test_the_sandbox_shows_any_text(shop, told, encoding, program):
    with redirect_stdout(Terminal(encoding)) as shown:
        told(terminal.say if program == "python -m" else load_command_class("django_jsms", program)._say)
        assert send().status == "sent" and len(shop.outbox) == 1
    said = shown.text()
    assert MOBILE in said and ("👍" in said or r"\U0001f44d" in said) and "?" not in said


def closed(line):
    raise BrokenPipeError


def gone(line):
    raise ValueError("I/O operation on closed file.")


@pytest.mark.parametrize("out", [closed, gone, lambda line: line.encode("ascii")])
def test_a_terminal_that_is_gone_fails_no_send(shop, told, out):
    told(out)
    assert send().status == "sent" and len(shop.outbox) == 1
