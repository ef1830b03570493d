"""Lists that people hand in: what spreadsheets and old programs write is read, or refused in one sentence."""

import csv
import encodings
import io
import itertools
import json
import pkgutil
import re
from contextlib import suppress
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse

from django_jsms.client.characters import invisible
from django_jsms.exceptions import InvalidInput
from django_jsms.models import Batch, Message, RejectedRow
from django_jsms.services import create_batch, read_list
from django_jsms.services.encodings import inspect
from tests.api.test_batch_files import upload
from tests.conftest import MOBILE

pytestmark = pytest.mark.django_db


# -- every door: what became of the list -----------------------------------------------------------------------------
# Each answers the error's text, or None where the list was taken in.


def by_service(data, encoding=None, params=None, **_):
    common = {"template": "order-shipped", "params": params}
    try:
        rows = read_list(io.BytesIO(data), encoding=encoding, **common)
        create_batch(recipients=rows, source=rows.digest, force=True, **common)
    except InvalidInput as error:
        return error.message


def by_command(data, encoding=None, params=None, tmp_path=None, **_):
    path = tmp_path / "list.csv"
    path.write_bytes(data)
    more = ["--encoding", encoding] if encoding else []
    more += [word for name, text in (params or {}).items() for word in ("--param", f"{name}={text}")]
    try:
        call_command(
            "jsms_batch", "create", str(path), "--template", "order-shipped", "--force", *more,
            stdout=io.StringIO(), stderr=io.StringIO(),
        )  # fmt: skip
    except CommandError as error:
        return str(error)


def by_admin(data, encoding=None, params=None, admin_client=None, **_):
    file = SimpleUploadedFile("list.csv", data)
    given = {"template": "order-shipped", "app": "default", "force": "on", "file": file, "encoding": encoding or ""}
    given["params"] = "\n".join(f"{name}={text}" for name, text in (params or {}).items())
    page = admin_client.post(reverse("admin:django_jsms_batch_add"), given, follow=True).content.decode()
    found = re.findall(r'<ul class="errorlist[^>]*>(.*?)</ul>', page, re.DOTALL)
    return "".join(found).replace("&quot;", '"') or None


def by_rest(data, encoding=None, params=None, boss=None, **_):
    given = {"params": json.dumps(params)} if params else {}
    answer = upload(boss, data, encoding=encoding, force="1", partial="1", **given)
    return None if answer.status_code == 201 else answer.json()["message"]


DOORS = [by_service, by_command, by_admin, by_rest]


@pytest.fixture(params=DOORS, ids=lambda door: door.__name__)
def hand_in(request, shop, boss, admin_client, tmp_path):
    clients = {"boss": boss, "admin_client": admin_client, "tmp_path": tmp_path}
    return lambda data, encoding=None, params=None: request.param(data, encoding, params, **clients)


def taken():
    """What would be sent to whom, without the numbers that were refused."""
    return dict(Message.objects.values_list("mobile", "params"))


# -- columns ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["快递员{{phone}}", None])
@pytest.mark.parametrize("number_first", [True, False])
def test_a_placeholder_may_be_called_as_a_number_is(shop, text, number_first):
    template = {"id": 987, "type": "notice", **({"text": text} if text else {})}
    row = {"mobile": MOBILE, "phone": "13911112222"}
    rows = [row if number_first else dict(reversed(row.items()))]
    with shop.settings(TEMPLATES={"courier": template}):
        create_batch(template="courier", recipients=rows)
        if text:  # a list, too
            assert list(read_list("手机号,phone\n13800138000,1\n", template="courier")) == [
                {"mobile": MOBILE, "phone": "1"}
            ]
    assert taken() == {MOBILE: {"phone": "13911112222"}}


@pytest.mark.parametrize("heading", ["mobile,no,no(旧)", "手机号,no,手机号(备用)"])
def test_a_remark_makes_a_column_of_its_own_beside_the_plain_one(hand_in, heading):
    assert hand_in(f"{heading}\n{MOBILE},1,2\n".encode()) is None
    assert taken() == {MOBILE: {"no": "1"}}


def test_a_heading_with_an_invisible_character_is_no_number(shop):
    with shop.settings(TEMPLATES={"plain": {"id": 9, "type": "notice", "text": "您好"}}):
        assert [dict(row) for row in read_list("手机号\u200b\n13800138000\n", template="plain")] == [
            {"mobile": MOBILE}
        ]


def test_a_text_of_any_class_is_a_text(shop):
    class Text(str):
        pass

    create_batch(template="order-shipped", recipients=[(MOBILE, {"no": Text("1")})])
    assert taken() == {MOBILE: {"no": "1"}}


@pytest.mark.parametrize("table", ["mobile\n{}\n", "mobile,no\n{},1\n", "{}\n"])
def test_a_slip_in_the_name_of_a_common_parameter_is_said_once(hand_in, table):
    said = hand_in(table.format(MOBILE).encode(), params={"nam": "1"}).replace("&#x27;", "'")
    assert "not in the template: nam. It has: no." in said and not Batch.objects.exists()


def test_a_slip_in_the_name_of_a_common_parameter_is_about_params(shop, boss):
    with pytest.raises(InvalidInput) as caught:
        create_batch(template="order-shipped", recipients=[(MOBILE, {"no": "1"})], params={"nam": "1"})
    assert (caught.value.field, caught.value.reason) == ("params", "params_mismatch")
    assert upload(boss, params='{"nam": "1"}').json()["field"] == "params"


# -- encodings -------------------------------------------------------------------------------------------------------


@pytest.mark.core
def test_a_short_gbk_list_that_is_utf8_too_is_asked_about(hand_in):
    data = f"mobile,no\n{MOBILE},女士\n".encode("gbk")
    assert data.decode() == f"mobile,no\n{MOBILE},Ůʿ\n"
    said = hand_in(data)
    assert '"Ůʿ"' in said and '"女士"' in said and "Say the encoding" in said and MOBILE not in said
    assert not Batch.objects.exists()
    assert hand_in(data, "gb18030") is None and taken() == {MOBILE: {"no": "女士"}}
    Batch.objects.all().delete()
    Message.objects.all().delete()
    assert hand_in(data, "utf-8") is None and taken() == {MOBILE: {"no": "Ůʿ"}}


CLEAR = {
    "utf-8": [
        "女士",
        "阿里·买买提",
        "张三é",
        "é张三",
        "Zoë 张三李四",
        "好👍",
        "１２３",
        "囍",
        "O’Brien",
        "—— …",
        "ＡＢ，。",
        "™№",
    ],
    "gb18030": ["先生", "张三", "女士先生", "李女士和王先生", "𠮷", "你好，世界", "王·小明"],
}


@pytest.mark.parametrize(("encoding", "text"), [(e, text) for e, texts in CLEAR.items() for text in texts])
def test_what_can_be_told_is_not_asked_about(shop, encoding, text):
    data = f"mobile,no\n{MOBILE},{text}\n".encode(encoding)
    assert (by_service(data), taken()) == (None, {MOBILE: {"no": text}})


def test_every_pair_of_common_characters_is_read_right_or_asked_about(shop):
    """The 3755 common characters of GB 2312 come first in GBK: 400 pairs of them, and each alone."""
    common = [bytes(pair).decode("gbk") for pair in itertools.product(range(0xB0, 0xD8), range(0xA1, 0xFA))]
    for text in (*common[::7], *map("".join, zip(common[::9], common[5::9], strict=False))):
        source = io.BytesIO(f"mobile,no\n{MOBILE},{text}\n".encode("gbk"))
        try:
            assert [row["no"] for row in read_list(source, template="order-shipped")] == [text]
        except InvalidInput as error:
            assert error.reason == "ambiguous_encoding" and text in str(error)


WOUNDS = {
    "cut within a character": "王".encode()[:2],
    "a cell in GBK": "王五".encode("gbk"),
    "NBSP of Latin-1": b"\xa0",
}


@pytest.mark.parametrize("text", ["女士", "女士王"])
@pytest.mark.parametrize("wound", WOUNDS)
def test_utf8_that_is_damaged_in_one_place_makes_no_mojibake_of_all(hand_in, wound, text):
    """It is asked about if all of it can be read as GB18030; if not, the line is named."""
    data = f"mobile,no\n{MOBILE},{text}\n{SECOND},{text}\n".encode() + b"13700137000," + WOUNDS[wound] + b"\n"
    said = hand_in(data)
    assert "Line 4 cannot be read" in said or (text in said and "Say the encoding" in said)
    assert "Line 4 cannot be read" in hand_in(data, "utf-8") and not Batch.objects.exists()


@pytest.mark.parametrize("text", ["岑红华", "岑光海", "岑宏建"])
def test_gbk_that_is_utf8_of_no_usual_chinese_is_asked_about(hand_in, text):
    data = f"mobile,no\n{MOBILE},{text}\n".encode("gbk")
    assert data.decode() and text in hand_in(data) and not Batch.objects.exists()
    assert hand_in(data, "gb18030") is None and taken() == {MOBILE: {"no": text}}


@pytest.mark.parametrize("text", ["王小明先生", "國語測試"])
def test_big5_is_not_taken_for_gb18030(hand_in, text):
    data = f"mobile,no\n{MOBILE},{text}\n".encode("big5")
    said = hand_in(data)
    assert text in said and "big5" in said and not Batch.objects.exists()
    assert hand_in(data, "big5") is None and taken() == {MOBILE: {"no": text}}


@pytest.mark.parametrize("text", ["玥", "瑀", "祎"])
def test_one_rare_character_is_shown_as_it_is_read(shop, text):
    said = by_service(f"mobile,no\n{MOBILE},{text}\n".encode("gb18030"))
    assert said is None or f'"{text}"' in said


BIG5 = ["蔡依林", "陳大文", "林志玲", "李安", "吳小姐", "您好", "台北市中山區", "手機", "訂單", "陳怡君", "歐陽娜娜"]


@pytest.mark.parametrize("text", BIG5)
def test_big5_of_a_few_characters_is_asked_about_wherever_they_stand(shop, text):
    for table in (f"mobile,no\n{MOBILE},{text}\n", f"mobile,no,{text}\n{MOBILE},1,2\n"):
        assert f'as big5 "{text}"' in by_service(table.encode("big5"))


#: The commonest full names, and addresses of every region.
MAINLAND = Path(__file__).with_name("mainland.txt").read_text("utf-8").split()


def test_what_people_of_the_mainland_write_in_gbk_is_not_asked_about(shop):
    for text in MAINLAND:
        data = f"mobile,no\n{MOBILE},{text}\n".encode("gbk")
        said = ""
        try:
            assert [row["no"] for row in read_list(io.BytesIO(data), template="order-shipped")] == [text]
        except InvalidInput as error:
            said = error.message
        # Nobody but a person tells a few names from UTF-8; none is near Big5.
        assert "big5" not in said, text


def charsets():
    """Every encoding of this Python that `encoding` takes."""
    for module in pkgutil.iter_modules(encodings.__path__):
        with suppress(InvalidInput):
            yield inspect(io.BytesIO(), module.name)[1]


def unreadable(text):
    return [sign for sign in text if "\ud800" <= sign <= "\udfff"]


@pytest.mark.parametrize("encoding", list(charsets()))
def test_no_encoding_that_is_taken_reads_half_a_character(encoding):
    """As «+2D0-» in UTF-7 is: no answer of ours could repeat it."""
    ascii_only = ["+2D0-", "\\ud83d", "\\ud83d\\ude00", "~{2D=~}", "\x1b$B2D0\x1b(B", "&2D0-", "=D8=3D", "%uD83D"]
    wide = [bytes(pair) * 2 for pair in itertools.product(range(0, 256, 5), (0, 0xD8, 0xDF, 0xED, 0xFF))]
    for data in (*map(str.encode, ascii_only), *wide, b"\xed\xa0\xbd", b"\x3d\xd8\0\0", b"\0\0\xd8\x3d"):
        with suppress(UnicodeError):
            assert not unreadable(data.decode(encoding))


@pytest.mark.parametrize("encoding", ["utf-7", "U7", "unicode-1-1-utf-7", "UTF_7"])
def test_utf_7_is_refused_at_every_door(hand_in, encoding):
    said = hand_in(f"+2D0-,+2D0-\n{MOBILE},1\n".encode(), encoding)
    assert "no such encoding" in said or "not one of the available choices" in said
    assert not Batch.objects.exists()


@pytest.mark.parametrize("name", ["\ud83d", "no\ud83d", "\u202eno", "\u200b", "\ud83d\u200b"])
def test_a_name_that_an_error_repeats_can_be_said(shop, name):
    with pytest.raises(InvalidInput) as caught:
        read_list(f"mobile,{name},{name}\n{MOBILE},1,2\n", template="order-shipped")
    assert caught.value.reason == "duplicate_column" and not re.search(": \\.", str(caught.value))
    assert not invisible(str(caught.value)) and not invisible(caught.value.zh)


# -- what programs put into a list -----------------------------------------------------------------------------------

ROW = f"{MOBILE},甲"
READ = {
    "sep=,": f"sep=,\r\n手机号,no\r\n{ROW}\r\n",
    "sep=;": f"sep=;\r\n手机号;no\r\n{MOBILE};甲\r\n",
    "SEP=|": f"SEP=|\n手机号|no\n{MOBILE}|甲\n",
    "sep=tab": f"sep=\t\n手机号\tno\n{MOBILE}\t甲\n",
    "marks": f"\ufeff\ufeff手机号,no\n{ROW}\n",
    "mark and sep": f"\ufeffsep=,\n手机号,no\n{ROW}\n",
    "a quoted name behind a mark": f'\ufeff"手机号","no"\n"{MOBILE}","甲"\n',
    "Ctrl-Z": f"手机号,no\r\n{ROW}\r\n\x1a",
    "Ctrl-Z in the last row": f"手机号,no\r\n{ROW}\x1a",
    "a full block": f"手机号,no\r\n{ROW}\r\n" + "\0" * 100,
    "required": f"手机号（必填）,no(必填)\n{ROW}\n",
    "starred": f"*手机号,no*\n{ROW}\n",
    "hints": f"手机号码 [11位],no【订单】\n{ROW}\n",
    "wide": f"ＭＯＢＩＬＥ,ｎｏ\n{ROW}\n",
    "invisible": f"\u200b手机号,no\u200b\n{ROW}\n",
    "spaces": f"\u3000手机号\xa0, no \n{ROW}\n",
    "formulas": f'手机号,no\n="{MOBILE}",="甲"\n',
    "quoted formulas": f'手机号,no\n"=""{MOBILE}""",甲\n',
    "tabs that keep text": f"手机号,no\n\t{MOBILE},甲\t\n",
    "empty columns": f"手机号,no,,\n{ROW},,\n,,,\n",
    "a first line of which nothing is seen": f"\u200b\n手机号;no\n{MOBILE};甲\n",
    "last lines of which nothing is seen": f"手机号,no\n{ROW}\n\u200b\u200b\n\ufeff\n\u200b,\u200b\n\u200b \u3000\n",
    "unseen cells behind the last column": f"手机号,no\n{ROW},\u200b,\ufeff\n",
    "an addition to a column that is not used": f"手机号,no,价(元),价(美元)\n{ROW},1,2\n",
}


@pytest.mark.parametrize("name", READ)
def test_what_programs_add_is_read(shop, name):
    assert by_service(READ[name].encode()) is None
    assert taken() == {MOBILE: {"no": "甲"}} and not RejectedRow.objects.exists()


REFUSED = {
    "a title": (f"会员名单\n手机号,no\n{ROW}\n", "name the columns"),
    "one name twice": (f"手机号,no（新）,no（备注）\n{ROW},x\n", "twice"),
    "two numbers": (f"手机（工作）,手机（备用）,no\n{MOBILE},{MOBILE},甲\n", "twice"),
    "a sum": (f"手机号,no\n{ROW}\n合计,1,行\n", "Line 3"),
    "only a hint": ("sep=,\n", "empty"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_meant_is_one_sentence(hand_in, name):
    content, said = REFUSED[name]
    assert said in hand_in(content.encode()) and not Batch.objects.exists()


def test_the_line_is_that_of_the_file_behind_a_hint(shop):
    assert by_service(f"sep=,\n手机号,no\n{ROW}\n1,2\n".encode()) is None
    assert RejectedRow.objects.get().line == 4


# -- rows that a program makes ---------------------------------------------------------------------------------------

SECOND = "13900139000"
BAD_ROWS = {
    "half an emoji": ("138\ud83d0138001", {"no": "1"}),
    "half an emoji as text": ("13800138001", {"no": "\ud83d"}),
    "NUL": ("13800138001\0", {"no": "1"}),
    "a number": (13800138001, {"no": "1"}),
    "a number alone": 13800138001,
    "nothing": None,
    "bytes": b"13800138001",
    "true": True,
    "an object": object(),
    "a list": ["13800138001"],
    "three": ("13800138001", {"no": "1"}, 1),
    "text as parameters": ("13800138001", "42"),
    "a number as parameters": ("13800138001", 42),
    "zero as parameters": ("13800138001", 0),
    "a list as parameters": ("13800138001", ["no"]),
    "numbers as names": ("13800138001", {1: "1"}),
    "a number as text": ("13800138001", {"no": 42}),
    "no text": ("13800138001", {"no": None}),
    "half a name": ("13800138001", {"\ud83d": "1", "no": "1"}),
    "an empty mapping": {},
    "no number": {"no": "1"},
    "a list as number": {"mobile": ["13800138001"], "no": "1"},
    "a cell too many": {"mobile": "13800138001", "no": "1", None: ["x"]},
}


@pytest.mark.parametrize("name", BAD_ROWS)
@pytest.mark.core
def test_one_bad_row_is_a_rejected_row_whatever_its_type(shop, name):
    rows = [(MOBILE, {"no": "1"}), BAD_ROWS[name], (SECOND, {"no": "2"})]
    batch = create_batch(template="order-shipped", recipients=rows)
    assert (batch.total, batch.rejected, set(taken())) == (2, 1, {MOBILE, SECOND})
    row = RejectedRow.objects.get()
    assert row.line == 2 and row.explanation != row.reason and row.masked_value


def test_pasted_half_a_character_is_the_fault_of_its_row(shop):
    rows = read_list(f"手机号,no\n{MOBILE},甲\ud83d\n{SECOND},乙\n", template="order-shipped")
    batch = create_batch(template="order-shipped", recipients=rows, source=rows.digest)
    assert (batch.total, batch.rejected, taken()) == (1, 1, {SECOND: {"no": "乙"}})


@pytest.mark.parametrize("given", [MOBILE, b"13800138000", {"mobile": MOBILE, "no": "1"}, None, 12, ""])
def test_what_is_no_list_is_refused_as_such(shop, given):
    with pytest.raises(InvalidInput, match="in a list") as caught:
        create_batch(template="order-shipped", recipients=given)
    assert (caught.value.field, caught.value.reason) == ("recipients", "invalid_recipients")
    assert not Batch.objects.exists() and not RejectedRow.objects.exists()


NAMES = [
    "mobile",
    "Mobile",
    "PHONE",
    "手机号",
    "手机",
    "手机号码",
    "\ufeff手机号",
    "手机号（必填）",
    " mobile ",
    "ｍｏｂｉｌｅ",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("own", ["no", "\ufeffno", "no（必填）"])
def test_rows_of_dictreader_have_the_names_of_read_list(shop, name, own):
    for table in (f"{own},{name}\n甲,{MOBILE}\n", f"{name},{own}\n{MOBILE},甲,,\n"):
        create_batch(template="order-shipped", recipients=csv.DictReader(io.StringIO(table, newline="")))
        assert taken() == {MOBILE: {"no": "甲"}} and not RejectedRow.objects.exists()
        assert [dict(row) for row in read_list(table, template="order-shipped")] == [{"mobile": MOBILE, "no": "甲"}]
        Message.objects.all().delete()


TABLES = {
    "columns that are not used": f"序号,手机号,no,备注,remark\n1,{MOBILE},甲,x,\n",
    "a remark beside the plain name": f"手机号,no,no（旧）\n{MOBILE},甲,乙\n",
    "empty lines at the end": f"手机号,no\n{MOBILE},甲\n,\n , \n,,,\n\u3000,\n\u200b,\ufeff,\u200b\n",
}


@pytest.mark.parametrize("name", TABLES)
def test_dictreader_and_read_list_take_the_same_of_a_table(shop, name):
    rows = [csv.DictReader(io.StringIO(TABLES[name], newline="")), read_list(TABLES[name], template="order-shipped")]
    for recipients in rows:
        batch = create_batch(template="order-shipped", recipients=recipients)
        assert (batch.total, batch.rejected, taken()) == (1, 0, {MOBILE: {"no": "甲"}})
        Message.objects.all().delete()


def test_a_short_row_of_dictreader_lacks_a_value(shop):
    rows = csv.DictReader(io.StringIO(f"手机号,no\n{MOBILE}\n", newline=""))
    create_batch(template="order-shipped", recipients=rows)
    assert RejectedRow.objects.get().reason == "params_empty"


def test_columns_are_kept_where_the_text_is_not_known(shop):
    create_batch(template=4711, recipients=[{"mobile": MOBILE, "no": "1", "remark": "x"}])
    assert taken() == {MOBILE: {"no": "1", "remark": "x"}}


@pytest.mark.parametrize("data", [f"手机号,no\n{MOBILE},1\n".encode(), b"mobile,no\n1," + b"x" * 200_000])
def test_what_csv_cannot_read_names_the_way_that_can(shop, data):
    lines = io.BytesIO(data) if b"x" not in data else io.StringIO(data.decode(), newline="")
    with pytest.raises(InvalidInput, match="read_list") as caught:
        create_batch(template="order-shipped", recipients=csv.DictReader(lines))
    assert caught.value.field == "recipients" and not Batch.objects.exists()
