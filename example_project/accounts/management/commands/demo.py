"""``manage.py demo``: everything running, until Ctrl-C. ``--check`` walks through it instead."""

from __future__ import annotations

import argparse
import os
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

from demo.batch import FEWEST, ROWS, Roll, Stuck, send, take_in
from demo.celery import BrokerRefused
from demo.stage import Port, PortRefused, Stage, set_up
from demo.story import Failed, Walk, tell
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from django_jsms.sandbox.terminal import teller

SITE_PORT = 8000
SANDBOX_PORT = 5767


class Command(BaseCommand):
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        with translation.override(language()):
            parser.description = _("Run the example site with a local JSMS: no account, no cost, no internet.")
            usual = _("its port; %(port)d, or a free one, where none is given")
            parser.add_argument("--port", type=port, help=_("the site: ") + usual % {"port": SITE_PORT})
            parser.add_argument("--sandbox-port", type=port, help=_("JSMS: ") + usual % {"port": SANDBOX_PORT})
            parser.add_argument("--broker", default="", help=_("a Celery worker sends: redis://… or amqp://…"))
            parser.add_argument("--rows", type=rows, default=ROWS, help=_("how long the list is; %d") % ROWS)
            parser.add_argument("--check", action="store_true", help=_("walk through the whole story, and exit"))

    #: Ctrl-C was pressed, or SIGTERM sent.
    told_to_stop = False

    def handle(self, *args: Any, **options: Any) -> None:
        # Even where a shell started it in the background.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.stop)
        with translation.override(language()):
            try:
                self.check_story(options) if options["check"] else self.run(options)
            except PortRefused as refused:
                why = {"port": refused.port, "why": refused.why}
                raise CommandError(_("Port %(port)d cannot be used: %(why)s") % why) from None
            except BrokerRefused as refused:
                raise CommandError(_("The broker cannot be used: %(why)s") % {"why": refused}) from None
            except KeyboardInterrupt:
                self.say("\n" + _("Stopped."))

    def stop(self, *_: object) -> None:
        """Noted, and heeded between two steps: raised anywhere, it may be lost. Pressed again, it is raised."""
        again, self.told_to_stop = self.told_to_stop, True
        if again:
            raise KeyboardInterrupt

    def heed(self) -> None:
        if self.told_to_stop:
            raise KeyboardInterrupt

    def run(self, options: dict[str, Any]) -> None:
        database = Path(os.environ.get("EXAMPLE_DATABASE") or settings.BASE_DIR / "demo.sqlite3")
        site, sandbox = Port(options["port"], SITE_PORT), Port(options["sandbox_port"], SANDBOX_PORT)
        with set_up(database, site=site, sandbox=sandbox, broker=options["broker"]) as stage:
            self.greet(stage)
            self.send_batch(stage, Roll(options["rows"]))
            on_messages, on_call = teller(stage.sandbox.url, self.say)
            stage.sandbox.watch(on_messages=on_messages, on_call=on_call)
            while True:
                self.heed()
                time.sleep(0.2)

    def greet(self, stage: Stage) -> None:
        doors = {
            f"{stage.site}/": _("phone login"),
            stage.phones: _("virtual phones"),
            f"{stage.site}/admin/": _("admin (name admin, password admin)"),
        }
        width = max(map(len, doors))
        lines = [f"  {address:{width}}  {name}" for address, name in doors.items()]
        hint = _("Log in as 13800138000: the code appears below and on its virtual phone. Then find it in the admin.")
        self.say("\n".join(["", *lines, "", hint, _("Ctrl-C stops everything."), ""]))

    def send_batch(self, stage: Stage, roll: Roll) -> None:
        batch = take_in(roll)
        rows = {"total": batch.total + batch.rejected, "good": batch.total, "rejected": batch.rejected}
        self.say(_("A list of %(total)d: %(good)d are sent, %(rejected)d rows are bad or come twice.") % rows)
        try:
            for progress in send(batch, stage):
                self.heed()
                self.say(_("  %(done)d of %(total)d") % {"done": progress.done, "total": progress.total})
        except Stuck as stuck:
            raise CommandError(_("The batch did not finish: %(why)s") % {"why": stuck}) from None
        ended = {"sent": progress.sent, "failed": progress.failed, "unknown": progress.unknown}
        self.say(_("  sent %(sent)d, failed %(failed)d, unknown %(unknown)d") % ended)
        self.say(f"  {stage.site}{reverse('admin:django_jsms_batch_change', args=[batch.pk])}")
        self.say("")

    def check_story(self, options: dict[str, Any]) -> None:
        site, sandbox = Port(options["port"]), Port(options["sandbox_port"])
        with (
            tempfile.TemporaryDirectory() as directory,
            set_up(Path(directory, "demo.sqlite3"), site=site, sandbox=sandbox, broker=options["broker"]) as stage,
        ):
            walk = Walk(stage, Roll(options["rows"]))
            try:
                for title in tell(walk):
                    self.say(f"✓ {title}")
                    self.heed()
            except Failed as failure:
                raise CommandError(f"✗ {failure}") from None
            finally:
                walk.close()

    def say(self, line: str) -> None:
        """One line, at once, whatever the terminal can show."""
        encoding = getattr(self.stdout, "encoding", None) or "utf-8"
        self.stdout.write(line.encode(encoding, "replace").decode(encoding))
        self.stdout.flush()


def port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65_535):
        raise argparse.ArgumentTypeError(_("must be a number from 0 to 65535"))
    return int(text)


def rows(text: str) -> int:
    if not (text.isascii() and text.isdigit() and FEWEST <= int(text) <= 1_000_000):
        raise argparse.ArgumentTypeError(_("must be a number from %d to 1000000") % FEWEST)
    return int(text)


def language() -> str:
    """The reader's, as the machine says; the site's own language is the visitor's choice."""
    asked = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return "zh-hans" if asked.lower().startswith("zh") else "en"
