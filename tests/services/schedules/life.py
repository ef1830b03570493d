"""What the tests of schedules do again and again."""

import datetime as dt
from contextlib import contextmanager

from django.conf import settings
from django.utils import timezone

from django_jsms.models.base import now
from django_jsms.services import run_pending, schedule_message
from django_jsms.services.hours import aware
from tests.conftest import MOBILE

NAMES = {
    "order-shipped": {"id": 1250, "type": "notice", "text": "订单{{no}}已发货"},
    "order-late": {"id": 1251, "type": "notice", "text": "订单{{no}}将晚到"},
    "spring": {"id": 1252, "type": "marketing", "text": "春季上新"},
}
BEIJING = dt.timezone(dt.timedelta(hours=8))
OTHER = "13900139000"


@contextmanager
def opened(jsms_sandbox):
    """A shop with templates at JSMS and names for them."""
    for each in NAMES.values():
        jsms_sandbox.template(each["id"], each["text"], each["type"])
    with jsms_sandbox.settings(TEMPLATES=NAMES):
        yield jsms_sandbox


def ahead(**by):
    """So much later than now, in whole seconds."""
    at = aware(now()).replace(microsecond=0) + dt.timedelta(**by)
    return at if settings.USE_TZ else timezone.make_naive(at)


def make(**more):
    return schedule_message(
        MOBILE, **{"template": "order-shipped", "params": {"no": "42"}, "send_at": ahead(hours=2), **more}
    )


def pass_until(shop, moment):
    """Let the clocks of JSMS and of us come to a moment, and workers do what is due on the way."""
    run_pending()
    shop.clock.advance((aware(moment) - aware(now())).total_seconds())
    run_pending()


def fires_at(shop, moment):
    """It is not sent two seconds before the moment, and is sent at it; workers do what is due after it."""
    before = len(shop.outbox)
    pass_until(shop, moment - dt.timedelta(seconds=2))
    assert len(shop.outbox) == before
    shop.clock.advance(2)
    (arrived,) = shop.outbox[before:]
    shop.clock.advance(30)
    run_pending()
    return arrived


def calls(shop, method, path="/v1/schedule"):
    """Calls of that method that reached JSMS, answered or not."""
    return [entry for entry in shop.ledger if entry.event == "call" and entry.method == method and path in entry.path]


def lose(shop, method, times=1):
    """JSMS does the work, and its answer never comes."""
    shop.fault("close", when="after", method=method, times=times)


def reread(schedule):
    schedule.refresh_from_db()
    return schedule


def messages(schedule):
    return sorted(schedule.messages.values_list("mobile", "status"))
