"""``manage.py jsms_schedule``: what JSMS holds until its time; made, changed, cancelled and settled."""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import Any, Final

from django.core.management.base import CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ...client.mobile import mask
from ...exceptions import JSMSError
from ...models import Schedule
from ...models.schedules import CLOSED, HELD
from ...services import (
    adopt_schedule,
    cancel_schedule,
    dismiss_schedule,
    read_list,
    refresh_schedule,
    schedule_batch,
    schedule_message,
    update_schedule,
)
from ..base import SendingCommand, find_batch, moment, opened, param, positive, template
from ..schedules import as_data, as_text, found, listing

#: How many ``list`` shows.
LISTED: Final = 50


class Command(SendingCommand):
    help = (
        "What JSMS holds until its time: list, show, create, update, cancel, refresh, adopt, dismiss. "
        "Exit codes: 0 done, 1 not done or not known, 2 usage."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        listed = verbs.add_parser("list", help=_("those that are not over, the next first"))
        listed.add_argument("--all", action="store_true", help=_("those that are over, too"))
        listed.add_argument("--status", action="append", choices=Schedule.Status.values, dest="statuses")
        listed.add_argument("--app", help=_("only this app of the JSMS setting"))
        show = verbs.add_parser("show", help=_("one, and its recipients, as we know it"))
        create = verbs.add_parser("create", help=_("one message, or a batch that is ready"))
        _create_arguments(create)
        update = verbs.add_parser("update", help=_("another time, text, or recipients; what is not given stays"))
        _update_arguments(update)
        cancel = verbs.add_parser("cancel", help=_("delete it at JSMS"))
        refresh = verbs.add_parser("refresh", help=_("ask JSMS what it holds"))
        adopt = verbs.add_parser("adopt", help=_("take over one that is in the console, by its id there"))
        adopt.add_argument("schedule_id", metavar="SCHEDULE_ID", help=_("the id in the console"))
        adopt.add_argument("--app", default="default", help=_("app of the JSMS setting"))
        adopt.add_argument("--to", metavar="ID", help=_("the row that was lost; found by itself if left out"))
        dismiss = verbs.add_parser("dismiss", help=_("say that one that was lost is not in the console"))
        for each in (show, update, cancel, dismiss):
            each.add_argument("id", metavar="ID", help=_("id of the row, or of JSMS"))
        refresh.add_argument(
            "id", metavar="ID", nargs="?", help=_("id of the row, or of JSMS; all that JSMS may hold")
        )
        for each in verbs.choices.values():
            each.add_argument("--json", action="store_true", help=_("answer in JSON, for scripts"))

    def run(self, *, verb: str, **options: Any) -> None:
        getattr(self, f"_{verb}")(**options)

    # -- looking ------------------------------------------------------------------------------------------------

    def _list(self, *, all: bool, statuses: list[str] | None, app: str | None, json: bool, **options: Any) -> None:
        rows = Schedule.objects.primary().select_related("chunk").order_by("send_at", "pk")
        if app:
            rows = rows.filter(app=app)
        if statuses:
            rows = rows.filter(status__in=statuses)
        elif not all:
            rows = rows.exclude(status__in=CLOSED)
        shown = list(rows[:LISTED])
        if json:
            self.print_json([as_data(schedule) for schedule in rows])
        elif not shown:
            self.say(_("Nothing is scheduled. Schedule one: jsms_schedule create MOBILE --template NAME --at TIME"))
        else:
            self.say(listing(shown))
            if len(shown) == LISTED:
                self.say(_("… the first %(count)d; all of them: --json") % {"count": LISTED})

    def _show(self, *, id: str, json: bool, **options: Any) -> None:
        schedule = found(id)
        rows = list(schedule.messages.order_by("pk").values_list("mobile", "status", "msg_id", "reason"))
        messages = [
            {"mobile": mask(mobile) if mobile else None, "status": status, "msg_id": msg_id, "reason": reason}
            for mobile, status, msg_id, reason in rows
        ]
        if json:
            self.print_json({**as_data(schedule), "messages": messages})
        else:
            self.say(as_text(schedule, messages))

    # -- its life -----------------------------------------------------------------------------------------------

    def _create(self, *, mobile: str | None, batch: int | None, at: datetime, json: bool, **options: Any) -> None:
        if (mobile is None) == (batch is None):
            raise CommandError(_("Give a mobile, or --batch ID."), returncode=2)
        if batch is not None:
            self._create_of_batch(batch, at, json)
            return
        if options["template"] is None:
            raise CommandError(_("Give --template: an id of JSMS, or a name of TEMPLATES."), returncode=2)
        kept = ("template", "signature", "tag", "reference", "idempotency_key", "app")
        given = {name: options[name] for name in kept}
        self._answer(schedule_message(mobile or "", send_at=at, params=dict(options["params"]), **given), json)

    def _create_of_batch(self, pk: int, at: datetime, as_json: bool) -> None:
        batch = schedule_batch(find_batch(pk), send_at=at)
        schedules = list(batch.schedules.select_related("chunk").order_by("pk"))
        if as_json:
            self.print_json([as_data(schedule) for schedule in schedules])
            return
        text = _("Batch %(id)s: %(count)d schedules. Workers ask JSMS to hold them: jsms_worker; jsms_schedule list")
        self.say(text % {"id": batch.pk, "count": len(schedules)})

    def _update(self, *, id: str, at: datetime | None, json: bool, **options: Any) -> None:
        schedule = found(id)
        given: dict[str, Any] = {"send_at": at, "template": options["template"]}
        given["params"] = dict(options["params"]) or None
        if options["to"]:
            given["recipients"] = [(options["to"], {})]
        if options["file"]:
            with opened(options["file"]) as source:
                named = schedule.template_id if options["template"] is None else options["template"]
                how = {"params": given["params"] or {}, "app": schedule.app, "encoding": options["encoding"]}
                rows = read_list(source, template=named, **how)
                self._answer(update_schedule(schedule, **given, recipients=rows), json)
            return
        self._answer(update_schedule(schedule, **given), json)

    def _cancel(self, *, id: str, json: bool, **options: Any) -> None:
        self._answer(cancel_schedule(found(id)), json)

    def _refresh(self, *, id: str | None, json: bool, **options: Any) -> None:
        if id is not None:
            self._answer(refresh_schedule(found(id)), json)
            return
        read, failed = [], []
        for schedule in Schedule.objects.primary().filter(status__in=HELD).order_by("send_at", "pk"):
            try:
                read.append(refresh_schedule(schedule))
            except JSMSError as error:
                failed.append(f"{schedule.pk}: {error.message}")
        if json:
            self.print_json([as_data(schedule) for schedule in read])
        elif read:
            self.say(listing(read))
        if failed:
            raise CommandError("\n".join(failed))

    def _adopt(self, *, schedule_id: str, app: str, to: str | None, json: bool, **options: Any) -> None:
        self._answer(adopt_schedule(schedule_id, app=app, schedule=found(to) if to else None), json)

    def _dismiss(self, *, id: str, json: bool, **options: Any) -> None:
        self._answer(dismiss_schedule(found(id)), json)

    def _answer(self, schedule: Schedule, as_json: bool) -> None:
        if as_json:
            self.print_json(as_data(schedule))
        else:
            self.say(listing([schedule]))
        for status, text in _NOT_KNOWN.items():
            if schedule.status == status:
                raise CommandError(text % {"id": schedule.pk})


_NOT_KNOWN: Final[dict[str, Any]] = {
    "create_unknown": gettext_lazy(
        "The answer was lost: JSMS may hold it. Look in the console, then jsms_schedule adopt SCHEDULE_ID, "
        "or jsms_schedule dismiss %(id)s."
    ),
    "update_unknown": gettext_lazy(
        "The answer was lost. A worker finds out what JSMS holds: jsms_schedule show %(id)s"
    ),
    "cancel_unknown": gettext_lazy("The answer was lost. A worker goes on cancelling: jsms_schedule show %(id)s"),
}


def _create_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("mobile", nargs="?", metavar="MOBILE", help=_("11 digits"))
    parser.add_argument("--batch", type=positive, metavar="ID", help=_("a batch that is ready, instead of a mobile"))
    parser.add_argument("--at", type=moment, metavar="TIME", required=True, help=_("e.g. 2026-12-01T09:00"))
    _text_arguments(parser)
    parser.add_argument("--signature", type=positive, help=_("id of a signature of JSMS"))
    parser.add_argument("--tag", default="", help=_("up to 10 characters to search by"))
    parser.add_argument("--reference", default="", help=_("up to 64 characters of yours, an order number"))
    parser.add_argument("--idempotency-key", help=_("the same key schedules once, however often this is run"))
    parser.add_argument("--app", default="default", help=_("app of the JSMS setting"))


def _update_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--at", type=moment, metavar="TIME", help=_("e.g. 2026-12-01T09:00"))
    _text_arguments(parser)
    to = parser.add_mutually_exclusive_group()
    to.add_argument("--to", metavar="MOBILE", help=_("another recipient"))
    to.add_argument("--file", metavar="FILE", help=_("other recipients, as for jsms_batch create"))
    parser.add_argument("--encoding", help=_("of the file, where it is not found"))


def _text_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--template", type=template, help=_("id of JSMS, or name of TEMPLATES"))
    parser.add_argument(
        "--param",
        action="append",
        type=param,
        default=[],
        dest="params",
        metavar="NAME=VALUE",
        help=_("a parameter of the template; may be repeated"),
    )
