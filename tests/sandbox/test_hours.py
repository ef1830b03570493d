"""Marketing outside 08:00 to 21:00 in Beijing: sent, refused or kept until eight, as the option says."""

from __future__ import annotations

from datetime import datetime

import pytest

from django_jsms.sandbox import SandboxServer
from django_jsms.sandbox.clock import BEIJING
from django_jsms.sandbox.hours import opens_at
from tests.sandbox.conftest import MOBILE, Caller
from tests.sandbox.test_refusals import refused

MARKETING = {"mobile": MOBILE, "temp_id": 11}


@pytest.fixture
def at_night(sandbox: SandboxServer) -> SandboxServer:
    sandbox.clock.stop()
    sandbox.clock.set(datetime(2027, 3, 1, 21, 0, tzinfo=BEIJING))
    return sandbox


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        ("2027-03-01T08:00:00", "2027-03-01T08:00:00"),
        ("2027-03-01T20:59:59", "2027-03-01T20:59:59"),
        ("2027-03-01T21:00:00", "2027-03-02T08:00:00"),
        ("2027-03-01T07:59:59", "2027-03-01T08:00:00"),
        ("2027-12-31T23:00:00", "2028-01-01T08:00:00"),
    ],
)
def test_hours(moment: str, opens: str) -> None:
    moments = [datetime.fromisoformat(each).replace(tzinfo=BEIJING).timestamp() for each in (moment, opens)]
    assert opens_at(moments[0]) == moments[1]


def test_sent_by_default(call: Caller, at_night: SandboxServer) -> None:
    assert call("POST", "/v1/messages", MARKETING).status == 200
    assert len(at_night.outbox) == 1


def test_refused(call: Caller, at_night: SandboxServer) -> None:
    at_night.state.options.marketing_hours = "refuse"
    refused(call("POST", "/v1/messages", MARKETING), 50009)
    assert call("POST", "/v1/messages", {"mobile": MOBILE, "temp_id": 12}).status == 200
    at_night.clock.advance(11 * 3600)
    assert call("POST", "/v1/messages", MARKETING).status == 200
    assert [each.temp_id for each in at_night.outbox] == [12, 11]


def test_kept_until_eight(call: Caller, at_night: SandboxServer) -> None:
    at_night.state.options.marketing_hours = "wait"
    accepted = call("POST", "/v1/messages", MARKETING).json
    assert call("POST", "/v1/messages", {"mobile": MOBILE, "temp_id": 12}).status == 200
    assert [each.temp_id for each in at_night.outbox] == [12]
    at_night.clock.advance(11 * 3600)
    late = at_night.outbox[-1]
    assert (late.msg_id, late.sent_at.hour) == (str(accepted["msg_id"]), 8)
    at_night.clock.advance(1)
    assert late.msg_id in [each["msgId"] for each in call("GET", "/v1/report").json]


def test_a_schedule_too(call: Caller, at_night: SandboxServer) -> None:
    at_night.state.options.marketing_hours = "wait"
    body = {**MARKETING, "send_time": "2027-03-01 22:00:00"}
    assert call("POST", "/v1/schedule", body).status == 200
    at_night.clock.advance(3600)
    assert at_night.outbox == []
    at_night.clock.advance(10 * 3600)
    assert [each.temp_id for each in at_night.outbox] == [11]
