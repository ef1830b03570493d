"""The month budget: exact under any race, kept by every door, given back only where nothing was sent."""

import datetime as dt

import pytest

from django_jsms.exceptions import InvalidInput, LimitExceeded, NotSent
from django_jsms.models import BalanceSnapshot, Counter, Message, Pause, VerificationCode
from django_jsms.models.base import now
from django_jsms.services import (
    budget_of,
    create_batch,
    preview_batch,
    queue_code,
    queue_message,
    resume_app,
    schedule_message,
    send_code,
    send_message,
    start_batch,
)
from django_jsms.services.budgets import tell_budgets
from tests.conftest import MOBILE

pytestmark = pytest.mark.django_db
NO = {"no": "42"}


def numbers(count):
    return [f"1390013{each:04d}" for each in range(count)]


def app(sandbox, budget, **more):
    return {"APPS": {"default": {"SANDBOX": sandbox.url, "BUDGET": budget}}, **more}


@pytest.fixture
def budgeted(shop):
    """``with budgeted(3):`` lets three segments be sent this month."""
    return lambda budget, **more: shop.settings(**app(shop, budget, **more))


def message(mobile=MOBILE, **more):
    return send_message(mobile, template="order-shipped", params=NO, **more)


@pytest.mark.core
def test_codes_and_messages_share_it(shop, budgeted):
    with budgeted(3):
        send_code(MOBILE, purpose="login")
        message()
        send_code("13900139000", purpose="login")
        assert (budget_of().used, budget_of().left) == (3, 0)
        for door in (message, lambda: send_code("13900139001", purpose="login")):
            with pytest.raises(LimitExceeded) as caught:
                door()
            assert caught.value.limit == "budget 3/month" and caught.value.retry_after > 0
            assert "budget of 3 segments" in str(caught.value) and caught.value.who == "account"
            assert "budget" not in caught.value.message.lower() and "3" not in caught.value.message
    assert len(shop.ledger) == 3 and VerificationCode.objects.count() + Message.objects.count() == 3
    assert not Counter.objects.filter(key__contains="13900139001").exists()


def test_without_one_it_costs_no_statement(shop, count_statements):
    with count_statements() as statements:
        message()
    assert not any("total" in each for each in statements) and budget_of().allowed is None


def test_a_long_text_costs_its_segments(shop, budgeted):
    shop.template(1300, "{{text}}", "notice")
    long = {"id": 1300, "type": "notice", "text": "{{text}}"}
    with budgeted(5, TEMPLATES={"long": long}):
        send_message(MOBILE, template="long", params={"text": "长" * 200})
        assert budget_of().used == 4
        with pytest.raises(LimitExceeded):
            send_message(MOBILE, template="long", params={"text": "长" * 100})


def test_what_surely_was_not_sent_is_given_back(shop, budgeted):
    away = {"APPS": {"default": {"SANDBOX": "http://127.0.0.1:9", "BUDGET": 5}}}
    with budgeted(5):
        send_code("13900139000", purpose="login")
    with shop.settings(**away):
        with pytest.raises(NotSent):
            send_code(MOBILE, purpose="login")
        Pause.objects.all().delete()
        with pytest.raises(NotSent):
            message()
        assert budget_of().used == 1


@pytest.mark.core
def test_what_is_queued_waits_for_the_next_month(shop, budgeted, heard):
    with budgeted(1):
        message()
        waiting = queue_message("13900139000", template="order-shipped", params=NO, expires_in=dt.timedelta(days=60))
        shop.run_pending()
        waiting.refresh_from_db()
        pause = Pause.objects.get()
        assert (waiting.status, pause.reason, pause.template_id) == ("pending", "budget", 1250)
        assert heard.count(("app_paused", None)) == 1
        shop.clock.advance((budget_of().resets_at - now()).total_seconds() + 1)
        assert budget_of().used == 0 and shop.run_pending() == 1
        waiting.refresh_from_db()
        assert waiting.status == "sent" and budget_of().used == 1


def test_a_queued_code_is_within_it_or_waits(shop, budgeted):
    with budgeted(1):
        message()
        code = queue_code(MOBILE, purpose="login")
        shop.run_pending()
        code.refresh_from_db()
        assert code.status == "pending" and len(shop.ledger) == 1


def batch_of(count, **more):
    return create_batch(template="order-shipped", recipients=[(each, NO) for each in numbers(count)], **more)


@pytest.mark.core
def test_a_batch_above_it_is_refused_with_the_numbers(shop, budgeted):
    batch = batch_of(30, chunk_size=10)
    with budgeted(25):
        assert preview_batch(batch).budget_after == -5
        with pytest.raises(InvalidInput) as caught:
            start_batch(batch)
        assert (
            caught.value.reason == "budget_exceeded" and "30" in caught.value.message and "25" in caught.value.message
        )
        start_batch(batch, force=True)
        shop.run_pending()
        assert budget_of().used == 20 and len(shop.outbox) == 20
        send_code(MOBILE, purpose="login")  # five are left: a campaign that does not fit keeps no code away
    with budgeted(100):
        assert resume_app(template_id=1250)
        shop.run_pending()
    assert len(shop.outbox) == 31 and Message.objects.filter(status="sent").count() == 30


def test_a_batch_above_the_balance_is_refused_too(shop):
    batch = batch_of(30)
    BalanceSnapshot.objects.create(industry=20, all_purpose=None)
    assert preview_batch(batch).balance_after == -10
    with pytest.raises(InvalidInput) as caught:
        start_batch(batch)
    assert caught.value.reason == "balance_exceeded" and shop.ledger == []
    BalanceSnapshot.objects.update(taken_at=now() - dt.timedelta(days=2))  # that says nothing any more
    start_batch(batch)


def test_a_chunk_that_was_refused_is_given_back(shop, budgeted):
    batch = batch_of(10)
    with budgeted(15):
        shop.fault("status", code=50014, route="/v1/messages/batch")
        start_batch(batch)
        shop.run_pending()
        assert budget_of().used == 0
        Pause.objects.all().delete()
        shop.clock.advance(3)
        shop.run_pending()
        assert budget_of().used == 10 and len(shop.outbox) == 10


def test_a_schedule_counts_when_jsms_is_asked(shop, budgeted):
    with budgeted(1):
        at = now() + dt.timedelta(hours=2)
        schedule_message(MOBILE, template="order-shipped", params=NO, send_at=at)
        with pytest.raises(LimitExceeded):
            schedule_message("13900139000", template="order-shipped", params=NO, send_at=at)
        assert budget_of().used == 1 and len(shop.ledger) == 1


def test_it_is_told_once_a_month(shop, budgeted, heard):
    with budgeted(5):
        for mobile in numbers(3):
            message(mobile)
        assert tell_budgets() == 0
        message()
        assert tell_budgets() == 1 and tell_budgets() == 0
        assert heard.count(("budget_near", None)) == 1


@pytest.mark.databases
@pytest.mark.django_db(transaction=True)
def test_it_is_exact_under_a_race(shop, budgeted, race):
    waiting = numbers(40)
    with budgeted(25):
        outcomes = race(40, lambda: message(waiting.pop()).status)
        assert outcomes.count("sent") == budget_of().used == len(shop.ledger) == 25
    assert {each.limit for each in outcomes if each != "sent"} == {"budget 25/month"}
