"""jsms_send: one message from a script, and what its exit code says."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from django_jsms.models import Message
from django_jsms.services import run_pending
from tests.conftest import MOBILE
from tests.processes import MANAGE, ended, finish, start, typed

pytestmark = pytest.mark.django_db


def send(*arguments, template="order-shipped"):
    out = io.StringIO()
    call_command("jsms_send", MOBILE, "--template", template, "--param", "no=1", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.core
def test_it_sends_one(shop):
    out = send("--reference", "order-1", "--tag", "shop")
    row = Message.objects.get()
    assert (row.status, row.reference, row.tag, row.params) == ("sent", "order-1", "shop", {"no": "1"})
    assert "138****8000" in out and row.msg_id in out and MOBILE not in out
    assert len(shop.outbox) == 1


@pytest.mark.core
def test_a_dry_run_calls_nobody(shop):
    out = send("--dry-run")
    assert "订单1已发货" in out and "138****8000" in out and "dry run" in out
    assert json.loads(send("--dry-run", "--json"))["segments"] == 1
    assert not shop.ledger and not Message.objects.exists()
    with pytest.raises(CommandError) as caught:
        send("--dry-run", "--param", "x=2")
    assert caught.value.returncode == 2


def test_one_key_sends_once(shop):
    first, second = (json.loads(send("--idempotency-key", "k", "--json")) for _ in range(2))
    assert first == second and len(shop.outbox) == 1


def test_a_queued_one_is_sent_by_a_worker(shop):
    assert "pending" in send("--queue") and not shop.outbox
    run_pending()
    assert len(shop.outbox) == 1


def test_what_was_lost_is_not_called_sent(shop):
    shop.fault("close", when="after")
    with pytest.raises(CommandError, match="jsms_unknown") as caught:
        send()
    assert caught.value.returncode == 1 and Message.objects.get().status == "unknown"


@pytest.mark.parametrize(("code", "word"), [(50006, "mobile"), (50014, "balance")])
def test_a_refusal_is_one_line(shop, code, word):
    shop.fault("status", status=403, code=code)
    with pytest.raises(CommandError, match=word) as caught:
        send()
    assert caught.value.returncode == 1 and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        (1, [MOBILE, "--template", "77"]),
        (2, ["12", "--template", "1250"]),
        (2, [MOBILE, "--template", "0"]),
        (2, [MOBILE]),
        (2, [MOBILE, "--template", "1250", "--param", "no"]),
    ],
)
@pytest.mark.django_db(transaction=True)  # as a process, it closes its connections
def test_exit_codes(shop, capsys, code, arguments):
    assert typed(capsys, "jsms_send", *arguments)[0] == code
    assert not shop.outbox


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_exit_codes_are_of_the_process(shop):
    with ended() as processes:
        for code, template in [(0, 1250), (1, 77), (2, 0)]:
            processes.append(
                start(MANAGE, "jsms_send", MOBILE, "--param", "no=1", "--template", str(template), sandbox=shop.url)
            )
            found, _, err = finish(processes[-1])
            assert (found, "Traceback" in err, MOBILE in err) == (code, False, False), (template, err)
            assert bool(err) == bool(code)
    assert len(shop.outbox) == 1
