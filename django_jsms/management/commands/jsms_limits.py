"""``manage.py jsms_limits``: why a number may not have a code, and letting it try again."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext as _

from ...services import limits_of, normalize_mobile, reset_limits
from ..base import SendingCommand
from ..tables import table


class Command(SendingCommand):
    help = "What a number has used of its limits, and forgetting it. Exit codes: 0 done, 1 it failed, 2 usage."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="show|reset")
        show = verbs.add_parser("show", help=_("what a number has used, and how long it has to wait"))
        show.add_argument("--app", default="default", help=_("app of the JSMS setting"))
        reset = verbs.add_parser("reset", help=_("let a number try again at once"))
        reset.add_argument("--reason", required=True, help=_("why, for the action log"))
        for each in (show, reset):
            each.add_argument("mobile", metavar="MOBILE", help=_("a mainland mobile number"))
            each.add_argument("--json", action="store_true", help=_("answer in JSON, for scripts"))

    def run(self, *, verb: str, **options: Any) -> None:
        getattr(self, f"_{verb}")(**options)

    def _show(self, *, mobile: str, app: str, json: bool, **options: Any) -> None:
        used = limits_of(normalize_mobile(mobile), app=app)
        if json:
            self.print_json([asdict(each) for each in used])
            return
        heads = (_("limit"), _("purpose"), _("rule"), _("used"), _("allowed"), _("wait (s)"))
        rows = [(u.scope, u.purpose, u.rule, u.used, u.allowed, u.retry_after or None) for u in used]
        self.say(table(heads, rows))

    def _reset(self, *, mobile: str, reason: str, json: bool, **options: Any) -> None:
        cleared = reset_limits(mobile, reason=reason)
        if json:
            self.print_json({"cleared": cleared})
            return
        self.say(_("Counters cleared: %(count)d. The number may have a code again.") % {"count": cleared})
