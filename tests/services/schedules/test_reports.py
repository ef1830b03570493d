"""Delivery reports of what JSMS held: the msg_ids that were read before are the bridge."""

import datetime as dt

import pytest

from django_jsms.models import Message
from django_jsms.services import match_reports, pull_reports, run_pending, send_message
from tests.conftest import MOBILE
from tests.services.schedules.life import OTHER, ahead, lose, make, pass_until, reread
from tests.services.schedules.test_batches import scheduled

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(shop):
    with shop.settings(REPORTS="pull"):
        yield shop


def report(shop, mobile=MOBILE):
    """JSMS reports, and we fetch it."""
    shop.deliver(mobile)
    shop.clock.advance(6)
    pull_reports()


@pytest.mark.core
def test_a_report_finds_the_message_of_a_schedule(shop):
    schedule = make(send_at=(at := ahead(hours=2)))
    pass_until(shop, at + dt.timedelta(seconds=31))
    report(shop)
    message = schedule.messages.get()
    assert (message.status, message.delivery) == ("sent", "delivered")


def test_a_report_that_is_faster_than_our_worker_counts(shop):
    schedule = make(send_at=ahead(hours=2))
    run_pending()
    shop.clock.advance(2 * 3600)
    report(shop)
    message = schedule.messages.get()
    assert (reread(schedule).status, message.status, message.delivery) == ("active", "sent", "delivered")
    shop.clock.advance(60)
    run_pending()
    message.refresh_from_db()
    assert (reread(schedule).status, message.status, message.delivery) == ("fired", "sent", "delivered")


def test_so_it_does_in_the_counts_of_a_batch(shop):
    batch = scheduled(3, send_at=ahead(hours=2))
    run_pending()
    shop.clock.advance(2 * 3600)
    report(shop, batch.schedules.get().messages.first().mobile)
    shop.clock.advance(60)
    run_pending()
    assert (batch.counts()["sent"], Message.objects.exclude(sent_at=None).count()) == (3, 3)


def test_a_report_settles_the_message_of_a_lost_schedule(shop):
    lose(shop, "POST")
    schedule = make(send_at=(at := ahead(hours=2)))
    pass_until(shop, at + dt.timedelta(seconds=1))
    assert schedule.messages.get().status == "unknown"
    report(shop)
    match_reports()
    message = schedule.messages.get()
    assert (message.status, message.delivery, message.msg_id) == ("sent", "delivered", shop.outbox[0].msg_id)


def test_what_is_held_for_later_keeps_no_report_from_its_message(shop):
    make(send_at=ahead(days=3))
    lose(shop, "POST")
    lost = send_message(MOBILE, template="order-shipped", params={"no": "1"})
    assert lost.status == "unknown"
    report(shop)
    match_reports()
    lost.refresh_from_db()
    assert (lost.status, lost.delivery) == ("sent", "delivered")


def test_one_whose_time_has_come_does(shop):
    """Until its msg_id is read, the report might be its own."""
    schedule = make(send_at=ahead(minutes=5))
    shop._server.state.schedules[schedule.remote_id].recipients[0].mobile = OTHER
    lose(shop, "POST")
    lost = send_message(MOBILE, template="order-shipped", params={"no": "1"})
    report(shop)
    shop.clock.advance(301)
    assert match_reports() == 0
    lost.refresh_from_db()
    assert lost.status == "unknown"
