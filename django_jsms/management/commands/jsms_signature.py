"""``manage.py jsms_signature``: hand signatures in with their papers, and follow their audits."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from ...models import Signature
from ...services import (
    adopt_signature,
    create_signature,
    delete_signature,
    refresh_signature,
    submit_signature,
    update_signature,
)
from ..audits import AuditCommand
from ..base import param, positive, unusable


class Command(AuditCommand):
    help = (
        "Signatures of JSMS: list, show, create, submit, update, refresh, delete, adopt. One that has no number yet "
        "is named draft-5. Exit codes: 0 done, 1 it could not be done, 2 usage."
    )
    model = Signature
    columns: ClassVar[tuple[str, ...]] = ("type", "text", "is_default")  # type: ignore[misc]

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        for verb, text in _verbs().items():
            self.add_common(verbs.add_parser(verb, help=text, description=text))
        choices = verbs.choices
        for verb in ("show", "submit", "update", "delete"):
            choices[verb].add_argument("label", metavar="ID", help=_("number of JSMS, or draft-5"))
        choices["refresh"].add_argument("labels", nargs="*", metavar="ID", help=_("all open audits if left out"))
        choices["adopt"].add_argument("ids", nargs="+", type=positive, metavar="ID", help=_("number of JSMS"))
        for verb in ("create", "update"):
            new = verb == "create"
            choices[verb].add_argument("--text", required=new, help=_("2 to 16 characters, without 【】"))
            choices[verb].add_argument("--type", required=new, type=positive, help=_("1 company, 6 brand, 7 other"))
            choices[verb].add_argument("--remark", help=_("for the auditor, at most 100 characters"))
        for verb in ("create", "submit", "update"):
            choices[verb].add_argument(
                "--paper",
                action="append",
                type=param,
                default=[],
                dest="papers",
                metavar="NAME=VALUE",
                help=_("a part of JSMS's form; @FILE reads a file; may be repeated"),
            )
        choices["submit"].add_argument("--again", action="store_true", help=_("even if it may have arrived"))
        choices["delete"].add_argument("--yes", action="store_true", help=_("do not ask"))

    def run(self, **options: Any) -> None:
        getattr(self, f"do_{options['verb']}")(**options)

    def do_list(self, *, app: str, json: bool, **options: Any) -> None:
        rows = Signature.objects.primary().filter(app=app).order_by("remote_id", "pk")
        self.show(rows.exclude(status="deleted"), json)

    def do_show(self, *, app: str, label: str, json: bool, **options: Any) -> None:
        self.show([self.find(label, app)], json)

    def do_create(self, *, app: str, text: str, type: int, json: bool, **options: Any) -> None:
        papers, remark = _read(options["papers"]), options["remark"] or ""
        self.show([create_signature(text, type=type, papers=papers, remark=remark, app=app)], json)

    def do_submit(self, *, app: str, label: str, again: bool, json: bool, **options: Any) -> None:
        row, papers = self.find(label, app), _read(options["papers"])
        self.show([submit_signature(row, papers=papers, again=again)], json)

    def do_update(self, *, app: str, label: str, json: bool, **options: Any) -> None:
        row, papers = self.find(label, app), _read(options["papers"])
        changes = {name: options[name] for name in ("text", "type", "remark")}
        self.show([update_signature(row, papers=papers, **changes)], json)

    def do_refresh(self, *, app: str, labels: list[str], json: bool, **options: Any) -> None:
        rows = [self.find(label, app) for label in labels] or Signature.objects.primary().open_audits().filter(app=app)
        self.show([refresh_signature(row) for row in rows], json)

    def do_delete(self, *, app: str, label: str, yes: bool, json: bool, **options: Any) -> None:
        row = self.find(label, app)
        self.confirm(_("Delete signature %(row)s at JSMS?") % {"row": row}, yes=yes)
        self.show([delete_signature(row)], json)

    def do_adopt(self, *, app: str, ids: list[int], json: bool, **options: Any) -> None:
        self.show([adopt_signature(number, app=app) for number in ids], json)


def _read(papers: list[tuple[str, str]]) -> dict[str, Any]:
    """Texts as they are, and the files that ``@`` names."""
    return {name: _file(value[1:]) if value.startswith("@") else value for name, value in papers}


def _file(name: str) -> tuple[str, bytes]:
    try:
        return Path(name).name, Path(name).read_bytes()
    except OSError as error:
        raise unusable(name, error) from None


def _verbs() -> dict[str, str]:
    return {
        "list": _("the signatures here"),
        "show": _("one signature"),
        "create": _("hand one in with its papers"),
        "submit": _("hand a draft in"),
        "update": _("change a rejected one and hand it in again"),
        "refresh": _("ask JSMS how they stand"),
        "delete": _("delete one at JSMS"),
        "adopt": _("mirror what exists at JSMS"),
    }
