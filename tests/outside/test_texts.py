"""Texts that people hand in: what no phone shows is refused in all of them, and named."""

import unicodedata

import pytest
from django.urls import reverse
from django.utils.translation import override

from django_jsms.client import characters
from django_jsms.client.mobile import parse
from django_jsms.conf import NotConfigured
from django_jsms.exceptions import InvalidInput
from django_jsms.models import ActionLog, Batch, Message, OptOut, RejectedRow, Template
from django_jsms.services import (
    create_batch,
    create_signature,
    draft_template,
    opt_out,
    preview_template,
    queue_message,
    reset_limits,
    send_message,
)
from tests.conftest import MOBILE
from tests.sandbox.test_signatures import PNG

pytestmark = pytest.mark.django_db

#: ESC, VT, FF, NEL, LINE SEPARATOR, the marks of direction, SOFT HYPHEN, DEL, joiners, fillers, half an emoji, …
INVISIBLE = [
    "\0", "\x1b", "\v", "\f", "\x7f", "\x85", "\xad", "\u034f", "\u061c", "\u115f", "\u180e", "\u200b", "\u200d",
    "\u200e", "\u2028", "\u2029", "\u202c", "\u2060", "\u2066", "\u3164", "\ud83d", "\ufeff", "\ufff9", "\uffff",
    "\U000e0041",
]  # fmt: skip
VISIBLE = ["订单 42", "a\u00a0b", "¥5·é", "👍", "❤️", "\t", "\u3000全角", "\u9f8e"]


def by_message(text):
    send_message(MOBILE, template="order-shipped", params={"no": text})


def by_queue(text):
    queue_message(MOBILE, template="order-shipped", params={"no": text})


def by_batch(text):
    create_batch(template="order-shipped", recipients=[MOBILE], params={"no": text})


def by_row(text):
    create_batch(template="order-shipped", recipients=[(MOBILE, {"no": text})])
    row = RejectedRow.objects.first()
    if row:
        Batch.objects.all().delete()
        with override("zh-hans"):
            zh = row.explanation
        raise InvalidInput(row.explanation, reason=row.reason, zh=zh)


def by_preview(text):
    preview_template(Template(text="{{no}}", type=2), params={"no": text})


def by_template(text):
    draft_template(f"订单{text}已发货", type="notice")


PARAMS = [by_message, by_queue, by_batch, by_row, by_preview]


@pytest.mark.parametrize("mark", INVISIBLE, ids=lambda mark: f"U+{ord(mark):04X}")
@pytest.mark.parametrize("door", [*PARAMS, by_template], ids=lambda door: door.__name__)
@pytest.mark.core
def test_what_cannot_be_seen_is_refused_and_named(shop, door, mark):
    with pytest.raises(InvalidInput) as caught:
        door(f"a{mark}b")
    name = f"U+{ord(mark):04X}"
    place = 4 if door is by_template else 2
    assert f"an invisible character, {name}, at place {place}" in str(caught.value)
    assert f"不可见字符 {name}（第 {place} 位）" in caught.value.explain("zh")
    assert not (shop.ledger or Message.objects.exists() or Batch.objects.exists() or Template.objects.exists())


@pytest.mark.parametrize("text", VISIBLE)
def test_what_can_be_seen_is_sent(shop, text):
    for door in (*PARAMS, by_template):
        door(text)


@pytest.mark.parametrize(
    ("mark", "said"), [("【", "【"), ("】", "】"), ("\n", "a line break"), ("\r", "a line break")]
)
def test_what_would_break_the_text_is_named_too(shop, mark, said):
    for door in PARAMS[:4]:
        with pytest.raises(InvalidInput, match=said):
            door(f"a{mark}b")


@pytest.mark.parametrize("number", ["13800138000\u202c", "\u200b13800138000", "138\u200e00138000", "13800138000\x7f"])
def test_a_number_that_holds_one_says_which(shop, api, number):
    mark = next(mark for mark in number if not mark.isdigit())
    said = f"an invisible character, U+{ord(mark):04X}, at place {number.index(mark) + 1}"
    with pytest.raises(InvalidInput) as caught:
        parse(number)
    assert (caught.value.reason, said in str(caught.value)) == ("mobile_invisible", True)
    answer = api.post("codes/", {"mobile": number, "purpose": "login"})
    assert answer.status_code == 400 and said in answer.json()["message"] and "138" not in answer.json()["message"]
    create_batch(template="order-shipped", recipients=[number], params={"no": "1"})
    assert "invisible character" in RejectedRow.objects.get().explanation


def test_the_table_holds_what_unicode_calls_so():
    every = [chr(code) for code in range(0x110000)]
    kinds = {mark: unicodedata.category(mark) for mark in every}
    refused = {mark for mark in every if characters.invisible(mark)}
    arabic = set("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")  # seen
    assert {mark for mark, kind in kinds.items() if kind in ("Cc", "Cf", "Cs", "Zl", "Zp")} - refused - arabic == {
        "\t",
        "\n",
    }
    assert {mark for mark in refused if kinds[mark][0] in "LNPSZ"} - set("\u2028\u2029") == set(
        "\u115f\u1160\u3164\uffa0"
    )


def test_pasted_rows_of_the_admin_say_so(admin_client, shop):
    page = admin_client.post(
        reverse("admin:django_jsms_batch_add"),
        {"template": "order-shipped", "app": "default", "rows": f"{MOBILE}\n", "params": "no=a\u202cb"},
    ).content.decode()
    assert "an invisible character, U+202C, at place 2" in page and not Batch.objects.exists()


# -- beside the texts: remarks, reasons, evidence --------------------------------------------------------------------

UNSTORABLE = ["\ud83d", "a\0b", "好\udc00"]


@pytest.mark.parametrize("text", UNSTORABLE, ids=repr)
@pytest.mark.core
def test_what_no_column_holds_is_refused_in_a_remark(shop, text):
    papers = {name: "91110105MA00000000" for name in ("legalPersonIdNumber", "socialCreditCode")}
    papers |= {"legalPersonName": "张三", **dict.fromkeys(("idCardImage", "businessLicenseImage"), ("a.png", PNG))}
    for call in (
        lambda: draft_template("订单{{no}}", type="notice", remark=text),
        lambda: create_signature("沙箱商店", type=1, papers=papers, remark=text),
    ):
        with pytest.raises(InvalidInput) as caught:
            call()
        assert caught.value.field == "remark"
    assert not Template.objects.exists()


@pytest.mark.parametrize("text", UNSTORABLE, ids=repr)
@pytest.mark.core
def test_why_a_person_does_something_is_kept_as_far_as_a_column_holds_it(shop, admin_user, text):
    reset_limits(MOBILE, reason=f"asked {text}", actor=admin_user)
    assert ActionLog.objects.get().reason.startswith("asked ")
    opt_out(MOBILE, evidence=f"said {text}")
    assert OptOut.objects.get().evidence.startswith("said ")


@pytest.mark.parametrize("app", ["\ud83d", "\0", "nobody", 12, None, ["a"], {"a": 1}], ids=repr)
def test_an_app_that_is_none_is_not_configured(shop, app):
    for send in (send_message, queue_message):
        with pytest.raises(NotConfigured):
            send(MOBILE, template="order-shipped", params={"no": "1"}, app=app)
