"""``manage.py jsms_template``: write templates, hand them in, follow their audits, compare them with the settings."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _

from ...exceptions import JSMSError
from ...models import Template
from ...services import (
    adopt_template,
    create_template,
    delete_template,
    preview_template,
    refresh_template,
    submit_template,
    update_template,
)
from ...services.names import check_names
from ..audits import AuditCommand
from ..base import param, positive
from ..tables import table


class Command(AuditCommand):
    help = (
        "Templates of JSMS: list, show, create, submit, update, refresh, delete, adopt, check, preview. One that "
        "has no number yet is named draft-5. Exit codes: 0 done, 1 it could not be done, or check found something, "
        "2 usage."
    )
    model = Template
    columns: ClassVar[tuple[str, ...]] = ("type", "text", "ttl")  # type: ignore[misc]

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        for verb, text in _verbs().items():
            self.add_common(verbs.add_parser(verb, help=text, description=text))
        choices = verbs.choices
        choices["list"].add_argument("--status", choices=Template.Status.values, help=_("only these"))
        for verb in ("show", "submit", "update", "delete", "preview"):
            choices[verb].add_argument("label", metavar="ID", help=_("number of JSMS, or draft-5"))
        choices["refresh"].add_argument("labels", nargs="*", metavar="ID", help=_("all open audits if left out"))
        choices["adopt"].add_argument("ids", nargs="+", type=positive, metavar="ID", help=_("number of JSMS"))
        choices["check"].add_argument("--adopt", action="store_true", help=_("ask JSMS for each first"))
        _add_fields(choices["create"], required=True)
        _add_fields(choices["update"], required=False)
        choices["submit"].add_argument("--again", action="store_true", help=_("even if it may have arrived"))
        choices["delete"].add_argument("--yes", action="store_true", help=_("do not ask"))
        choices["preview"].add_argument("--param", action="append", type=param, default=[], dest="params")
        choices["preview"].add_argument("--signature", type=positive, help=_("id of a signature of JSMS"))

    def run(self, **options: Any) -> None:
        getattr(self, f"do_{options['verb']}")(**options)

    def do_list(self, *, app: str, status: str | None, json: bool, **options: Any) -> None:
        rows = Template.objects.primary().filter(app=app).order_by("remote_id", "pk")
        self.show(rows.filter(status=status) if status else rows.exclude(status="deleted"), json)

    def do_show(self, *, app: str, label: str, json: bool, **options: Any) -> None:
        self.show([self.find(label, app)], json)

    def do_create(
        self, *, app: str, text: str, type: str, ttl: int | None, remark: str | None, json: bool, **_: Any
    ) -> None:
        self.show([create_template(text, type=type, ttl=ttl, remark=remark or "", app=app)], json)

    def do_submit(self, *, app: str, label: str, again: bool, json: bool, **options: Any) -> None:
        self.show([submit_template(self.find(label, app), again=again)], json)

    def do_update(self, *, app: str, label: str, json: bool, **options: Any) -> None:
        changes = {name: options[name] for name in ("text", "type", "ttl", "remark")}
        self.show([update_template(self.find(label, app), **changes)], json)

    def do_refresh(self, *, app: str, labels: list[str], json: bool, **options: Any) -> None:
        rows = [self.find(label, app) for label in labels] or Template.objects.primary().open_audits().filter(app=app)
        self.show([refresh_template(row) for row in rows], json)

    def do_delete(self, *, app: str, label: str, yes: bool, json: bool, **options: Any) -> None:
        row = self.find(label, app)
        self.confirm(_("Delete template %(row)s at JSMS?") % {"row": row}, yes=yes)
        self.show([delete_template(row)], json)

    def do_adopt(self, *, app: str, ids: list[int], json: bool, **options: Any) -> None:
        self.show([adopt_template(number, app=app) for number in ids], json)

    def do_check(self, *, app: str, adopt: bool, json: bool, **options: Any) -> None:
        if adopt:
            self._adopt_named(app)
        problems = check_names(app)
        if json:
            self.print_json([asdict(each) for each in problems])
        elif problems:
            rows = [(each.name, each.template_id, each.problem, each.text) for each in problems]
            self.say(table((_("name"), _("id"), _("problem"), ""), rows))
        else:
            self.say(_("The names of TEMPLATES and the mirrored templates agree."))
        if problems:
            raise CommandError(_("%(count)d found.") % {"count": len(problems)})

    def _adopt_named(self, app: str) -> None:
        for problem in check_names(app):
            try:
                adopt_template(problem.template_id, app=app)  # type: ignore[arg-type]
            except JSMSError as error:
                self.warn(f"{problem.name}: {error.message}")

    def do_preview(self, *, app: str, label: str, json: bool, **options: Any) -> None:
        row = self.find(label, app)
        shown = preview_template(row, params=dict(options["params"]), signature=options["signature"])
        if json:
            self.print_json(shown)
            return
        self.say(shown.text)
        counts = {"characters": shown.characters, "segments": shown.segments}
        self.say(_("%(characters)d characters, segments: %(segments)d") % counts)
        if shown.missing:
            self.say(_("Without a value: %(names)s") % {"names": ", ".join(shown.missing)})
        if shown.long:
            self.say(_("More than 350 characters: some pages of JSMS allow no more."))


def _verbs() -> dict[str, str]:
    return {
        "list": _("the templates here"),
        "show": _("one template"),
        "create": _("write one and hand it in"),
        "submit": _("hand a draft in"),
        "update": _("change a rejected one and hand it in again"),
        "refresh": _("ask JSMS how they stand"),
        "delete": _("delete one at JSMS"),
        "adopt": _("mirror what exists at JSMS"),
        "check": _("compare TEMPLATES of the settings with them"),
        "preview": _("show what a phone would show, and its segments"),
    }


def _add_fields(parser: CommandParser, *, required: bool) -> None:
    parser.add_argument("--text", required=required, help=_("the text, with {{placeholders}}"))
    parser.add_argument("--type", required=required, choices=("code", "notice", "marketing"), help=_("its type"))
    parser.add_argument("--ttl", type=positive, help=_("seconds that a code lives; only for codes"))
    parser.add_argument("--remark", help=_("for the auditor, at most 100 characters"))
