"""Balances: what is asked and kept, what it says of pauses, how long a pool lasts."""

from datetime import timedelta

import pytest
from django.db import transaction

from django_jsms.conf import NotConfigured
from django_jsms.exceptions import InTransaction, NoAnswer, NotSent, Refused
from django_jsms.models import BalanceSnapshot, Message, Pause, VerificationCode
from django_jsms.models.base import mobile_hash, now
from django_jsms.services import get_account_balance, get_balance, send_code, send_message, send_voice_code
from django_jsms.services.burn import pool_states
from tests.conftest import MOBILE

pytestmark = pytest.mark.django_db


def stock(sandbox, of="app", **pools):
    """The pools of an app or its account; those not named were never allotted."""
    sandbox._server.balance(of=of, **dict.fromkeys(("balance", "voice", "industry", "market")) | pools)


def state(snapshot, pool):
    return next(each for each in pool_states(snapshot) if each.pool == pool)


def test_what_is_left_is_asked_and_kept(jsms_sandbox):
    stock(jsms_sandbox, balance=1, industry=44, market=0)
    snapshot = get_balance()
    assert snapshot.pools == {"all_purpose": 1, "voice": None, "industry": 44, "market": 0}
    assert BalanceSnapshot.objects.get().pools == snapshot.pools and not snapshot.uses_account
    assert [(call.method, call.path) for call in jsms_sandbox.ledger] == [("GET", "/v1/accounts/app")]


def test_the_account_is_asked_with_the_developers_keys(jsms_sandbox):
    stock(jsms_sandbox, of="account", industry=5)
    assert get_account_balance().pools["industry"] == 5
    assert (BalanceSnapshot.objects.get().scope, jsms_sandbox.ledger[-1].path) == ("account", "/v1/accounts/dev")


def test_an_app_without_an_allotment_uses_its_accounts_pools(jsms_sandbox):
    stock(jsms_sandbox)
    snapshot = get_balance()
    assert (snapshot.uses_account, jsms_sandbox.ledger[-1].code) == (True, 50033)
    assert {each.days_left for each in pool_states(snapshot)} == {None}


def test_without_developer_keys_the_account_is_not_asked(jsms_sandbox):
    app = {"BASE_URL": f"{jsms_sandbox.url}/v1", "APP_KEY": "a", "MASTER_SECRET": "b"}
    with jsms_sandbox.settings(APPS={"default": app}), pytest.raises(NotConfigured, match=r"DEV_KEY and DEV_SECRET"):
        get_account_balance()
    assert jsms_sandbox.ledger == [] and not BalanceSnapshot.objects.exists()


@pytest.mark.parametrize(
    ("fault", "order", "error"),
    [("status", {"status": 401, "code": 50002}, Refused), ("close", {}, NoAnswer), ("garbage", {}, NoAnswer)],
)
def test_no_answer_is_no_snapshot(jsms_sandbox, fault, order, error):
    jsms_sandbox.fault(fault, route="/v1/accounts/app", **order)
    with pytest.raises(error):
        get_balance()
    assert not BalanceSnapshot.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ask", [get_balance, get_account_balance])
def test_in_a_transaction_nothing_is_asked(jsms_sandbox, ask):
    with transaction.atomic(), pytest.raises(InTransaction, match="after the commit"):
        ask()
    assert jsms_sandbox.ledger == []


# -- pauses -------------------------------------------------------------------------------------------------


def pause(code, fingerprint=""):
    return Pause.objects.create(app="default", reason="x", code=code, key_fingerprint=fingerprint)


@pytest.mark.parametrize("code", [50001, 50002, 50035, None])
def test_any_answer_ends_what_is_about_keys_and_addresses(jsms_sandbox, heard, code):
    pause(code)
    get_balance()
    assert not Pause.objects.exists() and heard == [("app_resumed", None)]


@pytest.mark.parametrize("code", [50008, 50036, 50046])
def test_what_a_person_must_end_stays(jsms_sandbox, code):
    pause(code)
    get_balance()
    assert Pause.objects.get().code == code


def test_the_developers_keys_say_nothing_of_the_apps(jsms_sandbox):
    pause(50002)
    get_account_balance()
    assert Pause.objects.exists()


def test_a_pause_of_other_keys_stays(jsms_sandbox):
    pause(50002, fingerprint="somebody-else")
    get_balance()
    assert Pause.objects.exists()


@pytest.mark.parametrize(("left", "over"), [(0, False), (3, True)])
def test_money_ends_a_pause_for_want_of_money(jsms_sandbox, left, over):
    stock(jsms_sandbox, industry=left)
    pause(50014)
    get_balance()
    assert Pause.objects.exists() is not over


def test_the_accounts_money_counts_where_the_app_uses_it(jsms_sandbox):
    stock(jsms_sandbox, of="account", industry=9)
    pause(50014)
    get_account_balance()
    assert Pause.objects.exists()
    stock(jsms_sandbox)
    get_balance()
    assert Pause.objects.exists()
    get_account_balance()
    assert not Pause.objects.exists()


# -- days left ----------------------------------------------------------------------------------------------


def sent(days_ago, segments=1, message_class="notice", **values):
    values = {"mobile": MOBILE, "mobile_hash": mobile_hash(MOBILE), "status": "sent", **values}
    return Message.objects.create(
        segments=segments, message_class=message_class, sent_at=now() - timedelta(days=days_ago), **values
    )


def snapshots(*lefts, every=timedelta(days=1)):
    """Snapshots of the industry pool, the last of them now."""
    start = now() - every * (len(lefts) - 1)
    return [BalanceSnapshot.objects.create(industry=left, taken_at=start + every * n) for n, left in enumerate(lefts)]


def test_days_left_come_from_our_own_sends(jsms_sandbox):
    for days in range(5):
        sent(days + 0.5, segments=20)
    snapshot = BalanceSnapshot.objects.create(industry=220, market=5)
    assert (state(snapshot, "industry").per_day, state(snapshot, "industry").days_left) == (22.22, 9.9)
    assert (state(snapshot, "market").per_day, state(snapshot, "market").days_left) == (0, None)


def test_days_left_come_from_the_snapshots_where_they_lose_more():
    *_, last = snapshots(100, 90, 500, 480, 470)  # a top-up in between is not counted
    assert (state(last, "industry").per_day, state(last, "industry").days_left) == (10, 47)


def test_a_busy_minute_is_spread_over_a_day():
    *_, last = snapshots(100, 40, every=timedelta(minutes=1))
    assert state(last, "industry").per_day == 60


def test_what_was_sent_and_seen_long_ago_does_not_count():
    sent(8, segments=1000)
    BalanceSnapshot.objects.create(industry=9999, taken_at=now() - timedelta(days=8))
    snapshot = BalanceSnapshot.objects.create(industry=10)
    assert state(snapshot, "industry") == state(BalanceSnapshot(industry=10), "industry")
    assert state(snapshot, "industry").per_day == 0


def test_each_kind_empties_its_own_pool_and_then_the_all_purpose_one():
    for kind, segments in (("code", 1), ("notice", 2), ("marketing", 4)):
        sent(0.1, segments=segments, message_class=kind)
    code = {"mobile": MOBILE, "mobile_hash": mobile_hash(MOBILE), "purpose": "login", "sent_at": now()}
    VerificationCode.objects.create(channel="text", status="verified", **code)
    VerificationCode.objects.create(channel="voice", status="sent", **code)
    snapshot = BalanceSnapshot.objects.create(all_purpose=50, voice=10, industry=0, market=None)
    rates = {each.pool: each.per_day for each in pool_states(snapshot)}
    assert rates == {"all_purpose": 1 + 2 + 4 + 1, "voice": 1, "industry": 0, "market": 0}


def test_what_was_not_sent_costs_nothing():
    Message.objects.create(mobile=MOBILE, mobile_hash="x", status="failed", segments=50)
    assert {each.per_day for each in pool_states(BalanceSnapshot.objects.create(industry=5))} == {0}


def test_the_account_pays_for_every_app_without_an_allotment(jsms_sandbox):
    apps = {alias: {"SANDBOX": jsms_sandbox.url} for alias in ("default", "shop", "own")}
    apps["other"] = {"SANDBOX": jsms_sandbox.url, "DEV_KEY": "another", "DEV_SECRET": "account"}
    with jsms_sandbox.settings(APPS=apps):
        for segments, app in ((1, "default"), (2, "shop"), (4, "own"), (8, "other")):
            sent(0.1, segments=segments, app=app)
        BalanceSnapshot.objects.create(app="own", industry=7)
        BalanceSnapshot.objects.create(app="shop")
        account = BalanceSnapshot.objects.create(app="default", scope="account", industry=30)
        assert (state(account, "industry").per_day, state(account, "industry").days_left) == (3, 10)


def test_the_sandbox_and_the_rates_agree(jsms_sandbox):
    """What was sent through the wire is what the pools lost."""
    stock(jsms_sandbox, voice=100, industry=100, market=100)
    before = get_balance()
    send_code(MOBILE, purpose="login")
    send_voice_code("13900139000", purpose="login")
    send_message(MOBILE, template=1, params={"code": "123456"})
    after = get_balance()
    lost = {pool: (before.pools[pool] or 0) - (left or 0) for pool, left in after.pools.items()}
    assert lost == {"all_purpose": 0, "voice": 1, "industry": 2, "market": 0}
    assert {each.pool: each.per_day for each in pool_states(after)} == lost


def test_an_unreachable_jsms_is_said(jsms_sandbox):
    with jsms_sandbox.settings(APPS={"default": {"SANDBOX": "http://127.0.0.1:9"}}), pytest.raises(NotSent):
        get_balance()
