"""``manage.py jsms_worker``: send what waits, with no broker at all."""

from __future__ import annotations

import argparse
import signal
import threading
from typing import Any

from django.core.management.base import CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ...services import last_sweep
from ...services.sweep import LATE
from ...services.worker import INTERVAL, work
from ..base import TerminalCommand

#: More callers than this belong into a second process.
MOST_CALLERS = 64


def _seconds(text: str) -> float:
    value = float(text)
    if not 0.05 <= value <= 3600:
        raise argparse.ArgumentTypeError(_("must be 0.05 to 3600 seconds"))
    return value


def _callers(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_CALLERS):
        raise argparse.ArgumentTypeError(_("must be a number from 1 to %(most)d") % {"most": MOST_CALLERS})
    return int(text)


class Command(TerminalCommand):
    help = (
        "Send queued codes and messages until told to stop (SIGTERM or Ctrl-C). Exit codes: 0 done, 1 check, 2 usage."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        ends = parser.add_mutually_exclusive_group()
        ends.add_argument("--until-idle", action="store_true", help=_("stop when nothing is due now or under way"))
        ends.add_argument("--check", action="store_true", help=_("only say whether a worker lives: exit code 0 or 1"))
        parser.add_argument("--concurrency", type=_callers, default=4, help=_("calls at once; one is free for codes"))
        parser.add_argument(
            "--interval", type=_seconds, default=INTERVAL, help=_("seconds between two looks when idle")
        )

    def handle(self, *args: Any, until_idle: bool, concurrency: int, interval: float, **options: Any) -> None:
        if options["check"]:
            return self._check()
        stop = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            # Set by a thread: here the signal may have interrupted the very wait() that holds the event's lock.
            signal.signal(name, lambda *_: threading.Thread(target=stop.set).start())
        self.stdout.write(_("Sending what waits. Ctrl-C ends this after the calls that are under way."))
        self.stdout.flush()
        total = work(stop, concurrency=concurrency, until_idle=until_idle, interval=interval)
        text = ngettext("%(count)d row tried.", "%(count)d rows tried.", total) % {"count": total}
        self.stdout.write(text)

    def _check(self) -> None:
        age = last_sweep()
        if age is None:
            raise CommandError(_("No worker has run yet."))
        text = _("A worker looked %(seconds)d s ago.") % {"seconds": age.total_seconds()}
        if age > LATE:
            raise CommandError(text)
        self.stdout.write(text)
