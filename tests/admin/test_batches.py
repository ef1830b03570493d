"""Batches in the admin: from a file or pasted rows to phones, each step confirmed, watched and logged."""

import datetime as dt
import re

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT
from django.urls import reverse

from django_jsms.models import ActionLog, Batch, Message
from django_jsms.services import create_batch, run_pending, start_batch

pytestmark = pytest.mark.django_db
LIST, ADD = "admin:django_jsms_batch_changelist", "admin:django_jsms_batch_add"
NUMBERS = [f"138{n:08d}" for n in range(5)]
ROWS = "手机号\tno\n" + "\n".join(f"{mobile}\t{n}" for n, mobile in enumerate(NUMBERS))
SHIPPED = {"order-shipped": {"id": 1250, "type": "notice", "text": "订单{{no}}已发货"}}


@pytest.fixture
def shop(jsms_sandbox):
    jsms_sandbox.template(1250, "订单{{no}}已发货", "notice")
    with jsms_sandbox.settings(TEMPLATES=SHIPPED):
        yield jsms_sandbox


@pytest.fixture
def batch(shop):
    pairs = [(mobile, {"no": str(n)}) for n, mobile in enumerate([*NUMBERS, NUMBERS[0], "10086"])]
    return create_batch(template="order-shipped", recipients=pairs, name="spring")


def add(client, **more):
    data = {"template": "order-shipped", "app": "default", "name": "spring", **more}
    return client.post(reverse(ADD), data, follow=True)


def act(client, action, row, noun="batch", **more):
    data = {"action": action, "_selected_action": [row.pk], **more}
    return client.post(reverse(f"admin:django_jsms_{noun}_changelist"), data, follow=True).content.decode()


def do(client, action, row, noun="batch", **more):
    token = re.search(r'name="_confirmed" value="([^"]+)"', act(client, action, row, noun))[1]
    page = act(client, action, row, noun, _confirmed=token, **more)
    row.refresh_from_db()
    return page


def page_of(client, batch, language="en"):
    address = reverse("admin:django_jsms_batch_change", args=[batch.pk])
    return client.get(address, headers={"Accept-Language": language}).content.decode()


# -- a new one ----------------------------------------------------------------------------------------------


def test_an_upload_that_breaks_off_in_the_file_lacks_what_is_required(admin_client, shop):
    page = admin_client.get(reverse(ADD)).content.decode()
    assert page.index('name="file"') < page.index('name="template"') < page.index('name="app"')
    part = f"--{BOUNDARY}\r\nContent-Disposition: form-data; name="
    rows = f"mobile,no\r\n{NUMBERS[0]},1\r\n"
    body = f'{part}"csrfmiddlewaretoken"\r\n\r\nx\r\n{part}"file"; filename="a.csv"\r\n\r\n{rows}'
    answer = admin_client.generic("POST", reverse(ADD), body.encode(), content_type=MULTIPART_CONTENT)
    assert "Send to a list" in answer.content.decode()
    assert not Batch.objects.exists()


def test_pasted_rows_are_taken_in_and_shown(admin_client, admin_user, shop):
    page = add(admin_client, rows=ROWS).content.decode()
    batch = Batch.objects.get()
    assert (batch.status, batch.total, batch.created_by, batch.name) == ("ready", 5, admin_user, "spring")
    assert "nothing was sent yet" in page and "订单0已发货" in page and "None: every row is sent to" in page
    assert not shop.ledger and NUMBERS[0] not in page
    assert ActionLog.objects.get().action == "create"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_file_in_any_usual_encoding(admin_client, shop, encoding):
    file = SimpleUploadedFile("list.csv", ROWS.replace("\t", ",").encode(encoding))
    add(admin_client, file=file)
    assert Batch.objects.get().total == 5


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "one of both"),
        ({"rows": ROWS, "file": SimpleUploadedFile("list.csv", b"x")}, "one of both"),
        ({"rows": "no\n1"}, "手机号"),
        ({"rows": "手机号,no\n13800138000"}, "Line 2"),
        ({"rows": "手机号,no\n13800138000,1", "template": "nonsense"}, "neither an id of JSMS"),
        ({"file": SimpleUploadedFile("list.xlsx", b"PK\x03\x04" + b"x" * 50)}, "CSV UTF-8"),
        ({"rows": ROWS, "params": "nonsense"}, "NAME=VALUE"),
        ({"rows": ROWS, "tag": "x" * 11}, "at most 10"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_kept(admin_client, shop, given, said):
    assert said in add(admin_client, **given).content.decode()
    assert not Batch.objects.exists() and not shop.ledger


def test_the_same_list_twice_asks(admin_client, shop):
    add(admin_client, rows=ROWS)
    assert "24 hours" in add(admin_client, rows=ROWS).content.decode()
    assert Batch.objects.count() == 1
    add(admin_client, rows=ROWS, force="on")
    assert Batch.objects.count() == 2


# -- its life -----------------------------------------------------------------------------------------------


def test_a_batch_is_started_watched_and_exported(admin_client, shop, batch):
    page = act(admin_client, "start", batch)
    assert "5 recipients, 5 segments" in page and batch.status == "ready" and not shop.ledger
    do(admin_client, "start", batch, reason="sale")
    assert batch.status == "running" and 'http-equiv="refresh"' in page_of(admin_client, batch)
    run_pending()
    page = page_of(admin_client, batch)
    assert "5 / 5 (100 %)" in page and 'http-equiv="refresh"' not in page
    assert "10086" not in page and "The number stands in the list already" in page
    line = ActionLog.objects.get(action="start")
    assert (line.target, line.reason) == ("batch", "sale") and line.after.startswith("running")

    listed = admin_client.get(reverse(LIST)).content.decode()
    assert "spring" in listed and "5 / 5 (100 %)" in listed


def test_a_row_s_page_offers_what_can_be_done(admin_client, shop, batch):
    page = page_of(admin_client, batch)
    assert all(f'value="{name}"' in page for name in ("start", "cancel"))
    assert not any(f'value="{name}"' in page for name in ("pause", "resume", "retry"))


def test_a_double_click_starts_once(admin_client, shop, batch):
    token = re.search(r'name="_confirmed" value="([^"]+)"', act(admin_client, "start", batch))[1]
    act(admin_client, "start", batch, _confirmed=token)
    assert "done already" in act(admin_client, "start", batch, _confirmed=token)
    run_pending()
    assert len(shop.outbox) == 5


def test_a_batch_of_nobody_does_not_start(admin_client, shop):
    add(admin_client, rows="手机号\tno\n1380013\t1\n")
    batch = Batch.objects.get()
    assert "nobody in this batch" in do(admin_client, "start", batch) and batch.status == "ready"


def test_it_can_start_later(admin_client, shop, batch):
    day = dt.date.today() + dt.timedelta(days=30)
    do(admin_client, "start", batch, at=f"{day}T09:00")
    assert run_pending() == 0 and not shop.ledger and f"It starts at {day}" in page_of(admin_client, batch)


def test_paused_resumed_and_cancelled(admin_client, shop, batch):
    start_batch(batch)
    for action, status in (("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
        do(admin_client, action, batch)
        assert batch.status == status
    assert "cannot be done" in act(admin_client, "resume", batch, _confirmed="again")
    assert not shop.ledger
    assert ActionLog.objects.filter(action="resume").last().answer.startswith("The batch is cancelled")


def test_what_failed_is_sent_again(admin_client, shop, batch):
    shop.fault("status", status=403, code=50006)
    start_batch(batch)
    shop.fault("close", when="after")
    run_pending()
    batch.refresh_from_db()
    page = do(admin_client, "retry", batch, unknown="lost")
    assert "recipients are sent to again" in page


def test_export_is_masked_unless_one_may_see_numbers(admin_client, shop, batch):
    address = reverse("admin:django_jsms_batch_export", args=[batch.pk])
    assert admin_client.get(address).status_code == 405
    text = b"".join(admin_client.post(address)).decode()
    assert text.startswith("\ufeff") and "138****0000" in text and NUMBERS[1] not in text
    assert NUMBERS[1] in b"".join(admin_client.post(address, {"full": "1"})).decode()
    assert [line.action for line in ActionLog.objects.all()] == ["export_full"]


def test_a_person_decides_about_a_message(admin_client, shop, batch):
    shop.fault("close", when="after")
    start_batch(batch)
    run_pending()
    first, second = Message.objects.order_by("pk")[:2]
    do(admin_client, "lose", first, "message")
    assert (first.status, first.reason) == ("failed", "lost")
    do(admin_client, "resend", second, "message")
    assert second.status == "unknown" and Message.objects.get(resend_of=second)
    assert "The batch is running" in act(admin_client, "resend", second, "message", _confirmed="x")


def test_a_batch_links_to_its_messages(admin_client, shop, batch):
    link = re.search(r'href="([^"]+chunk__batch=\d+)"', page_of(admin_client, batch))[1]
    assert admin_client.get(link).content.decode().count('class="field-number"') == 5


# -- who may ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["start", "pause", "resume", "cancel", "retry"])
def test_without_the_permission_nothing_happens(client, shop, batch, action):
    user = get_user_model().objects.create_user("viewer", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_batch"))
    client.force_login(user)
    act(client, action, batch, _confirmed="x")
    batch.refresh_from_db()
    assert batch.status == "ready" and not ActionLog.objects.exists()
    assert client.get(reverse(ADD)).status_code == 403 and add(client, rows=ROWS).status_code == 403
    assert client.post(reverse("admin:django_jsms_batch_export", args=[batch.pk]), {"full": "1"}).status_code == 403


def test_a_list_of_fifty_is_as_many_statements_as_one_of_one(admin_client, batch, count_statements):
    with count_statements() as one:
        admin_client.get(reverse(LIST))
    for n in range(30):
        Batch.objects.create(template_id=1250, name=f"b{n}", status="ready")
    with count_statements() as many:
        admin_client.get(reverse(LIST))
    assert len(many) == len(one)


def test_it_speaks_chinese(admin_client, shop, batch):
    page = page_of(admin_client, batch, "zh-hans")
    assert ("将发送的内容" in page and "导出为 CSV" in page and "号码在名单中" in page) or "已在名单" in page
    assert "粘贴" in admin_client.get(reverse(ADD), headers={"Accept-Language": "zh-hans"}).content.decode()
