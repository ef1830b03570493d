"""``manage.py jsms_worker``: send what waits, with no broker at all."""

from __future__ import annotations

import argparse
import logging
import signal
import threading
import time
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, close_old_connections, reset_queries
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ...services import run_pending, tick
from ...services.sweep import TICK

logger = logging.getLogger("django_jsms")


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
        self.stdout.write(_("Sending what waits. Ctrl-C ends this after the call that is under way."))
        self.stdout.flush()
        self.ticks, self.next_tick = not until_idle, time.monotonic()
        total = self._work(stop, until_idle, interval)
        text = ngettext("%(count)d row tried.", "%(count)d rows tried.", total) % {"count": total}
        self.stdout.write(text)

    def _work(self, stop: threading.Event, until_idle: bool, interval: float) -> int:
        total = 0
        while not stop.is_set():
            tried = self._look(stop)
            total += tried
            if tried:
                continue
            if until_idle:
                break
            stop.wait(interval)
        return total

    def _tick(self, stop: threading.Event) -> int:
        """Asked for every 30 s; a lease in the database lets one process of many do it."""
        if not self.ticks or time.monotonic() < self.next_tick:
            return 0
        self.next_tick = time.monotonic() + TICK.total_seconds()
        return tick(stop.is_set)

    def _look(self, stop: threading.Event) -> int:
        """One look, and now and then what is to be done from time to time; a database that is away is waited for."""
        close_old_connections()
        try:
            return run_pending(stop.is_set) or self._tick(stop)
        except DatabaseError:
            logger.exception("The database does not answer; trying again")
            return 0
        finally:
            reset_queries()  # under DEBUG every statement would be kept
