"""jsms_unknown: what nobody knows of, listed and decided."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from django_jsms.models import Message
from django_jsms.services import run_pending, send_message, unknown_messages
from tests.conftest import MOBILE
from tests.services.test_retries import finished, lose_the_answer

pytestmark = pytest.mark.django_db


def run(*arguments):
    out = io.StringIO()
    call_command("jsms_unknown", *map(str, arguments), stdout=out)
    return out.getvalue()


def doubtful(shop, count=2):
    shop.fault("close", when="after", times=count)
    sent = [send_message(MOBILE, template="order-shipped", params={"no": str(n)}) for n in range(count)]
    assert {message.status for message in sent} == {"unknown"}
    return sent


@pytest.mark.core
def test_list_lost_and_resend(shop):
    assert "Nothing waits" in run("list")
    first, second = doubtful(shop)
    out = run("list")
    assert "138****8000" in out and MOBILE not in out and "2 of 2." in out
    assert [row["id"] for row in json.loads(run("list", "--json", "--limit", 1))] == [first.pk]
    assert str(first.pk) in run("lost", first.pk)
    assert "sent again" in run("resend", second.pk, "--yes")
    run_pending()
    assert len(shop.outbox) == 3 and not unknown_messages().exists()
    assert set(Message.objects.values_list("status", "reason")) == {
        ("failed", "lost"), ("unknown", second.reason), ("sent", ""),
    }  # fmt: skip


def test_those_of_a_batch(shop):
    doubtful(shop, 1)
    lose_the_answer(shop)
    batch = finished(shop)
    rows = json.loads(run("list", "--batch", batch.pk, "--json"))
    assert [row["batch"] for row in rows] == [batch.pk] * 4 and unknown_messages().count() == 5


def test_what_cannot_be_decided_is_told_and_the_rest_is_done(shop):
    first, second = doubtful(shop)
    run("lost", first.pk)
    with pytest.raises(CommandError) as caught:
        run("lost", first.pk, 999, second.pk)
    assert caught.value.returncode == 1 and "999" in str(caught.value) and str(first.pk) in str(caught.value)
    assert not unknown_messages().exists()


def test_a_second_sms_is_asked_about(shop, monkeypatch):
    (message,) = doubtful(shop, 1)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(CommandError) as caught:
        run("resend", message.pk)
    assert caught.value.returncode == 2 and unknown_messages().exists()


@pytest.mark.parametrize(
    "arguments", [[], ["nope"], ["lost"], ["lost", "x"], ["list", "--limit", "0"], ["list", "--limit", "-1"]]
)
def test_wrong_usage(arguments):
    with pytest.raises(CommandError):
        run(*arguments)
