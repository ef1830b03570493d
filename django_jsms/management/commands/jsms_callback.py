"""``manage.py jsms_callback``: the address to register, a test notification, what was stored and not applied."""

from __future__ import annotations

import json
import re
import secrets
import time
import urllib.error
import urllib.request
from typing import Any, Final
from urllib.parse import urlencode

from django.core.management.base import CommandError, CommandParser
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from ... import conf
from ...client.callbacks import REPLY, REPORT, SIGNATURE, TEMPLATE, sign
from ...exceptions import JSMSError
from ...models import Callback
from ...services import dismiss_callback, kept, pull_replies, pull_reports, reprocess_callback
from ...services.callbacks import NONCE_REUSED
from ...services.told import ANSWER
from ..base import TerminalCommand, positive

#: What the console's own test button sends (jsms-api 3.5); the msgId belongs to nobody.
_KINDS: Final = {"report": REPORT, "reply": REPLY, "template": TEMPLATE, "signature": SIGNATURE}
_SECONDS: Final = 10


class Command(TerminalCommand):
    help = (
        "url: print the address to register. simulate: post a signed notification to the running site. pull: fetch "
        "reports and replies once. reprocess: apply what is stored and changed nothing yet, but for what came under a "
        "nonce that was used for something else about the same: that is for the admin, one at a time. dismiss: mark "
        "what can never be applied as settled. Exit codes: 0 done, 1 it failed or something is left, 2 usage."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        for verb in ("url", "simulate", "pull", "reprocess", "dismiss"):
            sub = verbs.add_parser(verb)
            sub.add_argument("--app", default="default", help=_("app of the JSMS setting"))
            if verb in ("url", "simulate"):
                sub.add_argument(
                    "--site", required=verb == "simulate", help=_("for instance https://shop.example.com")
                )
            if verb == "simulate":
                self._add_contents(sub)
            if verb == "dismiss":
                sub.add_argument("ids", type=positive, nargs="+", metavar="ID", help=_("of a stored callback"))

    def _add_contents(self, sub: Any) -> None:
        sub.add_argument("kind", choices=_KINDS)
        sub.add_argument("--mobile", default="13000000000")
        sub.add_argument("--msg-id", default="1857496", help=_("of the message that the report is about"))
        sub.add_argument("--status", type=int, help=_("report: 4001 is delivered; audit: 1 approved, 2 rejected"))
        sub.add_argument("--content", default="TD", help=_("text of the reply"))
        sub.add_argument("--id", type=int, default=123, help=_("of the template or signature"))
        sub.add_argument("--reason", help=_("why the audit was not passed"))

    def handle(self, *args: Any, verb: str, app: str, **options: Any) -> None:
        try:
            config = conf.app(app)
            getattr(self, f"_{verb}")(config, **options)
        except JSMSError as error:
            raise CommandError(error.message) from error

    def _url(self, config: conf.App, *, site: str | None, **options: Any) -> None:
        self.stdout.write(_address(config, site or "https://your.site"))
        hint = _("Register it in the console of Jiguang, once for each kind. It takes ports 80 and 443 only.")
        self.stdout.write(hint)

    def _simulate(self, config: conf.App, *, site: str, kind: str, **options: Any) -> None:
        status = _post(_address(config, site), _form(config, kind, options))
        self.stdout.write(_("The site answered HTTP %(status)d.") % {"status": status})
        if status != 200:
            raise CommandError(_("JSMS would try again: it takes nothing but a 2xx for an answer."))

    def _pull(self, config: conf.App, **options: Any) -> None:
        for name, pull in ((_("reports"), pull_reports), (_("replies"), pull_replies)):
            pulled = pull(config.alias)
            if pulled is None:
                raise CommandError(_("Another process is pulling, or did less than 5 seconds ago."))
            self.stdout.write(f"{name}: {pulled.records}" + (" …" if pulled.more else ""))

    def _reprocess(self, config: conf.App, **options: Any) -> None:
        left = Callback.objects.primary().filter(app=config.alias, applied_at=None).order_by("pk")
        left = left.exclude(error=NONCE_REUSED).exclude(kind=ANSWER)
        done = [self._again(each) for each in left.iterator()]
        counts = {"done": sum(done), "left": len(done) - sum(done)}
        self.stdout.write(_("%(done)d applied, %(left)d left.") % counts)
        if counts["left"]:
            raise CommandError(_("What can never be applied is marked as settled by: jsms_callback dismiss ID …"))

    def _again(self, callback: Callback) -> bool:
        """One that breaks keeps no other from being tried."""
        try:
            said = reprocess_callback(callback) and kept.why(callback)
        except Exception as error:
            said = type(error).__name__
        if said:
            self.stdout.write(f"{callback.pk} {callback.kind}: {said}")
        return not said

    def _dismiss(self, config: conf.App, *, ids: list[int], **options: Any) -> None:
        found = Callback.objects.primary().in_bulk(ids)
        for pk in ids:
            if pk not in found:
                raise CommandError(_("There is no callback %(id)s.") % {"id": pk})
            dismiss_callback(found[pk])
            self.stdout.write(_("Callback %(id)s is marked as settled.") % {"id": pk})


def _address(config: conf.App, site: str) -> str:
    if not re.match(r"(?i)https?://[^/]", site):
        raise CommandError(_("--site must begin with http:// or https://."), returncode=2)
    return site.rstrip("/") + _path(config.alias)


def _path(app: str) -> str:
    tokens = conf.app_entries()[app].get("CALLBACK_TOKENS") or ()
    if not tokens:
        text = _("App %(app)s has no CALLBACK_TOKENS. Put one into settings, for instance %(token)s")
        raise CommandError(text % {"app": app, "token": secrets.token_urlsafe(24)})
    try:
        return reverse("django_jsms:callback", args=[tokens[0]])
    except NoReverseMatch:
        raise CommandError(_('Add path("jsms/", include("django_jsms.urls")) to your URLs.')) from None


def _form(config: conf.App, kind: str, options: dict[str, Any]) -> bytes:
    nonce, timestamp = str(secrets.randbits(62)), str(int(time.time() * 1000))
    form = {
        "nonce": nonce,
        "timestamp": timestamp,
        "signature": sign(config.app_key, config.master_secret, nonce, timestamp),
        "type": _KINDS[kind],
        "data": json.dumps(_data(kind, options), ensure_ascii=False),
    }
    return urlencode(form).encode()


def _data(kind: str, options: dict[str, Any]) -> dict[str, Any]:
    now, status = int(time.time() * 1000), options["status"]
    if kind == "report":
        return {"msgId": options["msg_id"], "phone": options["mobile"], "receiveTime": now, "status": status or 4001}
    if kind == "reply":
        return {"phone": options["mobile"], "replyTime": now, "content": options["content"]}
    name = "tempId" if kind == "template" else "signId"
    return {name: options["id"], "status": status or 1, "refuseReason": options["reason"]}


def _post(address: str, body: bytes) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(address, body), timeout=_SECONDS) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError as error:
        raise CommandError(_("The site does not answer: %(why)s") % {"why": error}) from None
