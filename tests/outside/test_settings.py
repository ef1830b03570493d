"""Settings as people deploy them: a secret with a line break is the project's fault, and no visitor's."""

import logging

import pytest
from django.core.management import CommandError, call_command

from django_jsms.conf import NotConfigured
from django_jsms.models import Message, VerificationCode
from django_jsms.services import (
    create_batch,
    get_balance,
    queue_message,
    run_pending,
    schedule_message,
    send_code,
    send_message,
    send_voice_code,
    start_batch,
)
from tests.conftest import MOBILE
from tests.outside.test_repeats import AT

pytestmark = pytest.mark.django_db

WRONG = {
    "a line break": {"MASTER_SECRET": "secret\n"},
    "a carriage return": {"MASTER_SECRET": "secret\r"},
    "a blank": {"MASTER_SECRET": " secret"},
    "a quote": {"MASTER_SECRET": "“secret”"},
    "a mark": {"APP_KEY": "\ufeffkey"},
    "a number": {"APP_KEY": 12345},
    "a key with a colon": {"APP_KEY": "key:"},
    "a developer's secret": {"DEV_KEY": "key", "DEV_SECRET": "secret\n"},
}


@pytest.fixture(params=WRONG)
def wrong(request, shop):
    entry = {"APP_KEY": "sandbox", "MASTER_SECRET": "sandbox", "SANDBOX": shop.url, **WRONG[request.param]}
    with shop.settings(APPS={"default": entry}):
        yield shop


SENDS = {
    "send_code": lambda: send_code(MOBILE, purpose="login"),
    "send_voice_code": lambda: send_voice_code(MOBILE, purpose="login"),
    "send_message": lambda: send_message(MOBILE, template="order-shipped", params={"no": "1"}),
    "schedule_message": lambda: schedule_message(MOBILE, template="order-shipped", params={"no": "1"}, send_at=AT),
    "get_balance": get_balance,
}


@pytest.mark.parametrize("name", SENDS)
def test_every_call_says_that_the_settings_are_wrong(wrong, caplog, name):
    with pytest.raises(NotConfigured, match="'default' cannot be used") as caught:
        SENDS[name]()
    told = str(caught.value) + caught.value.message + caught.value.explain("zh") + caplog.text
    assert "secret\n" not in told and "“secret”" not in told
    assert [record.levelno for record in caplog.records if "cannot be used" in record.message] == [logging.ERROR]
    assert not wrong.ledger and not VerificationCode.objects.exists() and not Message.objects.exists()


def test_a_visitor_is_told_nothing_of_it(wrong, api, caplog):
    answer = api.post("codes/", {"mobile": MOBILE, "purpose": "login"})
    assert (answer.status_code, answer.json()["code"]) == (503, "not_configured")
    assert answer.json()["message"] == "The service is not set up yet." and answer.json()["field"] is None
    assert "cannot be used" in caplog.text


def test_staff_and_commands_are_told(wrong, boss):
    given = {"mobile": MOBILE, "template": "order-shipped", "params": {"no": "1"}}
    assert boss.post("messages/", given).status_code in (202, 503)
    with pytest.raises(CommandError, match="cannot be used"):
        call_command("jsms_send", MOBILE, template="order-shipped", params=[("no", "1")])


def test_what_is_queued_waits_for_the_settings(wrong):
    row = queue_message(MOBILE, template="order-shipped", params={"no": "1"})
    batch = start_batch(create_batch(template="order-shipped", recipients=["13900139000"], params={"no": "1"}))
    run_pending()
    row.refresh_from_db()
    assert (row.status, batch.counts()["pending"], len(wrong.ledger)) == ("pending", 1, 0)
    with wrong.settings(APPS={"default": {"SANDBOX": wrong.url}}):
        run_pending()
    row.refresh_from_db()
    assert (row.status, batch.counts()["sent"]) == ("sent", 1)
