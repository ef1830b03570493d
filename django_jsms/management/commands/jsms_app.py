"""``manage.py jsms_app``: whether each app sends, and stopping and starting it by hand."""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError
from django.utils.timezone import is_aware, localtime
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from ... import conf
from ...models import JobLease, Pause
from ...services import pause_app, resume_app
from ...services.reasons import explain
from ..base import SendingCommand, positive
from ..tables import table


class Command(SendingCommand):
    help = (
        "Show, pause or resume the apps of the JSMS setting. Exit codes: 0 done, 1 there was no pause to end, 2 usage."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="status|pause|resume")
        status = verbs.add_parser("status", help=_("whether each app sends, and when a worker looked last"))
        status.add_argument("--json", action="store_true", help=_("answer in JSON, for scripts"))
        pause = verbs.add_parser("pause", help=_("send nothing of this app until it is resumed"))
        resume = verbs.add_parser("resume", help=_("end a pause, whatever its reason"))
        for each in (pause, resume):
            each.add_argument("app", nargs="?", default="default", help=_("app of the JSMS setting"))
            each.add_argument(
                "--template", type=positive, default=0, metavar="ID", help=_("only this template of JSMS")
            )

    def run(self, *, verb: str, **options: Any) -> None:
        getattr(self, f"_{verb}")(**options)

    def _status(self, *, json: bool, **options: Any) -> None:
        paused = list(Pause.objects.primary().in_force().order_by("app", "template_id"))
        swept = JobLease.objects.primary().filter(name="tick").values_list("ran_at", flat=True).first()
        if json:
            apps = {alias: [_as_data(p) for p in paused if p.app == alias] for alias in conf.app_entries()}
            self.print_json({"apps": apps, "swept_at": swept})
            return
        whole = {pause.app for pause in paused if not pause.template_id}
        rows: list[tuple[object, ...]] = [
            (p.app, p.template_id or None, _("paused"), _local(p.since), _local(p.until), explain(p.reason, p.code))
            for p in paused
        ]
        rows += [
            (alias, None, pgettext("app", "sends"), None, None, "")
            for alias in conf.app_entries()
            if alias not in whole
        ]
        self.say(table((_("app"), _("template"), _("status"), _("since"), _("until"), _("reason")), rows))
        self.say(_("A worker looked last: %(time)s") % {"time": _local(swept) or _("never")})

    def _pause(self, *, app: str, template: int, **options: Any) -> None:
        pause_app(app, template_id=template)
        self.say(_("App %(app)s is paused. What is queued waits. Go on: jsms_app resume %(app)s") % {"app": app})

    def _resume(self, *, app: str, template: int, **options: Any) -> None:
        if not resume_app(app, template_id=template):
            raise CommandError(_("App %(app)s was not paused.") % {"app": app})
        self.say(_("App %(app)s sends again, with the next look of a worker.") % {"app": app})


def _as_data(pause: Pause) -> dict[str, Any]:
    names = ("template_id", "reason", "code", "since", "until")
    return {name: getattr(pause, name) for name in names}


def _local(at: datetime | None) -> str | None:
    return f"{localtime(at) if is_aware(at) else at:%Y-%m-%d %H:%M:%S}" if at else None
