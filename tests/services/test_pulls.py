"""Pulling what JSMS hands out once: nothing is lost silently, and two pullers make one call."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from django_jsms.client import JSMSClient
from django_jsms.exceptions import NoAnswer, NotSent
from django_jsms.models import Callback, JobLease, OptOut, Reply, Report
from django_jsms.models.base import LEASE, now
from django_jsms.services import pull_replies, pull_reports, pulls, reprocess_callback, send_message
from tests.conftest import MOBILE

pytestmark = [pytest.mark.django_db, pytest.mark.core]


@pytest.fixture
def shop(jsms_sandbox: Any) -> Any:
    jsms_sandbox.template(1250, "订单已发货", "notice")
    with jsms_sandbox.settings(REPORTS="pull"):
        yield jsms_sandbox


def delivered(shop: Any) -> Any:
    row = send_message(MOBILE, template=1250)
    shop._server.deliver(msg_id=row.msg_id)
    return row


def calls(shop: Any) -> int:
    return sum(entry.path in ("/v1/report", "/v1/reply") for entry in shop.ledger)


def test_reports_are_fetched_and_applied(shop: Any, heard: Any) -> None:
    row = delivered(shop)

    pulled = pull_reports()
    assert pulled and (pulled.records, pulled.unreadable, pulled.more) == (1, 0, False)
    row.refresh_from_db()
    assert (row.delivery, Report.objects.get().callback) == ("delivered", Callback.objects.get())
    kept = Callback.objects.get()
    assert kept.error == "" and json.loads(bytes(kept.body))[0]["msgId"] == row.msg_id
    assert heard[-1] == ("message_delivered", "sent")


def test_replies_are_fetched_and_applied(shop: Any) -> None:
    delivered(shop)
    shop._server.reply(MOBILE, "TD")

    pulled = pull_replies()
    assert pulled and pulled.records == 1
    assert (Reply.objects.get().content, OptOut.objects.get().mobile) == ("TD", MOBILE)


def test_within_5_seconds_nobody_asks_again(shop: Any) -> None:
    assert pull_reports() is not None
    assert pull_reports() is None and calls(shop) == 1
    shop.clock.advance(6)
    JobLease.objects.update(until=now() - LEASE)  # the database's clock was not moved
    assert pull_reports() is not None and calls(shop) == 2
    assert not Callback.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_twenty_pullers_one_asks(shop: Any, race: Callable[..., list[Any]]) -> None:
    outcomes = race(20, pull_reports)

    assert sum(outcome is not None for outcome in outcomes) == 1 == calls(shop)


def test_a_lost_answer_leaves_a_gap(shop: Any, caplog: Any) -> None:
    delivered(shop)
    shop.fault("close", when="after")

    with pytest.raises(NoAnswer):
        pull_reports()
    gap = Callback.objects.get()
    assert (gap.error, gap.applied_at, reprocess_callback(gap)) == ("gap", None, "gap")
    assert "lost" in caplog.text and calls(shop) == 1


def test_what_never_left_is_no_gap(shop: Any) -> None:
    with shop.settings(APPS={"default": {"SANDBOX": "http://127.0.0.1:9"}}), pytest.raises(NotSent):
        pull_reports()
    assert not Callback.objects.exists()


def test_a_process_that_dies_after_storing_loses_nothing(shop: Any, monkeypatch: Any) -> None:
    row = delivered(shop)

    def killed(*args: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(pulls, "_apply", killed)
        pull_reports()
    assert Callback.objects.get().error == "unread"

    shop.clock.advance(61)
    pulls.pull_all()
    row.refresh_from_db()
    assert row.delivery == "delivered" and Callback.objects.get(kind="pull report", error="").applied_at
    assert Report.objects.count() == 1


def test_a_process_that_dies_before_storing_leaves_a_gap(shop: Any, monkeypatch: Any) -> None:
    delivered(shop)
    asked = JSMSClient.pull_reports

    def killed(client: JSMSClient) -> Any:
        asked(client)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pulls._pull("default", "pull report", killed)
    assert Callback.objects.get().error == "gap"


def test_without_the_setting_nothing_is_pulled(shop: Any) -> None:
    with shop.settings(REPORTS=None):
        assert pulls.pull_all() == 0
    assert calls(shop) == 0
