"""Messages, replies and opt-outs over REST: found by what stands for a number, sent once, decided about."""

from datetime import timedelta

import pytest

from django_jsms.models import ActionLog, Message, OptOut, Reply
from django_jsms.models.base import mobile_hash, now
from tests.conftest import MOBILE

from .test_codes import problem

pytestmark = pytest.mark.django_db
OTHER = "13900139000"
ORDER = {"mobile": MOBILE, "template": "order-shipped", "params": {"no": "42"}}


def written(mobile=MOBILE, **more):
    return Message.objects.create(mobile=mobile, mobile_hash=mobile_hash(mobile), template_id=1250, **more)


@pytest.mark.core
def test_one_is_sent_by_a_worker_and_shown_masked(shop, boss, admin_user):
    sent = boss.post("messages/", {**ORDER, "reference": "order-42", "reason": "asked for"})
    body = sent.json()
    assert sent.status_code == 202 and MOBILE not in sent.content.decode() and shop.ledger == []
    assert (body["mobile"], body["status"], body["params"], body["segments"]) == (
        "138****8000",
        "pending",
        {"no": "42"},
        1,
    )
    shop.run_pending()
    assert boss.get(f"messages/{body['id']}/").json()["status"] == "sent" and len(shop.outbox) == 1
    assert boss.get("messages/", reference="order-42", status="sent").json()["results"][0]["id"] == body["id"]
    assert ActionLog.objects.get().reason == "asked for"


def test_the_same_request_again_sends_no_other(shop, boss):
    first, again = (boss.post("messages/", ORDER, Idempotency_Key="k") for _ in range(2))
    assert first.json() == again.json() and Message.objects.count() == 1
    assert problem(boss.post("messages/", {**ORDER, "tag": "x"}, Idempotency_Key="k"), 422)


def test_a_number_is_found_by_what_stands_for_it(shop, boss):
    written(), written(OTHER)
    found = boss.post("numbers/lookup/", {"mobile": "138 0013 8000"}).json()
    assert found["mobile"] == "138****8000" and MOBILE not in found["id"]
    (row,) = boss.get("messages/", number=found["id"]).json()["results"]
    assert row["mobile"] == "138****8000" and row["number"] == found["id"]
    assert problem(boss.get("messages/", number=MOBILE), 400) == ("invalid_number", "number")
    assert problem(boss.get("messages/", mobile=MOBILE), 400) == ("unknown_field", "mobile")
    assert problem(boss.post("numbers/lookup/", {"mobile": "1"}), 400) == ("invalid_mobile", "mobile")


def test_parameters_of_a_code_are_shown_to_nobody(shop, boss):
    written(message_class="code", params={"code": "246810"})
    assert "246810" not in boss.get("messages/").content.decode()


def test_a_person_decides_about_what_may_have_arrived(shop, boss):
    lost, again = written(status="unknown"), written(OTHER, status="unknown", params={"no": "1"})
    assert boss.post(f"messages/{lost.pk}/lost/", {"reason": "they called"}).json()["status"] == "failed"
    assert problem(boss.post(f"messages/{lost.pk}/lost/", {}), 409)
    new = boss.post(f"messages/{again.pk}/resend/", {}, Idempotency_Key="r")
    assert new.status_code == 202 and new.json()["resend_of"] == str(again.pk)
    assert boss.post(f"messages/{again.pk}/resend/", {}, Idempotency_Key="r").json() == new.json()
    assert problem(boss.post(f"messages/{again.pk}/resend/", {}), 409)
    shop.run_pending()
    assert len(shop.outbox) == 1


def test_replies_and_opt_outs(shop, boss):
    number = mobile_hash(MOBILE)
    Reply.objects.create(mobile=MOBILE, mobile_hash=number, content="<b>退订</b>", replied_at=now())
    (reply,) = boss.get("replies/", number=number).json()["results"]
    assert (reply["content"], reply["mobile"]) == ("<b>退订</b>", "138****8000")
    made = boss.post("opt-outs/", {"mobile": MOBILE, "evidence": "by phone"})
    assert made.status_code == 201 and made.json()["source"] == "person" and MOBILE not in made.content.decode()
    assert boss.get("opt-outs/", number=number).json()["results"] == [made.json()]
    assert boss.delete(f"opt-outs/{made.json()['id']}/").status_code == 200 and not OptOut.objects.exists()
    assert problem(boss.delete(f"opt-outs/{made.json()['id']}/"), 404)
    assert {line.action for line in ActionLog.objects.all()} == {"opt_out", "opt_in"}


def test_delivery_rates(shop, boss):
    for delivery in ("delivered", "delivered", "undelivered", ""):
        written(status="sent", sent_at=now(), delivery=delivery)
    (rate,) = boss.get("rates/").json()["results"]
    assert (rate["template_id"], rate["sent"], rate["waiting"], round(rate["rate"], 3)) == (1250, 4, 1, 0.667)
    Message.objects.update(sent_at=now() - timedelta(days=3))
    assert boss.get("rates/", days="1").json() == {"results": []}
    assert boss.get("rates/", app="default").json()["results"][0]["delivered"] == 2
    for query, field in (
        ({"days": "0"}, "days"),
        ({"days": "x"}, "days"),
        ({"app": "nobody"}, "app"),
        ({"since": "1"}, "since"),
    ):
        assert problem(boss.get("rates/", **query), 400)[1] == field


@pytest.mark.parametrize(
    ("method", "path", "needs"),
    [
        ("get", "messages/", "view_message"),
        ("post", "messages/", "add_message"),
        ("post", "numbers/lookup/", "view_message"),
        ("get", "replies/", "view_reply"),
        ("get", "rates/", "view_report"),
        ("get", "opt-outs/", "view_optout"),
        ("post", "opt-outs/", "add_optout"),
    ],
)
def test_each_needs_its_permission(shop, staff, api, method, path, needs):
    api.prefix = "/api/staff/"
    every = {
        "view_message",
        "add_message",
        "decide_message",
        "view_reply",
        "view_report",
        "view_optout",
        "add_optout",
        "delete_optout",
    }

    def ask(client):
        return client.get(path).status_code if method == "get" else client.post(path, {}).status_code

    assert ask(api) in (401, 403) and ask(staff(*every - {needs})) == 403 and ask(staff(needs)) in (200, 400)
    assert shop.ledger == [] and not Message.objects.exists()


def test_a_decision_needs_its_own(shop, staff):
    row = written(status="unknown")
    client = staff("view_message", "add_message", "change_message")
    for verb in ("lost", "resend"):
        assert problem(client.post(f"messages/{row.pk}/{verb}/", {}), 403)
    row.refresh_from_db()
    assert row.status == "unknown"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"mobile": 13800138000}, "mobile"),
        ({"template": "unknown"}, "template"),
        ({"template": 2**63}, "template"),
        ({"params": ["42"]}, "params"),
        ({"params": {"no": 42}}, "params"),
        ({"params": {}}, "params"),
        ({"params": {"no": "\0"}}, "params"),
        ({"tag": "x" * 11}, "tag"),
        ({"not_before": "2026-13-01"}, "not_before"),
        ({"not_before": "2027-01-01T00:00:00"}, "not_before"),
        ({"app": "other"}, "app"),
        ({"status": "sent"}, "status"),
    ],
)
def test_bad_input_names_its_field_and_writes_nothing(shop, boss, given, field):
    answer = boss.post("messages/", {**ORDER, **given})
    assert problem(answer, 400)[1] == field and MOBILE not in answer.content.decode()
    assert not Message.objects.exists()


def test_a_list_is_one_statement(shop, boss, count_statements):
    for _ in range(5):
        written()
    with count_statements() as statements:
        boss.get("messages/", limit="3")
    assert len([each for each in statements if "django_jsms" in each]) == 1
