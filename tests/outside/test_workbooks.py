"""Excel workbooks as lists, with the extra: what their cells hold, and one sentence for what is none."""

import datetime as dt
import io
import zipfile

import pytest

from django_jsms.exceptions import InvalidInput
from django_jsms.models import Batch, Message, RejectedRow
from django_jsms.services import create_batch, read_list, workbooks
from tests.api.test_batch_files import upload
from tests.conftest import MOBILE

openpyxl = pytest.importorskip("openpyxl", reason="the extra xlsx is not installed")
pytestmark = pytest.mark.django_db
SECOND = "13900139000"


def book(*rows, sheets=(), hidden=False):
    """A workbook with these rows on its first sheet."""
    made, file = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        made.active.append(row)
    for each in sheets:
        sheet = made.create_sheet()
        for row in each:
            sheet.append(row)
    if hidden:
        made.worksheets[0].sheet_state = "hidden"
        made.active = 1
    made.save(file)
    return file.getvalue()


def take_in(data):
    rows = read_list(io.BytesIO(data), template="order-shipped")
    return create_batch(template="order-shipped", recipients=rows, source=rows.digest)


def taken():
    return dict(Message.objects.values_list("mobile", "params"))


CELLS = [
    ("甲", "甲"), (" 乙 ", "乙"), (42, "42"), (42.0, "42"), (19.9, "19.9"), (0.1 + 0.2, "0.3"), (1e11, "100000000000"),
    (-0.5, "-0.5"), (True, "TRUE"), (dt.date(2026, 11, 28), "2026-11-28"), (dt.datetime(2026, 11, 28), "2026-11-28"),
    (dt.datetime(2026, 11, 28, 9, 5), "2026-11-28 09:05"),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "text"), CELLS, ids=str)
def test_what_a_cell_holds(shop, cell, text):
    take_in(book(["手机号（必填）", "no", "备注"], [int(MOBILE), cell, "x"]))
    assert taken() == {MOBILE: {"no": text}}


@pytest.mark.core
def test_a_workbook_becomes_a_batch_with_the_rows_of_its_sheet(shop):
    rows = [["手机号", "no"], [MOBILE, "1"], [None, None], [float(SECOND), "2"], ["1380013", "3"], [MOBILE, "4"]]
    batch = take_in(book(*rows, ["13800138009", "#N/A"], ["13800138008"], sheets=[[["something", "else"]]]))
    assert (batch.total, taken()) == (2, {MOBILE: {"no": "1"}, SECOND: {"no": "2"}})
    assert dict(RejectedRow.objects.values_list("line", "reason")) == {
        5: "invalid_mobile", 6: "duplicate", 7: "params_empty", 8: "params_empty",
    }  # fmt: skip


def test_a_row_of_which_nothing_is_seen_is_none(shop):
    batch = take_in(book(["手机号", "no"], [MOBILE, "1"], ["\u200b", "\ufeff"], [" \u200b"]))
    assert (batch.total, batch.rejected) == (1, 0)


def test_the_first_sheet_that_is_seen(shop):
    assert take_in(book(["none"], sheets=[[["手机号", "no"], [MOBILE, "1"]], [["none"]]], hidden=True)).total == 1


def test_over_rest_too(shop, boss):
    assert upload(boss, book(["mobile", "no"], [MOBILE, "1"])).json()["total"] == 1


def test_the_same_workbook_twice(shop):
    data = book(["mobile", "no"], [MOBILE, "1"])
    take_in(data)
    with pytest.raises(InvalidInput) as caught:
        take_in(data)
    assert caught.value.reason == "repeated_source"


def archive(**parts):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in parts.items():
            made.writestr(name, data)
    return file.getvalue()


WHOLE = book(["mobile", "no"], *[[MOBILE, str(n)] for n in range(2000)])
NONE = {
    "rubbish": b"PK\x03\x04rest",
    "half": WHOLE[: len(WHOLE) // 2],
    "another archive": archive(a=b"mobile,no\n"),
    "a document": archive(**{"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>"}),
    "broken within": WHOLE[:600] + b"\0" * 300 + WHOLE[900:],
}


@pytest.mark.parametrize("name", NONE)
def test_what_is_no_workbook_is_one_sentence(shop, name):
    with pytest.raises(InvalidInput) as caught:
        take_in(NONE[name])
    assert (caught.value.field, caught.value.reason) == ("recipients", "not_csv")
    assert "CSV UTF-8" in str(caught.value) and not Batch.objects.exists()


def test_one_that_unpacks_to_too_much(shop, monkeypatch):
    monkeypatch.setattr(workbooks, "_LARGEST", 10_000)
    with pytest.raises(InvalidInput) as caught:
        take_in(WHOLE)
    assert caught.value.reason == "not_csv" and not Batch.objects.exists()


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([], "empty_list"),
        ([["mobile", "no"]], "empty_list"),
        ([["姓名", "no"], ["张三", "1"]], "no_mobile_column"),
        ([["mobile", "no"], [MOBILE, "1", "x"]], "ragged_row"),
        ([["mobile", "no", "no"], [MOBILE, "1", "2"]], "duplicate_column"),
    ],
)
def test_what_is_wrong_with_a_sheet_is_what_is_wrong_with_a_list(shop, rows, reason):
    with pytest.raises(InvalidInput) as caught:
        take_in(book(*rows))
    assert caught.value.reason == reason and not Batch.objects.exists()


def test_without_the_extra_it_is_refused_as_before(shop, monkeypatch):
    monkeypatch.setattr(workbooks.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InvalidInput, match="CSV UTF-8"):
        take_in(WHOLE)
