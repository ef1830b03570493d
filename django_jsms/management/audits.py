"""What the commands of templates and signatures share: which row is meant, and how rows are shown."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _

from ..models.audits import Audited
from .base import SendingCommand
from .tables import table


class AuditCommand(SendingCommand):
    """One subcommand a verb; each answers with the rows it was about."""

    model: type[Audited]
    columns: tuple[str, ...]
    #: What ``adopt`` calls.
    adopt: Callable[..., Any]

    def add_common(self, parser: CommandParser, *, app: bool = True) -> None:
        if app:
            parser.add_argument("--app", default="default", help=_("app of the JSMS setting"))
        parser.add_argument("--json", action="store_true", help=_("answer in JSON, for scripts"))

    def find(self, label: str, app: str) -> Any:
        """The row of a number of JSMS, or of ``draft-5``."""
        rows = self.model.objects.primary().filter(app=app)
        kind, _dash, number = label.rpartition("-")
        if kind not in ("", "draft") or not (number.isascii() and number.isdigit() and len(number) <= 10):
            raise CommandError(_("write a number of JSMS, or draft-5"), returncode=2)
        row = rows.filter(pk=number).first() if kind else rows.filter(remote_id=number).first()
        if row is None:
            raise CommandError(_("There is no %(label)s here. adopt asks JSMS for it.") % {"label": label})
        return row

    def show(self, rows: Iterable[Any], as_json: bool) -> None:
        rows = list(rows)
        if as_json:
            names = ("label", "app", "remote_id", "status", *self.columns, "reason", "refusal", "remark")
            self.print_json([{name: getattr(row, name) for name in names} for row in rows])
        elif rows:
            head = [_("id"), _("app"), _("status"), *map(str, self.heads()), _("note")]
            self.say(table(head, [self._line(row) for row in rows]))
        else:
            self.say(_("There are none here. adopt asks JSMS for one by its number: it has no list."))

    def heads(self) -> Iterable[Any]:
        fields = {field.name: field for field in self.model._meta.concrete_fields}
        return (fields[name].verbose_name for name in self.columns)

    def _line(self, row: Any) -> list[object]:
        shown = {name: getattr(row, name) for name in self.columns} | {"type": row.get_type_display()}
        return [row.label, row.app, self.model.Status(row.status).label, *shown.values(), row.note]

    def confirm(self, question: str, *, yes: bool) -> None:
        """Go on, or raise: what cannot be undone is done on purpose."""
        if yes:
            return
        if not sys.stdin.isatty():
            raise CommandError(_("%(question)s Pass --yes to go on.") % {"question": question}, returncode=2)
        if input(f"{question} [y/N] ").strip().lower() not in ("y", "yes", "是"):
            raise CommandError(_("Nothing was done."))
