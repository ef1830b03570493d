"""jsms_schedule: what JSMS holds, for people and for scripts; exit codes."""

import datetime as dt
import io
import json

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command, execute_from_command_line
from django.utils import timezone
from django.utils.translation import override

from django_jsms.models import Schedule
from django_jsms.services import run_pending
from tests.conftest import MOBILE
from tests.services.schedules.life import OTHER, ahead, calls, lose, make, messages, opened, reread
from tests.services.schedules.test_batches import prepare

pytestmark = pytest.mark.django_db
DAY = f"{dt.date.today() + dt.timedelta(days=30)}"


@pytest.fixture
def shop(jsms_sandbox):
    with opened(jsms_sandbox) as shop:
        yield shop


def run(*arguments):
    out = io.StringIO()
    call_command("jsms_schedule", *map(str, arguments), stdout=out, stderr=io.StringIO(), no_color=True)
    return out.getvalue()


def data(*arguments):
    return json.loads(run(*arguments, "--json"))


def refused(*arguments):
    with pytest.raises(CommandError) as caught:
        run(*arguments)
    assert "\n" not in str(caught.value)
    return caught.value.returncode, str(caught.value)


def typed(moment):
    local = timezone.localtime(moment) if settings.USE_TZ else moment
    return f"{local:%Y-%m-%dT%H:%M:%S}"


def create(*more, at=None):
    return (
        "create",
        MOBILE,
        "--template",
        "order-shipped",
        "--param",
        "no=42",
        "--at",
        at or typed(ahead(hours=2)),
        *more,
    )


@pytest.mark.core
def test_one_message_from_the_first_to_the_last_verb(shop):
    send_at = ahead(hours=2)
    made = data(*create("--reference", "order-42", "--tag", "shop", at=typed(send_at)))
    schedule = Schedule.objects.get()
    assert (made["id"], made["remote_id"], made["status"]) == (schedule.pk, schedule.remote_id, "active")
    assert schedule.send_at == send_at and schedule.message.reference == "order-42"
    assert dt.datetime.fromisoformat(made["send_at"]).replace(tzinfo=None) == schedule.send_at.replace(tzinfo=None)

    listed = run("list")
    assert schedule.remote_id in listed and "scheduled" in listed and f"{typed(send_at)[:10]} " in listed
    assert data("refresh", schedule.pk)["refreshed_at"]
    shown = run("show", schedule.remote_id)
    assert "138****8000" in shown and MOBILE not in shown and schedule.messages.get().msg_id in shown

    later = ahead(hours=4)
    run("update", schedule.pk, "--at", typed(later), "--param", "no=7")
    assert (reread(schedule).send_at, schedule.message.params) == (later, {"no": "7"})
    run("update", schedule.pk, "--to", OTHER)
    assert reread(schedule).message.mobile == OTHER and schedule.message.params == {"no": "7"}
    assert "cancelled" in run("cancel", schedule.pk)
    assert run("list").startswith("Nothing is scheduled") and schedule.remote_id in run("list", "--all")
    assert data("list", "--status", "cancelled")[0]["id"] == schedule.pk and data("list") == []
    assert [call.method for call in shop.ledger] == ["POST", "GET", "PUT", "PUT", "DELETE"]


def test_a_batch(shop, tmp_path):
    batch = prepare(3)
    assert "1 schedules" in run("create", "--batch", batch.pk, "--at", typed(ahead(hours=3)))
    run_pending()
    schedule = batch.schedules.get()
    assert schedule.status == "active"
    file = tmp_path / "list.csv"
    file.write_text(f"手机号,no\n{OTHER},9\n", encoding="gb18030")
    assert data("update", schedule.pk, "--file", file)["recipients"] == 1
    assert (OTHER, "waiting") in messages(schedule)


@pytest.mark.core
def test_a_lost_create_ends_with_1_and_says_what_to_do(shop):
    lose(shop, "POST", 2)
    code, text = refused(*create())
    (remote_id,) = shop._server.state.schedules
    schedule = Schedule.objects.get()
    assert code == 1 and "adopt SCHEDULE_ID" in text and f"dismiss {schedule.pk}" in text
    assert data("adopt", remote_id, "--to", schedule.pk)["status"] == "active"
    refused(*create())
    lost = Schedule.objects.get(status="create_unknown")
    assert data("dismiss", lost.pk)["status"] == "failed"
    assert len(calls(shop, "POST")) == 2


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("cancel", "99"), 1, "no schedule 99"),
        (("show", "1a886e7c-a267-49e6-9970-0d396ca5bb1e"), 1, "no schedule"),
        (("create", "--at", "2026-12-01T09:00"), 2, "--batch"),
        (("create", MOBILE, "--at", "2026-12-01T09:00"), 2, "--template"),
        (create(at="2020-01-01T09:00"), 2, "60 seconds"),
        (create(at="9999-01-01T09:00"), 2, "year"),
        (("create", "123", "--template", "order-shipped", "--param", "no=1", "--at", "2026-12-24T09:00"), 2, "mobile"),
        (("adopt", "../sign/1"), 2, "schedule_id"),
        (("adopt", "1a886e7c-a267-49e6-9970-0d396ca5bb1e"), 1, "50028"),
    ],
    ids=lambda value: " ".join(map(str, value))[:40] if isinstance(value, tuple) else "",
)
def test_exit_codes(shop, arguments, code, said):
    found, text = refused(*arguments)
    assert (found, said in text) == (code, True), text
    assert not Schedule.objects.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        *((), ("nope",), ("create",), ("list", "--status", "x")),
        *(create(at=no_time) for no_time in ("2026-02-30T09:00", "tomorrow", DAY, DAY.replace("-", ""))),
    ],
    ids=lambda arguments: " ".join(arguments)[-30:],
)
def test_usage(shop, capsys, arguments):
    """As typed in a shell: argparse exits with 2."""
    with pytest.raises(SystemExit) as caught:
        execute_from_command_line(["manage.py", "jsms_schedule", *arguments])
    assert caught.value.code == 2 and "jsms_schedule" in capsys.readouterr().err
    assert not shop.ledger


def test_refresh_reads_all_that_jsms_may_hold(shop):
    first, second, over = make(), make(params={"no": "2"}), make(params={"no": "3"})
    run("cancel", over.pk)
    shop.fault("status", status=500, method="GET", route=f"/v1/schedule/{second.remote_id}")
    code, text = refused("refresh", "--json")
    assert code == 1 and text.startswith(f"{second.pk}: ")
    assert [reread(each).refreshed_at is not None for each in (first, second, over)] == [True, False, False]
    assert [row["id"] for row in data("refresh")] == [first.pk, second.pk]


def test_what_is_over_ends_with_1(shop):
    schedule = make()
    run("cancel", schedule.pk)
    code, text = refused("update", schedule.pk, "--at", typed(ahead(hours=3)))
    assert code == 1 and "cannot be changed any more" in text


def test_it_speaks_chinese(shop):
    make()
    with override("zh-hans"):
        assert "已定时" in run("list") and "定时时间" in run("list")
