"""jsms_balance: pools and days left, for people and for scripts."""

import json

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from django_jsms.models import BalanceSnapshot
from tests.services.test_balances import sent, stock

pytestmark = pytest.mark.django_db


def run(capsys, *arguments):
    call_command("jsms_balance", *arguments)
    return capsys.readouterr().out


def test_pools_and_days_left(jsms_sandbox, capsys):
    stock(jsms_sandbox, balance=10, industry=300, market=0)
    sent(0.5, segments=60)
    lines = [line.split("  ") for line in run(capsys).splitlines()]
    rows = {cells[0]: [cell.strip() for cell in cells[1:] if cell.strip()] for cells in lines}
    assert rows["codes and notices"] == ["300", "60.0", "5.0"]
    assert rows["voice"] == ["never allotted", "0.0", "—"]
    assert lines[0][0].startswith("app default, ")


def test_an_app_without_an_allotment_shows_its_account(jsms_sandbox, capsys):
    stock(jsms_sandbox)
    stock(jsms_sandbox, of="account", industry=77)
    out = run(capsys)
    assert "it uses the account's pools" in out and "account default" in out and "77" in out


def test_json_is_for_scripts(jsms_sandbox, capsys):
    stock(jsms_sandbox, industry=300)
    (answer,) = json.loads(run(capsys, "--app", "default", "--json"))
    assert (answer["app"], answer["scope"], answer["uses_account"]) == ("default", "app", False)
    assert answer["pools"]["industry"] == {"left": 300, "per_day": 0.0, "days_left": None}
    assert answer["pools"]["voice"]["left"] is None


def test_the_account_alone(jsms_sandbox, capsys):
    stock(jsms_sandbox, of="account", industry=5)
    (answer,) = json.loads(run(capsys, "--account", "--json"))
    assert answer["scope"] == "account" and [call.path for call in jsms_sandbox.ledger] == ["/v1/accounts/dev"]


def test_one_that_does_not_answer_is_said_after_the_others(jsms_sandbox, capsys):
    apps = {"away": {"SANDBOX": "http://127.0.0.1:9"}, "default": {"SANDBOX": jsms_sandbox.url}}
    with jsms_sandbox.settings(APPS=apps), pytest.raises(CommandError, match=r"^away: ") as caught:
        run(capsys)
    assert caught.value.returncode == 1 and "app default" in capsys.readouterr().out
    assert BalanceSnapshot.objects.get().app == "default"


def test_an_unknown_app_is_said(jsms_sandbox, capsys):
    with pytest.raises(CommandError, match="no app 'shop'"):
        run(capsys, "--app", "shop")


def test_it_speaks_chinese(jsms_sandbox, capsys):
    stock(jsms_sandbox, industry=300)
    with translation.override("zh-hans"):
        out = run(capsys)
    assert "验证码与通知" in out and "从未分配" in out
