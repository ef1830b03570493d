"""Batches over REST: all rows or none, started once, stopped, followed."""

import datetime as dt

import pytest

from django_jsms.models import ActionLog, Batch, Message
from django_jsms.services.hours import aware
from tests.services.schedules.life import ahead

from .test_codes import problem

pytestmark = pytest.mark.django_db
FIRST, SECOND = "13800138000", "13900139000"


def row(mobile=FIRST, no="42"):
    return {"mobile": mobile, "params": {"no": no}}


def new(*rows, **more):
    return {"template": "order-shipped", "recipients": list(rows) or [row(), row(SECOND)], **more}


@pytest.mark.core
def test_a_list_is_taken_in_looked_at_started_and_followed(shop, boss, admin_user):
    made = boss.post("batches/", new(name="spring", tag="s", reason="asked for"))
    body = made.json()
    assert made.status_code == 201 and FIRST not in made.content.decode() and shop.ledger == []
    assert (body["status"], body["total"], body["rejected"], body["segments"]) == ("ready", 2, 0, 2)
    preview = boss.get(f"batches/{body['id']}/preview/").json()
    assert preview["valid"] == 2 and preview["calls"] == 1 and preview["texts"][0].endswith("订单42已发货")
    assert boss.post(f"batches/{body['id']}/start/", {}).json()["status"] == "running"
    shop.run_pending()
    progress = boss.get(f"batches/{body['id']}/progress/").json()
    assert (progress["status"], progress["sent"], progress["note"]) == ("finished", 2, "") and len(shop.outbox) == 2
    assert boss.get("batches/", tag="s", status="finished").json()["results"][0]["id"] == body["id"]
    assert problem(boss.post(f"batches/{body['id']}/start/", {}), 409)[0] == "wrong_status"
    assert [line.action for line in ActionLog.objects.order_by("pk")] == ["add", "start", "start"]


def test_one_wrong_row_refuses_all_and_is_named(shop, boss):
    rows = [row(), row(SECOND), row("1380013"), row()]
    assert problem(boss.post("batches/", new(*rows)), 400) == ("invalid_mobile", "recipients.2")
    assert not Batch.objects.exists() and not Message.objects.exists()
    made = boss.post("batches/", new(*rows, partial=True)).json()
    assert (made["total"], made["rejected"]) == (2, 2)
    rejected = boss.get(f"batches/{made['id']}/preview/").json()["rejected"]
    assert [(each["line"], each["reason"]) for each in rejected] == [(3, "invalid_mobile"), (4, "duplicate")]


def test_every_wrong_row_is_named(shop, boss):
    """B46: 900 rows, 3 of them wrong."""
    rows = [row(f"139{number:08d}") for number in range(900)]
    for index in (3, 17, 850):
        rows[index] = row("1380013")
    answer = boss.post("batches/", new(*rows))
    assert problem(answer, 400) == ("invalid_mobile", "recipients.3")
    assert answer.json()["message"].endswith("Also wrong: recipients.17, recipients.850.")
    wrong = [{"mobile": 1} for _ in range(30)]  # not even text: found before any row is read
    message = boss.post("batches/", new(*wrong)).json()["message"]
    assert message.endswith("recipients.20.mobile and 9 more.") and "recipients.1.mobile, " in message
    assert not Batch.objects.exists()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"recipients": []}, "recipients"),
        ({"recipients": [row()] * 1001}, "recipients"),
        ({"recipients": "13800138000"}, "recipients"),
        ({"recipients": [FIRST]}, "recipients.0"),
        ({"recipients": [{"mobile": 13800138000}]}, "recipients.0.mobile"),
        ({"recipients": [{"mobile": FIRST, "name": "x"}]}, "recipients.0.name"),
        ({"recipients": [row(no="")]}, "recipients.0"),
        ({"template": "unknown"}, "template"),
        ({"tag": "x" * 11}, "tag"),
        ({"partial": "yes"}, "partial"),
    ],
)
def test_bad_input_names_its_field_and_writes_nothing(shop, boss, given, field):
    answer = boss.post("batches/", {**new(), **given})
    assert problem(answer, 400)[1] == field and FIRST not in answer.content.decode()
    assert not Batch.objects.exists()


def test_the_same_request_again_sends_no_other(shop, boss):
    made = [boss.post("batches/", new(), Idempotency_Key="k").json() for _ in range(2)]
    assert made[0] == made[1] and Batch.objects.count() == 1
    started = [boss.post(f"batches/{made[0]['id']}/start/", {}, Idempotency_Key="s") for _ in range(2)]
    assert [each.status_code for each in started] == [200, 200]
    shop.run_pending()
    assert len(shop.outbox) == 2


def test_it_is_paused_resumed_and_cancelled(shop, boss):
    pk = boss.post("batches/", new()).json()["id"]
    boss.post(f"batches/{pk}/start/", {})
    for verb, status in (("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
        assert boss.post(f"batches/{pk}/{verb}/", {"reason": verb}).json()["status"] == status
    shop.run_pending()
    assert shop.outbox == [] and problem(boss.post(f"batches/{pk}/pause/", {}), 409)


def test_what_failed_is_sent_again(shop, boss):
    pk = boss.post("batches/", new()).json()["id"]
    boss.post(f"batches/{pk}/start/", {})
    shop.fault("close", when="after", route="/v1/messages/batch")
    shop.run_pending()
    assert boss.get(f"batches/{pk}/progress/").json()["unknown"] == 2
    assert boss.post(f"batches/{pk}/retry/", {"unknown": "resend"}).json()["status"] == "running"
    shop.run_pending()
    assert len(shop.outbox) == 4


def test_jsms_holds_it_and_a_large_one_wants_force(shop, boss):
    when = aware(ahead(hours=2)).astimezone(dt.UTC).isoformat()
    pk = boss.post("batches/", new()).json()["id"]
    assert problem(boss.post(f"batches/{pk}/start/", {"at": when, "send_at": when}), 400) == ("both", "send_at")
    with shop.settings(APPS={"default": {"SANDBOX": shop.url, "BUDGET": 1}}):
        assert problem(boss.post(f"batches/{pk}/start/", {}), 400)[0] == "budget_exceeded"
    assert boss.post(f"batches/{pk}/start/", {"send_at": when}).json()["status"] == "scheduled"


def test_a_batch_of_nobody_does_not_start(shop, boss):
    pk = boss.post("batches/", new(row("1380013")) | {"partial": True}).json()["id"]
    assert problem(boss.post(f"batches/{pk}/start/", {}), 400)[0] == "no_recipients"


def test_one_that_was_never_started_is_deleted(shop, boss):
    pk = boss.post("batches/", new()).json()["id"]
    assert boss.delete(f"batches/{pk}/").status_code == 200 and not Message.objects.exists()
    assert problem(boss.delete(f"batches/{pk}/"), 404)


def test_what_is_not_deleted_is_logged_with_its_reason(shop, boss):
    pk = boss.post("batches/", new()).json()["id"]
    boss.post(f"batches/{pk}/start/", {})
    assert problem(boss.delete(f"batches/{pk}/"), 409)
    line = ActionLog.objects.get(action="discard")
    assert line.before == line.after == "running" and line.answer


@pytest.mark.parametrize(
    ("method", "path", "needs"),
    [
        ("get", "", "view_batch"),
        ("post", "", "add_batch"),
        ("get", "{}/", "view_batch"),
        ("get", "{}/preview/", "view_batch"),
        ("get", "{}/progress/", "view_batch"),
        ("get", "{}/export/", "view_batch"),
        ("post", "upload/", "add_batch"),
        ("post", "{}/start/", "start_batch"),
        ("post", "{}/pause/", "stop_batch"),
        ("post", "{}/resume/", "start_batch"),
        ("post", "{}/cancel/", "stop_batch"),
        ("post", "{}/retry/", "start_batch"),
    ],
)
def test_each_needs_its_permission(shop, boss, staff, api, method, path, needs):
    pk, api.prefix = boss.post("batches/", new()).json()["id"], "/api/staff/"
    others = {"view_batch", "add_batch", "start_batch", "stop_batch", "see_numbers"} - {needs}
    address = f"batches/{path.format(pk)}"

    def ask(client):
        return client.get(address).status_code if method == "get" else client.post(address, {}).status_code

    assert ask(api) in (401, 403) and ask(staff(*others)) == 403 and ask(staff(needs)) in (200, 400, 409, 415)
    assert shop.ledger == []
