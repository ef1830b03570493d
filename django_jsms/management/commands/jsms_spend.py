"""``manage.py jsms_spend``: what a month cost, by app, template, tag and purpose."""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import asdict, astuple
from datetime import datetime
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from ...services import SpendLine, monthly_spend
from ...services.hours import BEIJING
from ...services.spend import headings, spend_csv
from ..base import TerminalCommand
from ..tables import table


def _month(text: str) -> str:
    if not re.fullmatch(r"20[0-9]{2}-(0[1-9]|1[0-2])", text, re.ASCII):
        raise argparse.ArgumentTypeError(_("must be YYYY-MM, for instance 2026-11"))
    return text


class Command(TerminalCommand):
    help = "Show what the sends of a month cost, in segments; months are Beijing's. Exit codes: 0 done, 2 usage."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--month", type=_month, metavar="YYYY-MM", help=_("the month; this one if left out"))
        parser.add_argument("--app", help=_("only this app of the JSMS setting"))
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--csv", action="store_true", help=_("CSV that a spreadsheet opens safely"))
        form.add_argument("--json", action="store_true", help=_("one JSON list, for scripts"))

    def handle(self, *args: Any, month: str | None, app: str | None, **options: Any) -> None:
        month = month or f"{datetime.now(BEIJING):%Y-%m}"
        lines = monthly_spend(month, app=app)
        if options["csv"]:
            self.stdout.write("\ufeff" + spend_csv(lines), ending="")
        elif options["json"]:
            self.stdout.write(json.dumps([asdict(line) for line in lines], ensure_ascii=False, indent=2))
        else:
            self.stdout.write(_as_text(month, lines))


def _as_text(month: str, lines: list[SpendLine]) -> str:
    if not lines:
        return _("Nothing was sent in %(month)s.") % {"month": month}
    total = (_("Total"), "", "", "", "", "", sum(line.sends for line in lines), sum(line.segments for line in lines))
    return table(headings(), [*(astuple(line) for line in lines), total], right=(2, 6, 7))
