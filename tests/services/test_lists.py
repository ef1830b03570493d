"""Lists as people have them: any usual encoding and table, and one clear sentence for anything else (B54-B63)."""

import csv
import io
import tracemalloc

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.translation import override
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_jsms.exceptions import InvalidInput
from django_jsms.models import Batch, Message, RejectedRow
from django_jsms.services import cancel_batch, create_batch, read_list, run_pending, start_batch
from tests.services.test_batches import numbers, sent_to

pytestmark = pytest.mark.django_db

TABLE = "手机号,no\n13800138000,甲\n13800138001,乙\n"
ROWS = [{"mobile": "13800138000", "no": "甲"}, {"mobile": "13800138001", "no": "乙"}]


def read(source, **options):
    return read_list(source if isinstance(source, str) else io.BytesIO(source), template="order-shipped", **options)


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("gb18030", "gb18030"),
        ("gbk", "gb18030"),
        ("utf-16", "utf-16"),
    ],
)
def test_encodings_are_told_apart(shop, encoding, found):
    rows = read(TABLE.encode(encoding))
    assert (list(rows), rows.encoding) == (ROWS, found)


@pytest.mark.parametrize(("encoding", "given"), [("utf-16-le", "utf-16-le"), ("utf-8-sig", "utf-8"), ("hz", "hz")])
def test_an_encoding_can_be_said(shop, encoding, given):
    assert list(read(TABLE.encode(encoding), encoding=given)) == ROWS


def test_late_chinese_is_found_too(shop):
    text = "mobile,no\n" + "13800138000,1\n" * 100_000 + "13800138001,乙\n"
    assert list(read(text.encode("gbk")))[-1] == {"mobile": "13800138001", "no": "乙"}


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_tables(shop, delimiter, end):
    assert list(read(TABLE.replace(",", delimiter).replace("\n", end))) == ROWS


@pytest.mark.parametrize(
    "name",
    [
        *(
            "手机号",
            "手机",
            "手机号码",
            "mobile",
            "Phone",
            " MOBILE ",
            "*手机号",
            "手机(必填)",
            "ＭＯＢＩＬＥ",
            "【手机号】",
        ),
        *(
            "手机号/Mobile",
            "手机 ／ phone",
            "电话",
            "电话号码",
            "联系电话",
            "联系手机",
            "联系手机号",
            "客户手机",
            "客户手机号",
        ),
        *("手機", "手機號", "手機號碼", "Phone Number", "mobile number", "联系电话（必填）", "(电话)"),
    ],
)
def test_names_of_the_number(shop, name):
    table = f"no,{name}\n甲,13800138000\n"
    assert list(read(table)) == [{"no": "甲", "mobile": "13800138000"}]
    create_batch(template="order-shipped", recipients=csv.DictReader(io.StringIO(table, newline="")))
    assert Message.objects.get().mobile == "13800138000"


@pytest.mark.parametrize("table", ["手机号,no,电话\n13800138000,甲,010\n", "联系电话,no,Mobile\n010,甲,13800138000\n"])
def test_a_plain_name_of_the_number_counts_before_others(shop, table):
    assert list(read(table)) == [{"no": "甲", "mobile": "13800138000"}]
    create_batch(template="order-shipped", recipients=csv.DictReader(io.StringIO(table, newline="")))
    assert Message.objects.get().mobile == "13800138000"


def test_numbers_alone_need_no_name(shop):
    rows = read("13800138000\n\n  13800138001 \n1380013800\n", params={"no": "1"})
    assert [(row.line, row["mobile"]) for row in rows] == [(1, "13800138000"), (3, "13800138001"), (4, "1380013800")]
    assert [row["mobile"] for row in rows] == ["13800138000", "13800138001", "1380013800"]  # as often as you like


def test_what_the_template_does_not_use_is_left_out_and_named(shop):
    rows = read("姓名,mobile,no,\n张三,13800138000,甲,\n李四,13800138001,乙,,,\n")
    assert (rows.unused, list(rows)) == (("姓名",), ROWS)


def test_cells_in_quotes(shop):
    rows = read('mobile,no\n"13800138000","a,""b\nc"\n13800138001,乙\n')
    assert [(row.line, row["no"]) for row in rows] == [(2, 'a,"b\nc'), (4, "乙")]


PAGES = [
    "<html><table><tr><td>手机号</td></tr></table></html>".encode(),
    b"\xef\xbb\xbf\r\n<TABLE border=1>",
    b"<!DOCTYPE html>",
    b'<?xml version="1.0"?><Workbook/>',
    " <meta charset=gb2312>",
]
BAD = {
    "empty_list": ["", "\n\n", "mobile,no\n", "mobile,no\n\n"],
    "no_mobile_column": [
        "name,no\nx,1\n",
        "姓名\n张三\n",
        "客服电话,no\n1,2\n",
        "手机号/姓名,no\n1,2\n",
        "13800138000,甲\n13800138001,乙\n",
    ],
    "missing_column": ["mobile\n13800138000\n", "13800138000\n", "mobile,nr\n13800138000,1\n"],
    "duplicate_column": ["mobile,no,no\n1,2,3\n", "mobile,phone,no\n1,2,3\n", "电话,联系手机,no\n1,2,3\n"],
    "ragged_row": ["mobile,no\n13800138000,1\n13800138001\n", "mobile,no\n13800138000,1,2\n"],
    "nul": ["mobile,no\n13800138000,\0\n", TABLE.encode("utf-16-le")],
    "line_too_long": ["mobile,no\n13800138000," + "x" * 70_000],
    "unclosed_quote": ['mobile,no\n13800138000,"1\n', 'mobile,no\n13800138000,"1\n' + "13800138001,2\n" * 20_000],
    "bad_quote": ['mobile,no\n13800138000,"1"2\n'],
    "not_csv": [b"PK\x03\x04rest", b"\xd0\xcf\x11\xe0rest", b"\x1f\x8brest", b"%PDF-1.7", *PAGES],
    "undecodable": [b"mobile,no\n13800138000,\xff\xff\n"],
}
LINES = {"ragged_row": {2, 3}, "nul": {1, 2}, "line_too_long": {2}, "unclosed_quote": {2}, "bad_quote": {2}}


@pytest.mark.parametrize(("reason", "source"), [(reason, source) for reason, all_ in BAD.items() for source in all_])
def test_what_is_wrong_with_a_list_is_one_clear_sentence_and_nothing_is_kept(shop, reason, source):
    options = {"params": {"no": "1"}} if source in ("13800138000,甲\n",) else {}
    with pytest.raises(InvalidInput) as caught:
        rows = read(source, **options)
        create_batch(template="order-shipped", recipients=rows, source=rows.digest)
    error = caught.value
    assert error.reason == reason, error
    assert error.line in LINES.get(reason, {error.line})
    assert not error.line or (f"Line {error.line}" in str(error) and f"第 {error.line} 行" in error.explain("zh"))
    assert "\n" not in str(error) and "13800138" not in str(error) and error.explain("zh") != str(error)
    assert not Batch.objects.exists() and not Message.objects.exists() and not RejectedRow.objects.exists()


CURES = {
    'mobile,no\n13800138000,"1\n': ("Close it", "请补上"),
    "手机,手机号,no\n1,2,3\n": ("Delete one, or rename it", "请删除其中一列"),
    "手机号,no\n13800138000\n": ("Fill or delete cells", "请补齐"),
    "手机号,姓名,订单号\n13800138000,x,1\n": (
        "It has: 手机号, 姓名, 订单号. Give",
        "现有：手机号, 姓名, 订单号。请将",
    ),
    "双十一客户名单,,\n手机号,no,\n": ("It has: 双十一客户名单. Delete lines above them", "表头上方的行请删除"),
    "13800138000,王小明\n": ("or phone. Delete lines", "表头上方的行请删除"),
    "<table>": ("Save As, CSV UTF-8", "另存为"),
}


@pytest.mark.parametrize("source", CURES)
def test_what_is_wrong_with_a_list_comes_with_its_cure(shop, source):
    with pytest.raises(InvalidInput) as caught:
        list(read(source))
    assert (CURES[source][0] in str(caught.value), CURES[source][1] in caught.value.explain("zh")) == (True, True)
    assert "王小明" not in str(caught.value)


def test_an_error_while_the_rows_are_read_is_in_the_readers_language(shop):
    rows = read("mobile,no\n13800138000\n")
    with override("zh-hans"), pytest.raises(InvalidInput) as caught:
        list(rows)
    assert caught.value.message == caught.value.explain("zh") != str(caught.value)


def test_the_line_of_a_bad_character_is_exact(shop):
    text = "mobile,no\n" + "13800138000,1\n" * 30_000
    with pytest.raises(InvalidInput) as caught:
        list(read(text.encode() + b"13800138001,\xff\xff\n"))
    assert (caught.value.reason, caught.value.line) == ("undecodable", 30_002)


def test_an_unknown_encoding(shop):
    for name in ("nope", "base64", "rot13", "idna", "punycode", "unicode_escape", "undefined"):
        with pytest.raises(InvalidInput) as caught:
            read(TABLE.encode(), encoding=name)
        assert (caught.value.field, caught.value.reason) == ("encoding", "invalid_encoding")


def test_an_upload_and_a_pipe_are_files_too(shop, tmp_path):
    assert list(read_list(SimpleUploadedFile("a.csv", TABLE.encode("gbk")), template="order-shipped")) == ROWS

    class Pipe(io.BytesIO):
        def seekable(self):
            return False

    assert list(read_list(Pipe(TABLE.encode()), template="order-shipped")) == ROWS


NO_SOURCES = {
    "a path": lambda path: path,
    "a path as text": str,
    "the name of a file": lambda path: "名单.XLSX",
    "bytes": lambda path: path.read_bytes(),
    "a file in text mode": lambda path: path.open(encoding="utf-8"),
    "a file for writing": lambda path: path.open("ab"),
    "lines": lambda path: path.read_text("utf-8").splitlines(),
    "nothing": lambda path: None,
}


@pytest.mark.parametrize("name", NO_SOURCES)
def test_what_is_neither_an_open_file_nor_text_says_how_to_open_it(shop, tmp_path, name):
    path = tmp_path / "list.csv"
    path.write_text(TABLE, encoding="utf-8")
    source = NO_SOURCES[name](path)
    with pytest.raises(InvalidInput) as caught:
        read_list(source, template="order-shipped")
    if hasattr(source, "close"):
        source.close()
    assert (caught.value.field, caught.value.reason) == ("source", "invalid_source")
    assert "'rb'" in str(caught.value) and "'rb'" in caught.value.explain("zh")


@pytest.mark.core
def test_a_list_becomes_a_batch_with_the_lines_of_the_file(shop):
    text = "手机号,no\n13800138000,1\n\n1.38E+10,2\n13800138001.0,3\n13800138000,4\n13800138002,5\n"
    rows = read(text.encode("gb18030"))
    batch = create_batch(template="order-shipped", recipients=rows, source=rows.digest)
    found = dict(RejectedRow.objects.values_list("line", "reason"))
    assert found == {4: "mobile_shortened", 5: "mobile_decimal", 6: "duplicate"}
    assert dict(Message.objects.values_list("mobile", "line")) == {"13800138000": 2, "13800138002": 7}
    start_batch(batch)
    run_pending()
    assert sent_to(shop) == {"13800138000": 1, "13800138002": 1}


# -- the same file again ----------------------------------------------------------------------------------------


def load(text=TABLE, **options):
    rows = read(text)
    return create_batch(template="order-shipped", recipients=rows, source=rows.digest, **options)


@pytest.mark.core
def test_the_same_file_is_refused_for_a_day(shop):
    batch = start_batch(load())
    with pytest.raises(InvalidInput) as caught:
        load()
    assert (caught.value.reason, f"batch {batch.pk}" in str(caught.value)) == ("repeated_source", True)
    assert Batch.objects.count() == 1 and Message.objects.count() == 2
    load(TABLE + "13800138002,丙\n")
    load(force=True)
    shop.clock.advance(24 * 3600 + 1)
    load()
    assert Batch.objects.count() == 4


def test_another_template_and_a_batch_that_never_began_do_not_count(shop):
    shop.template(77, "{{no}}", "notice")
    cancel_batch(load())
    load()
    rows = read(TABLE)
    create_batch(template=77, recipients=rows, source=rows.digest)
    assert Batch.objects.count() == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.databases
def test_one_file_sent_twice_at_once_passes_at_most_once(shop, race):
    outcomes = race(6, load)
    assert sum(isinstance(outcome, Batch) for outcome in outcomes) == Batch.objects.count() <= 1
    assert {str(getattr(o, "reason", "")) for o in outcomes} <= {"repeated_source", ""}
    assert Message.objects.count() == 2 * Batch.objects.count()


def test_a_list_that_breaks_off_leaves_nothing(shop):
    def broken():
        yield from ((mobile, {"no": "1"}) for mobile in numbers(20_005))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        create_batch(template="order-shipped", recipients=broken())
    assert not Batch.objects.exists() and not Message.objects.exists()


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(shop, tmp_path):
    def peak(rows):
        path = tmp_path / "list.csv"
        with path.open("w") as file:
            file.write("mobile,no\n")
            file.writelines(f"138{n % 10**8:08d},{n}\n" for n in range(rows))
        with path.open("rb") as file:
            tracemalloc.start()
            count = sum(1 for _ in read_list(file, template="order-shipped"))
            found = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert count == rows
        return found

    assert peak(200_000) < 1.2 * peak(100_000)


PIECES = [
    b"mobile",
    "手机号".encode(),
    "手机号".encode("gbk"),
    b"no",
    b",",
    b"\t",
    b'"',
    b"\n",
    b"\r\n",
    b"\0",
    b"\xff",
    b"1",
]


@given(
    data=st.one_of(st.binary(max_size=300), st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join)),
    encoding=st.sampled_from([None, "utf-8", "gb18030", "utf-16", "utf-16-le"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_bytes_break_it(shop, data, encoding):
    try:
        rows = list(read(data, encoding=encoding))
    except InvalidInput as error:
        assert error.field in ("recipients", "encoding") and error.message and error.explain("zh")
    else:
        assert rows and all({"mobile", "no"} == set(row) for row in rows)
