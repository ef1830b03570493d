"""The page on schedules does what it says."""

import pytest

from django_jsms import signals
from django_jsms.models import Message, Schedule
from django_jsms.services import run_pending, schedule_message
from tests.docs.snippets import named
from tests.docs.test_docs import page, rows
from tests.services.schedules.life import opened

PAGE = named("docs/schedules.md")
pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(jsms_sandbox):
    with opened(jsms_sandbox) as shop:
        yield shop


def test_a_message_is_scheduled_changed_and_cancelled(shop):
    schedule = PAGE["message"].run()["schedule"]
    assert (schedule.status, [call.method for call in shop.ledger]) == ("cancelled", ["POST", "PUT", "DELETE"])
    assert [(row.status, row.params["no"]) for row in Message.objects.order_by("pk")] == [
        ("cancelled", "42"),
        ("cancelled", "43"),
    ]


def test_a_batch_is_scheduled(shop, capsys):
    tomorrow = PAGE["message"].run()["tomorrow"]
    batch = PAGE["batch"].run(tomorrow=tomorrow)["batch"]
    run_pending()
    assert capsys.readouterr().out == "2\n" and batch.schedules.get().status == "active"


@pytest.mark.parametrize("found", [True, False])
def test_a_lost_one_is_settled(shop, found):
    tomorrow = PAGE["message"].run()["tomorrow"]
    told = PAGE["listen"].run()["tell_somebody"]
    shop.fault("close", when="after", method="POST")
    schedule = schedule_message("13800138000", template="order-shipped", params={"no": "1"}, send_at=tomorrow)
    signals.schedule_unknown.disconnect(told)
    remote_id = list(shop._server.state.schedules)[-1] if found else None
    settled = PAGE["lost"].run()["settle"](schedule, remote_id)
    assert settled == schedule and settled.status == ("active" if found else "failed")


def test_every_state_is_described():
    assert rows(page("schedules.md"), "States") == set(Schedule.Status.values)
