"""What a batch would send, told before: counts, cost, texts, and what is wrong with the rest."""

import pytest
from django.utils.translation import override

from django_jsms.services import adopt_template, create_batch, opt_out, preview_batch, run_pending, start_batch
from tests.services.test_batches import make, pairs

pytestmark = pytest.mark.django_db

LONG = "长" * 80
ROWS = [
    ("13800138000", {"no": "1"}),
    ("13800138001", {"no": "2"}),
    ("13800138002", {"no": "3"}),
    ("13800138003", {"no": "4"}),
    ("13800138004", {"no": LONG}),
    ("13800138000", {"no": "5"}),
    ("1380013800", {"no": "6"}),
    ("+86 138 0013 8005", {}),
    ("张三", {"no": "8"}),
]


@pytest.mark.core
def test_a_preview_counts_and_shows(shop, count_statements):
    batch = make(ROWS, chunk_size=2)
    with count_statements() as statements:
        preview = preview_batch(batch)
    assert (preview.valid, preview.duplicate) == (5, 1)
    assert preview.invalid == {"invalid_mobile": 2, "params_mismatch": 1}
    assert (preview.segments, preview.fewest_segments, preview.most_segments, preview.calls) == (6, 1, 2, 3)
    assert preview.texts == ("订单1已发货", "订单2已发货", f"订单{LONG}已发货")
    assert [(row.line, row.value, row.reason) for row in preview.rejected] == [
        (6, "138****8000", "duplicate"),
        (7, "138****00", "invalid_mobile"),
        (8, "+86****05", "params_mismatch"),
        (9, "****", "invalid_mobile"),
    ]
    assert all(row.message.endswith(".") for row in preview.rejected)
    assert len(statements) <= 8, statements
    assert not shop.outbox and not shop.ledger
    assert "订单" not in repr(preview)


def test_it_speaks_the_readers_language(shop):
    batch = make([("1", {"no": "1"}), *pairs(2), *pairs(1)])
    with override("zh-hans"):
        told = [row.message for row in preview_batch(batch).rejected]
    first = "手机号不是中国大陆手机号：应以 13 至 19 开头，共 11 位。"
    assert told == [first, "该号码在名单中已出现过，只发送第一行。"]


def test_who_opted_out_is_counted(shop):
    opt_out("13800000001")
    batch = make(pairs(3), message_class="marketing")
    assert (preview_batch(batch).valid, preview_batch(batch).opted_out) == (3, 1)
    assert preview_batch(make(pairs(3))).opted_out == 0


def test_an_empty_batch_has_a_preview(shop):
    preview = preview_batch(make([]))
    assert (preview.valid, preview.segments, preview.calls, preview.texts, preview.rejected) == (0, 0, 0, (), ())
    assert (preview.fewest_segments, preview.most_segments) == (0, 0)


def test_a_text_that_is_not_known_is_not_shown(shop):
    shop.template(77, "{{a}}", "marketing")
    batch = create_batch(template=77, recipients=["13800138000"], params={"a": "x"})
    assert preview_batch(batch).texts == ()
    adopt_template(77)
    known = create_batch(template=77, recipients=["13800138000"], params={"a": "x"})
    assert preview_batch(known).texts == ("x拒收请回复R",)


def test_a_code_is_not_shown(shop):
    assert preview_batch(make(pairs(1), message_class="code")).texts == ("订单•已发货",)


def test_a_batch_that_was_sent_can_still_be_looked_at(shop):
    batch = start_batch(make(pairs(3)))
    run_pending()
    assert (preview_batch(batch).valid, len(preview_batch(batch).texts)) == (3, 3)
