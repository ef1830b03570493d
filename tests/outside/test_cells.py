"""What strangers write into a list or a tag comes out as text in a spreadsheet, by every door that exports."""

import csv
import io

import pytest
from django.core.management import call_command

from django_jsms.services import create_batch, export_batch, monthly_spend, send_message
from django_jsms.services.exports import harmless
from django_jsms.services.hours import BEIJING, aware
from django_jsms.services.spend import spend_csv
from tests.conftest import MOBILE

pytestmark = pytest.mark.django_db

RUN = ["=", "+", "-", "@", "＝", "＋", "－", "＠"]


def by_service(batch, **_):
    return "".join(export_batch(batch, full=True))


def by_command(batch, **_):
    out = io.StringIO()
    call_command("jsms_batch", "export", str(batch.pk), "--full", stdout=out)
    return out.getvalue()


def by_rest(batch, boss, **_):
    answer = boss.get(f"batches/{batch.pk}/export/", full="1")
    return b"".join(answer.streaming_content).decode("utf-8-sig")


@pytest.mark.parametrize("mark", RUN)
@pytest.mark.parametrize("door", [by_service, by_command, by_rest], ids=lambda door: door.__name__)
def test_a_cell_of_a_list_is_text(shop, boss, door, mark):
    batch = create_batch(template="order-shipped", recipients=[f"{mark}cmd|' /C calc'!A0"], params={"no": "1"})
    rows = list(csv.reader(io.StringIO(door(batch, boss=boss))))
    assert rows[1][1] == f"'{mark}cmd|' /C calc'!A0"


@pytest.mark.parametrize("mark", RUN)
def test_a_tag_is_text_in_the_month_s_costs(shop, mark):
    sent = send_message(MOBILE, template="order-shipped", params={"no": "1"}, tag=f"{mark}1+1")
    month = f"{aware(sent.sent_at).astimezone(BEIJING):%Y-%m}"
    (line,) = list(csv.reader(io.StringIO(spend_csv(monthly_spend(month)))))[1:]
    assert f"'{mark}1+1" in line


@pytest.mark.parametrize("cell", ["\t=1", "\r=1", "\n=1", *RUN])
def test_what_a_spreadsheet_runs(cell):
    assert harmless(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", None, 0, "138****8000", "a=1", " =1", "价格＝1"])
def test_what_it_does_not_run(cell):
    assert harmless(cell) == ("" if cell is None else str(cell))
