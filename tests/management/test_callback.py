"""jsms_callback: the address, a notification through a running site, and what was left behind."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from django_jsms.models import Callback, Message, OptOut, Reply
from django_jsms.models.base import now
from django_jsms.services import send_message
from tests.conftest import MOBILE
from tests.waiting import wait_for

TOKEN = "a-token-of-32-characters-or-more-00"


@pytest.fixture
def site(jsms_sandbox: Any) -> Any:
    app = {"SANDBOX": jsms_sandbox.url, "CALLBACK_TOKENS": [TOKEN, "an-older-one-of-enough"]}
    jsms_sandbox.template(1250, "订单已发货", "notice")
    with jsms_sandbox.settings(APPS={"default": app}):
        yield jsms_sandbox


def run(capsys: Any, *arguments: str) -> str:
    call_command("jsms_callback", *arguments)
    return str(capsys.readouterr().out)


def test_the_address_to_register(site: Any, capsys: Any) -> None:
    out = run(capsys, "url", "--site", "https://shop.example.com/")
    assert out.splitlines()[0] == f"https://shop.example.com/jsms/callback/{TOKEN}"
    assert "80 and 443" in out


def test_without_a_token_one_is_proposed(jsms_sandbox: Any, capsys: Any) -> None:
    with pytest.raises(CommandError, match="has no CALLBACK_TOKENS"):
        run(capsys, "url")


@pytest.mark.django_db(transaction=True)
def test_a_report_and_a_reply_through_the_running_site(site: Any, live_server: Any, capsys: Any) -> None:
    row = send_message(MOBILE, template=1250)
    out = run(capsys, "simulate", "report", "--site", live_server.url, "--msg-id", row.msg_id, "--mobile", MOBILE)
    assert "HTTP 200" in out and Message.objects.get().delivery == "delivered"

    run(capsys, "simulate", "reply", "--site", live_server.url, "--mobile", MOBILE, "--content", "td")
    assert Reply.objects.get().content == "td" and OptOut.objects.get().mobile == MOBILE


@pytest.mark.django_db(transaction=True)
def test_the_sandbox_s_own_callbacks_arrive(site: Any, live_server: Any) -> None:
    """From send to «delivered» with nothing pretended: the sandbox posts to the running site."""
    for kind in ("SMS_REPORT", "SMS_REPLY"):
        site._server.callback(kind, f"{live_server.url}/jsms/callback/{TOKEN}")
    row = send_message(MOBILE, template=1250)
    site.deliver(msg_id=row.msg_id)
    site.reply(MOBILE, "TD")
    wait_for(lambda: OptOut.objects.exists() and Message.objects.get().delivery == "delivered")


@pytest.mark.parametrize("arguments", ["", "dream", "simulate report", "simulate dream --site http://x"])
def test_usage(arguments: str) -> None:
    with pytest.raises(CommandError):
        call_command("jsms_callback", *arguments.split())


@pytest.mark.parametrize("verb", ["url", "simulate report"])
@pytest.mark.parametrize("address", ["ftp://x", "nonsense", "https://", "https:///x", "//shop.example.com"])
def test_a_site_that_is_none(site: Any, capsys: Any, verb: str, address: str) -> None:
    with pytest.raises(CommandError, match="must begin with http") as caught:
        run(capsys, *verb.split(), "--site", address)
    assert caught.value.returncode == 2


def test_a_site_that_is_not_there(site: Any, capsys: Any) -> None:
    with pytest.raises(CommandError, match="does not answer"):
        run(capsys, "simulate", "report", "--site", "http://127.0.0.1:9")


@pytest.mark.django_db
def test_pull(jsms_sandbox: Any, capsys: Any) -> None:
    assert run(capsys, "pull").splitlines() == ["reports: 0", "replies: 0"]
    with pytest.raises(CommandError, match="5 seconds"):
        run(capsys, "pull")


@pytest.mark.django_db
def test_reprocess(jsms_sandbox: Any, capsys: Any) -> None:
    longer_ago = now() - timedelta(hours=1)
    gap = Callback.objects.create(kind="pull report", digest="1", error="gap", created_at=longer_ago)
    Callback.objects.create(kind="pull report", digest="2", error="unread", body=b"[]")
    bad = Callback.objects.create(kind="pull report", digest="3", error="unread", body=b'[{"msgId": ""}]')
    with pytest.raises(CommandError, match="jsms_callback dismiss") as caught:
        run(capsys, "reprocess")
    assert caught.value.returncode == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{gap.pk} pull report: gap",
        f"{bad.pk} pull report: unreadable: msgId is no id: that has 1 to 64 letters, digits and hyphens",
        "1 applied, 2 left.",
    ]
    assert f"Callback {bad.pk} is marked as settled." in run(capsys, "dismiss", str(gap.pk), str(bad.pk))
    assert run(capsys, "reprocess").splitlines() == ["0 applied, 0 left."]
    for wrong in (str(gap.pk), "999"):
        with pytest.raises(CommandError, match=r"settled|no callback"):
            run(capsys, "dismiss", wrong)
