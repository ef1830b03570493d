"""``manage.py jsms_unknown``: messages that may have been sent, and what a person decides about them."""

from __future__ import annotations

import argparse
from itertools import islice
from typing import Any

from django.core.management.base import CommandError
from django.utils.timezone import is_aware, localtime
from django.utils.translation import gettext as _

from ...exceptions import InvalidInput
from ...models import Message
from ...services import mark_lost, resend_unknown, unknown_messages
from ...services.reasons import explain
from ..base import SendingCommand, find_batch, positive
from ..tables import table


class Command(SendingCommand):
    help = (
        "List messages that may have been sent, mark them lost, or send them again. "
        "Exit codes: 0 done, 1 not all of it, 2 usage."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="list|lost|resend")
        listing = verbs.add_parser("list", help=_("show them, oldest first"))
        listing.add_argument("--app", help=_("only this app of the JSMS setting"))
        listing.add_argument("--batch", type=positive, metavar="ID", help=_("only those of this batch"))
        listing.add_argument("--overdue", action="store_true", help=_("only those that no report will settle"))
        listing.add_argument("--limit", type=positive, default=50, help=_("at most so many lines"))
        listing.add_argument("--json", action="store_true", help=_("answer in JSON, for scripts"))
        lost = verbs.add_parser("lost", help=_("they never arrived: failed for good, not sent again"))
        again = verbs.add_parser("resend", help=_("send them once more, at the risk of a second SMS"))
        for each in (lost, again):
            each.add_argument("ids", nargs="+", type=positive, metavar="ID", help=_("ids of messages"))
        again.add_argument("--yes", action="store_true", help=_("do not ask"))

    def run(self, *, verb: str, **options: Any) -> None:
        if verb == "list":
            self._list(**options)
        else:
            self._decide(verb, **options)

    def _list(self, *, app: str | None, batch: int | None, limit: int, json: bool, **options: Any) -> None:
        rows = unknown_messages(app=app, batch=find_batch(batch) if batch else None, overdue=options["overdue"])
        shown = list(islice(rows.select_related("chunk").iterator(), limit))
        if json:
            self.print_json([_as_data(row) for row in shown])
        elif not shown:
            self.say(_("Nothing waits for a decision."))
        else:
            head = ("id", _("batch"), _("mobile"), _("template"), _("reason"), _("reference"), _("created at"))
            self.say(table(head, [tuple((_as_data(row) | {"reason": explain(row.reason)}).values()) for row in shown]))
            self.say(_("%(shown)d of %(all)d.") % {"shown": len(shown), "all": rows.count()})
            self.say(_("Decide: jsms_unknown lost ID … or resend ID …, or jsms_batch retry ID --unknown lost|resend"))

    def _decide(self, verb: str, *, ids: list[int], yes: bool = False, **options: Any) -> None:
        if verb == "resend":
            # One is asked about, too: it may be somebody's second SMS.
            self.ask(1000, _("Messages that may arrive a second time: %(count)d.") % {"count": len(ids)}, yes=yes)
        refused = [line for pk in ids if (line := self._one(verb, pk))]
        if refused:
            raise CommandError(" ".join(refused))

    def _one(self, verb: str, pk: int) -> str:
        """Decide about one; answers why it could not be."""
        message = Message.objects.primary().filter(pk=pk).first()
        if message is None:
            return _("There is no message %(id)s.") % {"id": pk}
        try:
            if verb == "lost":
                mark_lost(message)
                self.say(_("Message %(id)s is marked lost.") % {"id": pk})
            else:
                new = resend_unknown(message)
                self.say(_("Message %(id)s is sent again as message %(new)s.") % {"id": pk, "new": new.pk})
        except InvalidInput as error:
            return f"{pk}: {error.message}"
        return ""


def _as_data(row: Message) -> dict[str, Any]:
    at = localtime(row.created_at) if is_aware(row.created_at) else row.created_at
    return {
        "id": row.pk,
        "batch": row.chunk.batch_id if row.chunk else None,
        "mobile": row.masked_mobile,
        "template_id": row.template_id,
        "reason": row.reason,
        "reference": row.reference,
        "created_at": f"{at:%Y-%m-%d %H:%M:%S}",
    }
