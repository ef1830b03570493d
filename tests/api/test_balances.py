"""Balances over REST: asked by POST only, kept, and told how long they last."""

import pytest

from django_jsms.models import ActionLog, BalanceSnapshot

from .test_codes import problem

pytestmark = pytest.mark.django_db


def calls(sandbox):
    return [call.path for call in sandbox.ledger]


@pytest.mark.core
def test_jsms_is_asked_by_post_alone(jsms_sandbox, boss):
    assert boss.get("balances/").json() == {"next": None, "results": []} and calls(jsms_sandbox) == []
    asked = boss.post("balances/", {"reason": "before the sale"})
    body, row = asked.json(), BalanceSnapshot.objects.get()
    assert asked.status_code == 201 and calls(jsms_sandbox) == ["/v1/accounts/app"]
    assert {name: body[name] for name in row.pools} == row.pools
    assert (body["id"], body["app"], body["scope"], body["uses_account"]) == (
        str(row.pk), "default", "app", row.uses_account
    )  # fmt: skip
    account = boss.post("balances/", {"scope": "account"}).json()
    assert account["scope"] == "account" and calls(jsms_sandbox)[1:] == ["/v1/accounts/dev"]
    assert [each["id"] for each in boss.get("balances/").json()["results"]] == [account["id"], body["id"]]
    assert [each["id"] for each in boss.get("balances/", scope="app").json()["results"]] == [body["id"]]
    assert list(ActionLog.objects.order_by("pk").values_list("action", "reason")) == [
        ("check_balance", "before the sale"), ("check_balance", "")
    ]  # fmt: skip


def test_one_says_how_long_each_pool_lasts(jsms_sandbox, boss):
    row = BalanceSnapshot.objects.create(industry=100, voice=None)
    pools = {each.pop("pool"): each for each in boss.get(f"balances/{row.pk}/").json()["pools"]}
    assert pools["industry"] == {"left": 100, "per_day": 0.0, "days_left": None} and pools["voice"]["left"] is None


def test_an_app_that_is_none(jsms_sandbox, boss):
    assert problem(boss.post("balances/", {"app": "other"}), 400) == ("unknown_app", "app")
    assert problem(boss.post("balances/", {"scope": "all"}), 400) == ("invalid_choice", "scope")
    assert calls(jsms_sandbox) == []


def test_a_jsms_that_cannot_be_reached(jsms_sandbox, boss):
    with jsms_sandbox.settings(APPS={"default": {"SANDBOX": "http://127.0.0.1:9"}}):
        assert problem(boss.post("balances/", {}), 503) == ("unreachable", None)
    assert not BalanceSnapshot.objects.exists() and not ActionLog.objects.exists()
