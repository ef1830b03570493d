"""The page of delivery rates: how many messages and codes of each template arrived."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .. import conf
from ..models import Message, Template
from ..models.base import now
from ..services import Rate, delivery_rates

#: The spans that are offered, in days.
DAYS: Final = (1, 7, 30)
_USUAL: Final = 7


def rates_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """The rates of a span and, if wanted, of one app, with links to the rows. What is asked wrongly is the usual."""
    days = next((each for each in DAYS if str(each) == request.GET.get("days")), _USUAL)
    apps = list(conf.app_entries())
    app = next((each for each in apps if each == request.GET.get("app")), None)
    since = now() - timedelta(days=days)
    context |= {
        "title": _("Delivery rates"),
        "days": days,
        "spans": [(each, ngettext("%(count)d day", "%(count)d days", each) % {"count": each}) for each in DAYS],
        "apps": apps if len(apps) > 1 else [],
        "app": app,
        "rates": _told(delivery_rates(app=app, since=since), since),
    }
    return TemplateResponse(request, "admin/django_jsms/rates.html", context)


def _told(rates: list[Rate], since: datetime) -> list[dict[str, Any]]:
    ids = [rate.template_id for rate in rates if rate.template_id]
    names = {entry.get("id"): name for name, entry in conf.get("TEMPLATES").items()}
    mirrored = Template.objects.primary().filter(remote_id__in=ids)
    called = {(row.app, row.remote_id): row.text for row in mirrored}
    sent = Message.objects.primary().filter(template_id__in=ids, sent_at__gte=since).order_by()
    messages = set(sent.values_list("app", "template_id").distinct())
    told = [(rate, (rate.app, rate.template_id)) for rate in rates]
    return [
        {"rate": rate, "name": names.get(key[1]) or called.get(key, ""), "link": _link(rate, key in messages)}
        for rate, key in told
    ]


def _link(rate: Rate, messages: bool) -> str:
    """Its rows: what was no message is a code, read aloud where it has no template."""
    page = "message" if messages else "verificationcode"
    query = {"app__exact": rate.app, "template_id__exact": rate.template_id}
    if rate.template_id is None:
        query = {"app__exact": rate.app, "channel__exact": "voice"}
    return f"{reverse(f'admin:django_jsms_{page}_changelist')}?{urlencode(query)}"
