"""The names of ``TEMPLATES`` against the mirrored templates: what is missing, not approved, or says something else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from .. import conf
from ..models.templates import Template, placeholders


@dataclass(frozen=True)
class NameProblem:
    """``problem`` is ``missing``, ``status``, ``placeholders`` or ``type``; ``text`` says it in words."""

    name: str
    template_id: int | None
    problem: str
    text: str


def check_names(app: str | None = None) -> list[NameProblem]:
    """What is wrong with the names of ``TEMPLATES``, by the rows here; nothing is asked of JSMS.

    A name is looked for in ``app``, or in every app of the settings: an id belongs to one of them.
    """
    apps = [app] if app else list(conf.app_entries())
    found: list[NameProblem] = []
    for name, entry in conf.get("TEMPLATES").items():
        number = entry.get("id")
        rows = Template.objects.primary().filter(app__in=apps, remote_id=number) if isinstance(number, int) else ()
        found += [NameProblem(name, number, *each) for each in _compare(entry, list(rows))]
    return found


def _compare(entry: Mapping[str, Any], rows: list[Template]) -> list[tuple[str, str]]:
    if not rows:
        return [("missing", _("It is not mirrored: jsms_template adopt asks JSMS for it."))]
    found = []
    for row in rows:
        if row.status != Template.Status.APPROVED:
            found.append(("status", _("At JSMS it is: %(status)s.") % {"status": Template.Status(row.status).label}))
        text, kind = entry.get("text"), entry.get("type")
        if isinstance(text, str) and set(placeholders(text)) != set(row.names):
            names = {"ours": ", ".join(placeholders(text)) or "—", "theirs": ", ".join(row.names) or "—"}
            found.append(("placeholders", _("Its placeholders here are %(ours)s, at JSMS %(theirs)s.") % names))
        if kind is not None and kind != row.message_class:
            kinds = {"ours": kind, "theirs": row.message_class}
            found.append(("type", _("Its type here is %(ours)s, at JSMS %(theirs)s.") % kinds))
    return found
