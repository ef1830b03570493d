"""What a month cost: months are Beijing's on every database, and no cell can be run."""

import csv
import io
import json
from datetime import datetime, timedelta, timezone

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils.timezone import make_naive

from django_jsms.exceptions import InvalidInput
from django_jsms.models import Message, VerificationCode
from django_jsms.services import monthly_spend, send_code, send_message
from django_jsms.services.spend import SpendLine, spend_csv
from tests.conftest import MOBILE

pytestmark = pytest.mark.django_db
BEIJING = timezone(timedelta(hours=8))


def at(*parts):
    moment = datetime(*parts, tzinfo=BEIJING)
    return moment if settings.USE_TZ else make_naive(moment)


def sent(when, segments=1, **values):
    return Message.objects.create(
        mobile=MOBILE, mobile_hash="x", status="sent", segments=segments, sent_at=when, **{"template_id": 7, **values}
    )


def code(when, **values):
    return VerificationCode.objects.create(
        mobile=MOBILE, mobile_hash="x", status="verified", sent_at=when, purpose="login", **values
    )


@pytest.mark.core
def test_a_month_is_beijings_to_the_second():
    for moment in ((2026, 10, 31, 23, 59, 59), (2026, 11, 1), (2026, 11, 30, 23, 59, 59), (2026, 12, 1)):
        sent(at(*moment), tag=f"{moment[1]}-{moment[2]}")
    found = {month: {line.tag for line in monthly_spend(month)} for month in ("2026-10", "2026-11", "2026-12")}
    assert found == {"2026-10": {"10-31"}, "2026-11": {"11-1", "11-30"}, "2026-12": {"12-1"}}


@pytest.mark.core
def test_a_year_ends():
    sent(at(2026, 12, 31, 23, 59, 59))
    sent(at(2027, 1, 1))
    assert [line.sends for line in monthly_spend("2026-12")] == [1]


@pytest.mark.core
def test_it_is_grouped_by_app_kind_template_tag_and_purpose(jsms_sandbox):
    when = at(2026, 11, 5)
    for segments in (1, 3):
        sent(when, segments, tag="spring", message_class="marketing")
    sent(when, 2, app="shop")
    code(when, template_id=1)
    code(when, template_id=1)
    code(when, channel="voice")
    with jsms_sandbox.settings(TEMPLATES={"sale": {"id": 7}}):
        lines = monthly_spend("2026-11")
    assert lines == [
        SpendLine("default", "marketing", 7, "sale", "spring", "", 2, 4),
        SpendLine("default", "code", 1, "", "", "login", 2, 2),
        SpendLine("shop", "notice", 7, "sale", "", "", 1, 2),
        SpendLine("default", "voice", None, "", "", "login", 1, 1),
    ]
    assert [line.app for line in monthly_spend("2026-11", app="shop")] == ["shop"]


def test_it_takes_two_statements(count_statements):
    for day in range(1, 20):
        sent(at(2026, 11, day), tag=str(day))
    with count_statements() as statements:
        assert len(monthly_spend("2026-11")) == 19
    assert len(statements) == 2


def test_what_was_not_taken_costs_nothing(jsms_sandbox):
    jsms_sandbox.fault("close", when="after", route="/v1/messages")
    assert send_message(MOBILE, template=1, params={"code": "1"}).status == "unknown"
    send_code(MOBILE, purpose="login")
    month = f"{datetime.now(BEIJING):%Y-%m}"
    assert [(line.purpose, line.segments) for line in monthly_spend(month)] == [("login", 1)]


@pytest.mark.parametrize("month", ["", "2026", "2026-13", "2026-1", "26-11", "２０２６-11", "2026-11\n", None, 202611])
def test_a_bad_month_is_refused(month):
    with pytest.raises(InvalidInput) as caught:
        monthly_spend(month)
    assert caught.value.field == "month"


@pytest.mark.parametrize("tag", ["=1+1", "+1", "-1", "@a", "\ta", "\ra"])
def test_no_cell_can_be_run(tag):
    line = SpendLine("default", "notice", 7, "sale", tag, "", 1, 1)
    cells = list(csv.reader(io.StringIO(spend_csv([line]), newline="")))[1]
    assert cells[4] == f"'{tag}" and cells[-1] == "1"


# -- the command ----------------------------------------------------------------------------------------------


def test_a_table_with_a_total(capsys):
    sent(at(2026, 11, 5), 3, tag="春季")
    call_command("jsms_spend", "--month", "2026-11")
    head, row, total = capsys.readouterr().out.splitlines()
    assert "春季" in row and total.split() == ["Total", "1", "3"] and head.startswith("app")


def test_csv_and_json(capsys):
    sent(at(2026, 11, 5), 3, tag="=x")
    call_command("jsms_spend", "--month", "2026-11", "--csv")
    assert capsys.readouterr().out.startswith("\ufeffapp,") and not capsys.readouterr().out
    call_command("jsms_spend", "--month", "2026-11", "--json")
    assert json.loads(capsys.readouterr().out)[0]["segments"] == 3


def test_an_empty_month_says_so(capsys):
    call_command("jsms_spend", "--month", "2026-11")
    assert capsys.readouterr().out == "Nothing was sent in 2026-11.\n"


def test_this_month_is_meant_where_none_is_given(capsys):
    call_command("jsms_spend")
    assert f"{datetime.now(BEIJING):%Y-%m}" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [("--month", "11"), ("--csv", "--json")])
def test_bad_usage(arguments):
    with pytest.raises(CommandError):
        call_command("jsms_spend", *arguments)
