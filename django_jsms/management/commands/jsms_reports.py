"""``manage.py jsms_reports``: how many messages of each template arrived."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from ...models.base import now
from ...services import Rate, delivery_rates
from ..base import SendingCommand, positive
from ..tables import table


class Command(SendingCommand):
    help = "Show how many messages and codes of each template arrived. Exit codes: 0 done, 1 it failed, 2 usage."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--days", type=positive, default=7, metavar="N", help=_("of the last N days"))
        parser.add_argument("--app", help=_("only this app of the JSMS setting"))
        parser.add_argument("--json", action="store_true", help=_("answer in JSON, for scripts"))

    def run(self, *, days: int, app: str | None, json: bool, **options: Any) -> None:
        rates = delivery_rates(app=app, since=now() - timedelta(days=min(days, 3650)))
        if json:
            self.print_json([{**asdict(rate), "rate": rate.rate} for rate in rates])
        elif not rates:
            self.say(_("Nothing was sent in the last %(days)d days.") % {"days": days})
        else:
            self.say(table(_headings(), [_row(rate) for rate in rates], right=(2, 3, 4, 5, 6, 7)))


def _headings() -> tuple[str, ...]:
    return (
        _("app"), _("template"), _("sent"), _("delivered"), _("undelivered"), _("no report"), _("waiting"),
        _("arrived"),
    )  # fmt: skip


def _row(rate: Rate) -> tuple[object, ...]:
    name = _("voice call") if rate.template_id is None else rate.template_id
    return rate.app, name, rate.sent, rate.delivered, rate.undelivered, rate.missing, rate.waiting, rate.arrived
