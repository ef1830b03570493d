"""``manage.py jsms_worker``: send what waits, with no broker at all."""

from __future__ import annotations

import argparse
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections, reset_queries
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ...services import run_pending


def _seconds(text: str) -> float:
    value = float(text)
    if not 0.05 <= value <= 3600:
        raise argparse.ArgumentTypeError(_("must be 0.05 to 3600 seconds"))
    return value


class Command(BaseCommand):
    help = "Send queued codes and messages until told to stop (SIGTERM or Ctrl-C). Exit codes: 0 done, 2 usage."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--until-idle", action="store_true", help=_("stop when nothing is due now"))
        parser.add_argument("--interval", type=_seconds, default=1.0, help=_("seconds between two looks"))

    def handle(self, *args: Any, until_idle: bool, interval: float, **options: Any) -> None:
        stop = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
        total = self._work(stop, until_idle, interval)
        text = ngettext("%(count)d row tried.", "%(count)d rows tried.", total) % {"count": total}
        self.stdout.write(text)

    def _work(self, stop: threading.Event, until_idle: bool, interval: float) -> int:
        total = 0
        while not stop.is_set():
            close_old_connections()
            tried = run_pending(stop.is_set)
            reset_queries()  # under DEBUG every statement would be kept
            total += tried
            if tried:
                continue
            if until_idle:
                break
            stop.wait(interval)
        return total
