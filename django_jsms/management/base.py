"""What the commands that send share: exit codes, one line for what went wrong, a question before much is sent.

0: done. 1: it could not be done, or was interrupted. 2: usage, which includes a value that can never be right.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive, make_aware
from django.utils.translation import gettext as _

from ..exceptions import InvalidInput, JSMSError, LimitExceeded
from ..models import Batch

#: More sends than these are asked about.
ASK_ABOVE: Final = 100
#: What is wrong with these is found in a file or a row, not in what was typed.
_FOUND_AT_WORK: Final = frozenset({"recipients", "source", "batch", "message", "schedule"})


class TerminalCommand(BaseCommand):
    """Prints as an escape what the terminal cannot show, also in its help: a print fails nothing that is sent."""

    def __init__(self, *args: Any, **options: Any) -> None:
        if isinstance(sys.stdout, io.TextIOWrapper):  # stderr does so by itself
            sys.stdout.reconfigure(errors="backslashreplace")
        super().__init__(*args, **options)


class SendingCommand(TerminalCommand):
    """Maps errors of services to exit codes."""

    #: What a command does with its options.
    run: Callable[..., None]
    #: Ctrl-C was pressed, and ``heed`` has not been called since.
    interrupted = False
    #: Whether Ctrl-C waits for ``heed`` now.
    _deferred = False

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with interruptible(self._interrupt):
                self.run(**options)
        except InvalidInput as error:
            raise CommandError(error.message, returncode=1 if error.field in _FOUND_AT_WORK else 2) from None
        except LimitExceeded as error:
            raise CommandError(f"{error.message} ({error.limit})") from None
        except JSMSError as error:
            raise CommandError(error.message) from None
        except DatabaseError as error:
            # Its text may hold values of a row: a number, a parameter.
            text = _("The database did not answer as expected (%(error)s). Has it been migrated?")
            raise CommandError(text % {"error": type(error).__name__}) from None
        except KeyboardInterrupt:
            raise CommandError(_("Stopped.")) from None
        except BrokenPipeError:  # whoever read our lines has enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def _interrupt(self, *_: object) -> None:
        again, self.interrupted = self.interrupted, True
        if again or not self._deferred:
            self.heed()

    @contextmanager
    def deferring(self) -> Iterator[None]:
        """In the block, Ctrl-C waits until ``heed`` is called; pressed again, it does not.

        Raised anywhere, it may break off a statement or a transaction, or be lost: Python drops what is raised in a
        destructor, and SQLite makes an OperationalError of what is raised in a function that a statement calls.
        """
        former, self._deferred = self._deferred, True
        try:
            yield
        finally:
            self._deferred = former

    def heed(self) -> None:
        """Raise KeyboardInterrupt if Ctrl-C was pressed meanwhile."""
        if self.interrupted:
            self.interrupted = False
            raise KeyboardInterrupt

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    def warn(self, line: str) -> None:
        """Beside the answer: a script that reads it is not disturbed."""
        self.stderr.write(line, self.style.WARNING)

    def note(self, line: str, as_json: bool) -> None:
        """A sentence for a person, which must not stand in a script's JSON."""
        (self.warn if as_json else self.say)(line)

    def print_json(self, value: Any) -> None:
        data = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
        self.say(json.dumps(data, ensure_ascii=False, indent=2, default=str))

    def ask(self, count: int, question: str, *, yes: bool) -> None:
        """Go on, or raise: many sends are wanted on purpose, by ``--yes`` or by a person who answers."""
        if yes or count <= ASK_ABOVE:
            return
        if not sys.stdin.isatty():
            raise CommandError(_("%(question)s Pass --yes to go on.") % {"question": question}, returncode=2)
        if input(f"{question} [y/N] ").strip().lower() not in ("y", "yes", "是"):
            raise CommandError(_("Nothing was sent."))


@contextmanager
def interruptible(interrupt: Callable[..., None]) -> Iterator[None]:
    """SIGTERM ends a command as Ctrl-C does: what is under way ends, nothing new begins."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard = [signal.SIGTERM]
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # as in the background of a shell
        heard.append(signal.SIGINT)
    former = {number: signal.signal(number, interrupt) for number in heard}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


# -- what is typed --------------------------------------------------------------------------------------------


def param(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(_("write NAME=VALUE"))
    return name, value


def template(text: str) -> int | str:
    """An id of JSMS where it is a number, else a name of TEMPLATES."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else text


def positive(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= len(text) <= 18 and int(text)):
        raise argparse.ArgumentTypeError(_("must be a number from 1 on"))
    return int(text)


def moment(text: str) -> datetime:
    """A time as typed; without a zone it means TIME_ZONE. A date alone is none: midnight is seldom meant."""
    try:
        found = parse_datetime(text) if ":" in text else None
    except ValueError:
        found = None
    if found is None:
        raise argparse.ArgumentTypeError(_("write a time as 2026-12-01T09:00"))
    return make_aware(found) if is_naive(found) and settings.USE_TZ else found


@contextmanager
def opened(file: str) -> Iterator[BinaryIO]:
    """The file, or what is piped in. Raises CommandError where it cannot be read."""
    if file == "-":
        yield sys.stdin.buffer
        return
    try:
        source = Path(file).open("rb")  # noqa: SIM115 - closed below; what the block raises is not ours to translate
    except OSError as error:
        raise unusable(file, error) from None
    with source:
        yield source


def unusable(file: str, error: OSError) -> CommandError:
    return CommandError(f"{file}: {error.strerror or type(error).__name__}")


def add_message_arguments(parser: argparse.ArgumentParser) -> None:
    """What one message and a batch have in common."""
    parser.add_argument("--template", required=True, type=template, help=_("id of JSMS, or name of TEMPLATES"))
    parser.add_argument(
        "--param",
        action="append",
        type=param,
        default=[],
        dest="params",
        metavar="NAME=VALUE",
        help=_("a parameter of the template; may be repeated"),
    )
    parser.add_argument("--signature", type=positive, help=_("id of a signature of JSMS"))
    parser.add_argument("--tag", default="", help=_("up to 10 characters to search by"))
    parser.add_argument("--app", default="default", help=_("app of the JSMS setting"))
    parser.add_argument("--dry-run", action="store_true", help=_("show what would be sent, and send nothing"))
    parser.add_argument("--json", action="store_true", help=_("answer in JSON, for scripts"))


def find_batch(pk: int) -> Batch:
    batch = Batch.objects.primary().filter(pk=pk).first()
    if batch is None:
        raise CommandError(_("There is no batch %(id)s. See: jsms_batch status") % {"id": pk})
    return batch
