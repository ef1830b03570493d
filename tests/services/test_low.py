"""A pool below its threshold is told once, by signal and mail; and the jobs that look from time to time."""

from datetime import timedelta

import django
import pytest
from django.core import mail
from django.test import override_settings

from django_jsms import signals
from django_jsms.models import BalanceSnapshot, JobLease, LowBalance
from django_jsms.models.base import now
from django_jsms.services import get_account_balance, get_balance, run_pending, tick
from django_jsms.services.balances import KEPT, snapshot_balances
from django_jsms.services.low import tell_what_is_low
from tests.services.test_balances import stock

#: As each Django wants them.
OPS = "ops@example.com" if django.VERSION >= (6, 0) else ("Ops", "ops@example.com")
NOWHERE = (
    {"MAILERS": {"default": {"BACKEND": "nowhere.Backend"}}}
    if django.VERSION >= (6, 1)
    else {"EMAIL_BACKEND": "nowhere.Backend"}
)
pytestmark = pytest.mark.django_db
LOW = {"industry": {"segments": 100, "days": 5}}


@pytest.fixture
def told():
    calls = []

    def listen(sender, instance, pool, left, days_left, **kwargs):
        assert sender is BalanceSnapshot and isinstance(instance, BalanceSnapshot)
        calls.append((instance.scope, pool, left, days_left))

    signals.balance_low.connect(listen)
    yield calls
    signals.balance_low.disconnect(listen)


@pytest.fixture
def sandbox(jsms_sandbox):
    with jsms_sandbox.settings(BALANCE_LOW=LOW, BALANCE_EMAILS=["money@example.com"]):
        yield jsms_sandbox


def test_a_crossing_is_told_once_until_it_has_recovered(sandbox, told):
    for left in (500, 99, 98, 105, 99, 130, 90):
        stock(sandbox, industry=left, market=1)
        get_balance()
        BalanceSnapshot.objects.all().delete()  # the days are another test's business
    assert told == [("app", "industry", 99, None), ("app", "industry", 90, None)]
    assert [message.to for message in mail.outbox] == [["money@example.com"]] * 2
    assert "default" in mail.outbox[0].subject and "99 segments" in mail.outbox[0].body


def test_too_few_days_are_told(sandbox, told):
    BalanceSnapshot.objects.create(industry=2000, taken_at=now() - timedelta(days=2))
    stock(sandbox, industry=1000)
    get_balance()
    assert told == [("app", "industry", 1000, 2.0)]
    assert "enough for 2.0 days at 500 a day" in mail.outbox[0].body


def test_enough_is_not_told(sandbox, told):
    BalanceSnapshot.objects.create(industry=2000, taken_at=now() - timedelta(days=2))
    stock(sandbox, industry=1900)
    get_balance()
    assert told == mail.outbox == [] and not LowBalance.objects.exists()


@pytest.mark.parametrize("pools", [{}, {"market": 1}, {"balance": 5, "industry": 100}])
def test_never_allotted_is_not_low(sandbox, told, pools):
    stock(sandbox, **pools)
    get_balance()
    assert told == []


def test_an_empty_pool_is_low(sandbox, told):
    stock(sandbox, industry=0)
    get_balance()
    assert told == [("app", "industry", 0, None)]


def test_app_and_account_are_told_apart(sandbox, told):
    stock(sandbox, industry=1)
    stock(sandbox, of="account", industry=2)
    get_balance()
    get_account_balance()
    assert [(scope, left) for scope, _, left, _ in told] == [("app", 1), ("account", 2)]


def test_without_addresses_the_admins_are_written_to(jsms_sandbox):
    stock(jsms_sandbox, industry=1)
    with override_settings(ADMINS=[OPS]), jsms_sandbox.settings(BALANCE_LOW=LOW):
        get_balance()
    assert [message.to for message in mail.outbox] == [["ops@example.com"]]


def test_a_mail_that_cannot_be_sent_costs_no_answer(sandbox, told, caplog):
    stock(sandbox, industry=1)
    with override_settings(**NOWHERE):
        assert get_balance().industry == 1
    assert len(told) == 1 and "was not sent" in caplog.text


def test_the_mail_speaks_the_sites_language(sandbox):
    stock(sandbox, industry=1)
    with override_settings(LANGUAGE_CODE="zh-hans"):
        get_balance()
    assert mail.outbox[0].subject == "极光短信余量不足：default"


@pytest.mark.django_db(transaction=True)
def test_of_many_that_look_one_tells(sandbox, told, race):
    snapshot = BalanceSnapshot.objects.create(industry=5)
    outcomes = race(8, lambda: tell_what_is_low(snapshot))
    assert outcomes == [None] * 8 and len(told) == 1 and LowBalance.objects.count() == 1


# -- from time to time --------------------------------------------------------------------------------------


def paths(sandbox):
    return [call.path for call in sandbox.ledger]


def test_balances_are_asked_once_an_hour_whoever_ticks(jsms_sandbox):
    for _ in range(3):
        tick()
        jsms_sandbox.clock.advance(31)
    assert paths(jsms_sandbox) == ["/v1/accounts/app"]
    jsms_sandbox.clock.advance(3600)
    tick()
    assert len(paths(jsms_sandbox)) == BalanceSnapshot.objects.count() == 2


def test_a_users_run_pending_asks_nothing(jsms_sandbox):
    run_pending()
    assert jsms_sandbox.ledger == []


def test_an_account_is_asked_once_for_all_its_apps(jsms_sandbox):
    stock(jsms_sandbox)
    apps = {alias: {"SANDBOX": jsms_sandbox.url} for alias in ("default", "shop")}
    with jsms_sandbox.settings(APPS=apps):
        assert snapshot_balances() == 3
    assert paths(jsms_sandbox) == ["/v1/accounts/app"] * 2 + ["/v1/accounts/dev"]


def test_an_app_that_cannot_be_asked_keeps_no_other_from_it(jsms_sandbox, caplog):
    apps = {"away": {"SANDBOX": "http://127.0.0.1:9"}, "bare": {}, "default": {"SANDBOX": jsms_sandbox.url}}
    with jsms_sandbox.settings(APPS=apps):
        assert snapshot_balances() == 1
    assert BalanceSnapshot.objects.get().app == "default"
    assert "JSMS app away not answered: unreachable" in caplog.text and "bare" not in caplog.text


def test_a_job_that_fails_is_logged_and_keeps_its_lease(jsms_sandbox, monkeypatch, caplog):
    def fail():
        raise RuntimeError("no")

    monkeypatch.setattr("django_jsms.services.periodic.JOBS", (("fails", timedelta(hours=1), fail),))
    tick()
    assert "The periodic job fails failed" in caplog.text
    assert set(JobLease.objects.values_list("name", flat=True)) == {"tick", "fails"}


def test_history_ends_after_a_year(jsms_sandbox):
    BalanceSnapshot.objects.create(industry=1, taken_at=now() - KEPT - timedelta(days=1))
    snapshot_balances()
    assert BalanceSnapshot.objects.count() == 1
