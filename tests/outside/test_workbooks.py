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
from tests.sheets import HEAD, cell, row, workbook

openpyxl = pytest.importorskip("openpyxl", reason="the extra xlsx is not installed")
pytestmark = pytest.mark.django_db
SECOND = "13900139000"


def book(*rows, sheets=(), hidden=False):
    """A workbook with these rows on its first sheet."""
    made, file = openpyxl.Workbook(), io.BytesIO()
    for cells in rows:
        made.active.append(cells)
    for each in sheets:
        sheet = made.create_sheet()
        for cells in each:
            sheet.append(cells)
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
}


@pytest.mark.parametrize("name", NONE)
def test_what_is_no_workbook_is_one_sentence(shop, name):
    with pytest.raises(InvalidInput) as caught:
        take_in(NONE[name])
    assert (caught.value.field, caught.value.reason) == ("recipients", "not_csv")
    assert "CSV UTF-8" in str(caught.value) and not Batch.objects.exists()


# -- sheets that no spreadsheet writes -------------------------------------------------------------------------------

REFUSED = {
    "a row beyond the last": (HEAD + row(2) + '<row r="9000000000000"/>', 9000000000000),
    "one row beyond the last": (HEAD + row(2) + '<row r="1048577"/>', 1048577),
    "more rows than there are": (HEAD + '<row r="1048576"/><row/>', 1048577),
    "rows in no order": (HEAD + row(3) + row(2, SECOND), 2),
    "one row twice": (HEAD + row(2) + row(2, SECOND), 2),
    "row 0": (HEAD + row(0), 0),
    "the first twice": (HEAD + HEAD, 1),
    "a row below nothing": (HEAD + row(2) + row(-5), -5),
    "a row of no number": (HEAD + row(2) + '<row r="x"/>', 3),
    "a row without end": (HEAD + row(2) + f'<row r="{"9" * 5000}"/>', 3),
    "one cell twice": (f'{HEAD}<row r="2">{cell("A2", MOBILE)}{cell("A2", SECOND)}{cell("B2", "1")}</row>', 2),
    "cells in no order": (f'{HEAD}<row r="2">{cell("B2", "1")}{cell("A2", MOBILE)}</row>', 2),
    "a cell of another row": (f'{HEAD}<row r="2">{cell("A7", MOBILE)}{cell("B7", "1")}</row>', 2),
    "a cell of a longer row": (f'{HEAD}<row r="2">{cell("A12", MOBILE)}</row>', 2),
    "a cell beyond the last": (f'{HEAD}<row r="2">{cell("XFE2", "1")}</row>', 2),
    "a cell far beyond the last": (f'{HEAD}<row r="2">{cell("AAAAAAAA2", "1")}</row>', 2),
    "a cell of no place": (f'{HEAD}<row r="2">{cell("?", "1")}</row>', 2),
    "more cells than there are": (f'{HEAD}<row r="2">{"<c/>" * 20_000}</row>', 2),
    "more of anything": (f'{HEAD}<row r="2">{"<x/>" * 1_100_000}</row>', 2),
    "rows elsewhere": (f"{HEAD}{row(2)}</sheetData><sheetData>{row(2, SECOND)}", 2),
    "a row that does not end": (f"{HEAD}{row(2)}<row>{cell('', MOBILE)}", 3),
}


@pytest.mark.parametrize("name", REFUSED)
def test_rows_and_cells_that_are_not_in_their_place_are_refused_with_their_line(shop, name):
    given, line = REFUSED[name]
    with pytest.raises(InvalidInput) as caught:
        take_in(workbook(given))
    assert (caught.value.reason, caught.value.line) == ("unreadable_row", line)
    assert "CSV UTF-8" in str(caught.value) and not Batch.objects.exists() and not Message.objects.exists()


READ = {
    "rows without numbers": f"{HEAD}<row>{cell('', MOBILE)}{cell('', '甲')}</row>",
    "rows left out": HEAD + row(1_048_576),
    "a row number with a fraction": HEAD + row(2).replace('row r="2"', 'row r="2.0"'),
    "empty rows and cells": f'{HEAD}<row r="2"/><row r="3"><c r="A3"/><c r="XFD3"/></row>{row(4)}',
    "cells behind the last": HEAD + row(2).replace("</row>", '<c r="XFD2" t="e"><v>#N/A</v></c></row>'),
    "a cell left out": f'<row r="1">{cell("A1", "mobile")}{cell("C1", "no")}</row>'
    f'<row r="2">{cell("A2", MOBILE)}{cell("C2", "甲")}</row>',
    "a text of the list": HEAD + row(2).replace(cell("B2", "甲"), '<c r="B2" t="s"><v>0</v></c>'),
    "a text of a formula": HEAD + row(2).replace(cell("B2", "甲"), '<c r="B2" t="str"><f>A1</f><v>甲</v></c>'),
}


@pytest.mark.parametrize("name", READ)
def test_what_may_be_left_out_is_left_out(shop, name):
    take_in(workbook(READ[name]))
    assert taken() == {MOBILE: {"no": "甲"}} and not RejectedRow.objects.exists()


def value(kind, text, style=0):
    return f'<c r="B2" t="{kind}" s="{style}"><v>{text}</v></c>'


#: A cell of the column no, and what is read; None is a rejected row.
ODD = {
    "a date that is none": (value("d", "x"), None),
    "a date": (value("d", "2026-11-28"), "2026-11-28"),
    "a date as a number": (value("n", 46354, 1), "2026-11-28"),
    "a number in a column of dates": (value("n", 13800138000, 1), None),
    "letters for a number": (value("n", "abc"), None),
    "NaN": (value("n", "NaN"), None),
    "1e999": (value("n", "1e999"), None),
    "-1E999": (value("n", "-1E999"), None),
    "5000 digits": (value("n", "9" * 5000), None),
    "400 digits in a column of dates": (value("n", "9" * 400, 1), None),
    "a style that is none": (value("n", "1", "x"), None),
    "a text that is not in the list": (value("s", 1), None),
    "a text before the list": (value("s", -1), None),
    "a text by name": (value("s", "x"), None),
    "a text of the list": (value("s", 0), "甲"),
    "true": (value("b", 1), "TRUE"),
    "maybe": (value("b", "x"), None),
    "a kind that is none": (value("x", "1"), None),
    "an inline text of nothing": ('<c r="B2" t="inlineStr"/>', None),
    "a value beside nothing": ('<c r="B2"><v/></c>', None),
    "an inline text in pieces": (
        '<c r="B2" t="inlineStr"><is><r><t>甲</t></r><r><t>乙</t></r><rPh sb="0" eb="1"><t>x</t></rPh></is></c>',
        "甲乙",
    ),
    "a text that is too long": (value("str", "x" * 40_000), None),
    **{error: (value("e", error), None) for error in ("#N/A", "#SPILL!", "#CALC!", "#GETTING_DATA", "#NEW!", "x")},
    **{f"{error} as text": (value("str", error), None) for error in ("#N/A", "#SPILL!", "#CALC!", "#GETTING_DATA")},
    "a hash": (value("str", "#1"), "#1"),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_one_odd_cell_is_one_rejected_row(shop, name):
    given, text = ODD[name]
    batch = take_in(workbook(f'{HEAD}<row r="2">{cell("A2", MOBILE)}{given}</row>{row(3, SECOND)}'))
    assert taken() == {SECOND: {"no": "甲"}, **({MOBILE: {"no": text}} if text else {})}
    assert list(batch.rejected_rows.values_list("line", flat=True)) == ([] if text else [2])


@pytest.mark.parametrize("name", [name for name, (_, text) in ODD.items() if text is None and "nothing" not in name])
def test_an_odd_number_does_not_vanish(shop, name):
    odd = ODD[name][0].replace("B2", "A2")
    batch = take_in(workbook(f'{HEAD}<row r="2">{odd}</row>{row(3)}'))
    assert (taken(), batch.rejected) == ({MOBILE: {"no": "甲"}}, 1)


def test_an_odd_cell_in_a_column_that_is_not_used_does_nothing(shop):
    rows = (HEAD + row(2)).replace("</row>", '<c t="d"><v>x</v></c></row>')
    assert take_in(workbook(rows)).rejected == 0 and taken() == {MOBILE: {"no": "甲"}}


def test_a_sheet_whose_bytes_have_changed_is_refused(shop):
    data = workbook(HEAD + row(2) + row(3, SECOND), compression=zipfile.ZIP_STORED)
    with pytest.raises(InvalidInput) as caught:
        take_in(data.replace(SECOND.encode(), b"13900139001"))
    assert caught.value.reason == "unreadable_row" and not Batch.objects.exists()


#: What makes much of little: entities of a text, and endless small elements of what is read at once.
BOMBS = {
    "entities": (row(2, no="&a;" * 100), {"head": f'<!DOCTYPE w [<!ENTITY a "{"a" * 100_000}">]>'}),
    "an entity that nobody uses": (row(2), {"head": '<!DOCTYPE w [<!ENTITY a "a">]>'}),
    "an entity from elsewhere": (row(2), {"head": '<!DOCTYPE w [<!ENTITY a SYSTEM "file:///etc/passwd">]>'}),
    "styles": (row(2), {"styles": "<cellXfs>" + "<xf/>" * 2_000_000 + "</cellXfs>"}),
    "texts": (row(2), {"texts": "<si/>" * 14_000_000}),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_small_file_that_would_take_all_memory_is_refused(shop, bomb):
    rows, given = BOMBS[bomb]
    with pytest.raises(InvalidInput) as caught:
        take_in(workbook(HEAD + rows, **given))
    assert caught.value.reason in ("not_csv", "unreadable_row") and not Batch.objects.exists()


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
