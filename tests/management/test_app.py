"""jsms_app: whether an app sends, and a person's hand on the switch."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from django_jsms.exceptions import AppPaused, InvalidInput
from django_jsms.models import Message, Pause
from django_jsms.services import accounts, get_balance, pause_app, queue_message, resume_app, run_pending, send_message
from tests.conftest import MOBILE

pytestmark = pytest.mark.django_db


def run(*arguments):
    out = io.StringIO()
    call_command("jsms_app", *map(str, arguments), stdout=out)
    return out.getvalue()


def queue():
    return queue_message(MOBILE, template="order-shipped", params={"no": "1"})


@pytest.mark.core
def test_pause_status_resume(shop, heard):
    assert "sends" in run("status") and "never" in run("status")
    run("pause")
    queue()
    run_pending()
    with pytest.raises(AppPaused):
        send_message(MOBILE, template="order-shipped", params={"no": "1"})
    assert not shop.ledger and Message.objects.get().status == "pending"
    assert "paused" in run("status") and "A person paused it" in run("status")
    (found,) = json.loads(run("status", "--json"))["apps"]["default"]
    assert found["reason"] == "by_hand"
    run("resume")
    run_pending()
    assert len(shop.outbox) == 1 and heard[0] == ("app_paused", None)
    with pytest.raises(CommandError) as caught:
        run("resume")
    assert caught.value.returncode == 1


@pytest.mark.core
def test_nothing_but_a_person_ends_it(shop):
    pause_app()
    shop.clock.advance(3600)
    accounts.probe()
    run_pending()
    get_balance()
    queue()
    run_pending()
    assert not shop.outbox and Pause.objects.get().reason == "by_hand"
    assert [call.path for call in shop.ledger] == ["/v1/accounts/app"]  # ours, above


def test_a_refusal_of_a_call_under_way_does_not_take_its_place(shop, monkeypatch):
    real = accounts.pause_for

    def pause_first(*arguments, **more):
        pause_app()
        return real(*arguments, **more)

    monkeypatch.setattr(accounts, "pause_for", pause_first)
    shop.fault("status", status=429)
    queue()
    run_pending()
    assert (Pause.objects.get().reason, Pause.objects.get().until) == ("by_hand", None)


def test_a_pause_by_hand_takes_the_place_of_another(shop):
    shop.fault("status", status=403, code=50014)
    queue()
    run_pending()
    assert Pause.objects.get().code == 50014
    pause_app()
    assert (Pause.objects.get().reason, Pause.objects.get().code) == ("by_hand", None)
    assert resume_app()


def test_one_template(shop):
    run("pause", "--template", "1250")
    shop.template(77, "{{no}}", "notice")
    queue()
    queue_message(MOBILE, template=77, params={"no": "1"})
    run_pending()
    assert [message.text.partition("】")[2] for message in shop.outbox] == ["1"]
    run("resume", "--template", "1250")
    run_pending()
    assert len(shop.outbox) == 2


def test_an_app_that_does_not_exist(shop):
    with pytest.raises(CommandError) as caught:
        run("pause", "nope")
    assert caught.value.returncode == 2 and not Pause.objects.exists()
    with pytest.raises(InvalidInput):
        pause_app("nope")
