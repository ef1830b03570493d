"""``manage.py jsms_send``: one template message, now or from the queue."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from ...models import Message
from ...services import preview_message, queue_message, send_message
from ...services.reasons import explain
from ..base import SendingCommand, add_message_arguments


class Command(SendingCommand):
    help = "Send one template message. Exit codes: 0 sent or queued, 1 not sent or not known, 2 usage."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("mobile", help=_("11 digits"))
        add_message_arguments(parser)
        parser.add_argument("--reference", default="", help=_("up to 64 characters of yours, an order number"))
        parser.add_argument("--idempotency-key", help=_("the same key sends once, however often this is run"))
        parser.add_argument("--queue", action="store_true", help=_("let a worker send it"))

    def run(self, *, mobile: str, dry_run: bool, queue: bool, **options: Any) -> None:
        message: dict[str, Any] = {name: options[name] for name in ("template", "app")}
        message["params"] = dict(options["params"])
        if dry_run:
            self._preview(mobile, message, options["json"])
            return
        message |= {name: options[name] for name in ("signature", "tag", "reference", "idempotency_key")}
        row = (queue_message if queue else send_message)(mobile, **message)
        self._answer(row, options["json"])

    def _preview(self, mobile: str, message: dict[str, Any], as_json: bool) -> None:
        preview = preview_message(mobile, **message)
        if as_json:
            self.print_json(preview)
            return
        self.say(_("To %(mobile)s, segments %(segments)d: %(text)s") % {
            "mobile": preview.mobile, "segments": preview.segments,
            "text": preview.text or _("(the template's text is not known here)"),
        })  # fmt: skip
        self.say(_("Nothing was sent: this was a dry run."))

    def _answer(self, row: Message, as_json: bool) -> None:
        if as_json:
            names = ("id", "status", "msg_id", "reason", "error_code", "template_id", "segments", "reference")
            self.print_json({"mobile": row.masked_mobile, **{name: getattr(row, name) for name in names}})
        else:
            label = Message.Status(row.status).label
            text = _("Message %(id)s to %(mobile)s: %(status)s, segments %(segments)d, msg_id %(msg_id)s")
            self.say(text % {
                "id": row.pk, "mobile": row.masked_mobile, "status": label, "segments": row.segments,
                "msg_id": row.msg_id or "—",
            })  # fmt: skip
        if row.status == Message.Status.UNKNOWN:
            raise CommandError(_("The answer was lost: it may arrive. Do not send it again; see jsms_unknown list."))
        if row.status in (Message.Status.FAILED, Message.Status.EXPIRED):
            raise CommandError(_("It was not sent: %(reason)s") % {"reason": explain(row.reason, row.error_code)})
