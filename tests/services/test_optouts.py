"""Who opted out gets no more marketing, from any door; other messages go on."""

from __future__ import annotations

from typing import Any

import pytest

from django_jsms.exceptions import InvalidInput, Refused
from django_jsms.models import Chunk, Message, OptOut
from django_jsms.services import (
    chunks,
    create_batch,
    hours,
    opt_in,
    opt_out,
    optouts,
    queue_message,
    run_pending,
    send_message,
    start_batch,
)
from tests.conftest import MOBILE

pytestmark = [pytest.mark.django_db, pytest.mark.core]
OTHERS = ["13900139000", "13700137000"]


@pytest.fixture
def sale(jsms_sandbox: Any, monkeypatch: Any) -> Any:
    """A marketing template, at any hour."""
    monkeypatch.setattr(hours, "OPENS", 0)
    monkeypatch.setattr(hours, "CLOSES", 24)
    jsms_sandbox.template(1300, "春季促销", "marketing")
    with jsms_sandbox.settings(TEMPLATES={"sale": {"id": 1300, "type": "marketing", "text": "春季促销"}}):
        yield jsms_sandbox


def phones(sandbox: Any) -> list[str]:
    return [message.mobile for message in sandbox.outbox]


def refuse_at_jsms(sandbox: Any, mobile: str) -> None:
    """JSMS knows of an opt-out that never reached us."""
    sandbox._server.state.app().opted_out.add(mobile)


def test_a_message_is_refused_before_the_call(sale: Any, heard: Any) -> None:
    row = opt_out("+86 138 0013 8000", evidence="by phone")
    assert (row.mobile, row.source, row.evidence) == (MOBILE, "person", "by phone")

    with pytest.raises(Refused) as caught:
        send_message(MOBILE, template="sale")
    assert (caught.value.reason, caught.value.code, caught.value.row.status) == ("opted_out", None, "failed")
    assert not sale.ledger and MOBILE not in str(caught.value)


def test_a_queued_message_fails_at_its_claim(sale: Any) -> None:
    row = queue_message(MOBILE, template="sale")
    opt_out(MOBILE)
    run_pending()

    row.refresh_from_db()
    assert (row.status, row.reason) == ("failed", "opted_out") and not sale.ledger


def test_notices_go_on(sale: Any) -> None:
    opt_out(MOBILE)
    sale.template(1250, "订单已发货", "notice")

    assert send_message(MOBILE, template=1250).status == "sent"


def test_an_opt_in_lets_it_go_again(sale: Any) -> None:
    opt_out(MOBILE)

    assert (opt_in(MOBILE), opt_in(MOBILE)) == (True, False)
    assert send_message(MOBILE, template="sale").status == "sent"


def test_twice_is_once(sale: Any) -> None:
    first = opt_out(MOBILE, evidence="TD")

    assert opt_out(MOBILE, evidence="R") == first
    assert OptOut.objects.get().evidence == "TD"
    with pytest.raises(InvalidInput):
        opt_out("10086")


def test_what_jsms_refuses_is_remembered(sale: Any, heard: Any) -> None:
    refuse_at_jsms(sale, MOBILE)
    with pytest.raises(Refused):
        send_message(MOBILE, template="sale")
    calls = len(sale.ledger)

    with pytest.raises(Refused):
        send_message(MOBILE, template="sale")
    assert len(sale.ledger) == calls == 1
    assert OptOut.objects.get().source == "refusal" and ("opted_out", None) in heard


def test_a_batch_leaves_them_out(sale: Any) -> None:
    batch = create_batch(template="sale", recipients=[MOBILE, *OTHERS])
    opt_out(MOBILE)
    start_batch(batch)
    run_pending()

    batch.refresh_from_db()
    assert sorted(phones(sale)) == sorted(OTHERS) and batch.status == "finished"
    row = Message.objects.get(mobile=MOBILE)
    assert (row.status, row.reason) == ("failed", "opted_out")
    assert sorted(Chunk.objects.values_list("size", "sent", "failed")) == [(1, 0, 1), (2, 2, 0)]


def test_a_batch_of_nobody_else_makes_no_call(sale: Any) -> None:
    batch = create_batch(template="sale", recipients=[MOBILE])
    opt_out(MOBILE)
    start_batch(batch)
    run_pending()

    batch.refresh_from_db()
    assert batch.status == "finished" and not sale.ledger


def test_a_batch_learns_who_opted_out(sale: Any) -> None:
    refuse_at_jsms(sale, MOBILE)
    start_batch(create_batch(template="sale", recipients=[MOBILE, *OTHERS]))
    run_pending()

    assert OptOut.objects.get().mobile == MOBILE
    assert Message.objects.get(mobile=MOBILE).error_code == 50024


def test_a_chunk_is_still_six_statements(sale: Any, count_statements: Any) -> None:
    batch = create_batch(template="sale", recipients=[MOBILE, *OTHERS])
    start_batch(batch)
    chunk = Chunk.objects.get()

    with count_statements() as statements:
        chunks.deliver_chunk(chunk.pk)
    assert len(statements) <= 7, statements  # and the one that finishes the batch


# -- what people write -------------------------------------------------------------------------------------------

STOPS = """
T TD TD! R r r。 Ｒ ｔｄ “退订” 退订 退訂 拒收 取消订阅 STOP unsubscribe 回复R 回复TD 回R 回复“R” 回复【R】 请回复R
发送TD R退订 TD退订 T退订 退订R 退订TD 退订回T 退订回复TD 拒收请回复R 回复R退订 请退订 我要退订 退订吧 退订短信
退订,谢谢 退订退订 帮我退订 请帮我退订 請退訂 退订一下 麻烦退订一下 你好退订 退订所有短信 全部退订 给我退订 请给我退订
我退订 要退订 想退订 需要退订 请您退订 请你退订 麻烦您退订 麻烦您帮我退订 请帮忙退订 确认退订 好的退订 是的退订 谢谢R
谢谢，退订 退订服务 退订业务 请退订此短信 退订该短信 退订此类短信 我要退订所有短信 短信退订 R退订短信 R拒收短信 TD短信
「R，R」 RR TDTD TD,TD 不要再发了 请不要再给我发短信 别再发了 【京东】拒收请回复R 拒收请回复R【京东】 【TD】 Ⓡ 🅡 🆁 🅃🄳
ℝ 回复:R 回复：TD 退订：回复R 我要R 我想TD 请取消订阅 td谢谢 退订~ 退订！谢谢！ R👍 R退订了 回R退订 回复T退订 R谢谢
退订营销短信 退订所有营销短信 退订广告 取消訂閱 立即退订 请马上退订 退订申请 停止发送 请停止推送 拒绝接收
不再接收此类短信 别发了 不要发了 别发短信了 不要再打扰 请勿再发送广告 T了 R\ufffd \ufffdTD R😀 T\u200bD
"""
SAYS = """
T恤 怎么退订 如何退订 不退订 不要退订 退订不了 退订不了😀 是否退订 好的R R2 1T RT TR TT TDD Tom Robert 回复 请回复
收到请回复 回复收到 取消 拒绝 回来了 发货了吗 退 订 我要T恤 请回电 退订费怎么退 R马上来 STOP前 回复R? T? R? R？ 退订?
退订？！ ？R 退订❓ ⁉R 🚫退订 ❌退订 R❌ 回✖️R ✗R ×退订 🙅退订 ≠R :T ：T :R T:T T℃ R² T™ 我要T 我想T 给T 请T 要R吗 不R
不是T 不需要退订 我不要退订 别退订 没退订 退订了吗 取消退订 退订单 退订金 我要退订金 T业务 再发一次 别发货了
不要再来了 【京东】怎么退订 【京东】R? 【R】2 R&D 好的T 谢谢R2 stopped 回复R会怎样 谢谢 谢谢T 1 0 N OK
R服务 R业务 别发呆 停止 营销 广告 马上
"""
LONG = ["回复R" * 9, "退订" * 5000, "请" * 24, "T" * 25, "T\u0301" * 5000, "【" * 5000, "：" * 5000]


@pytest.mark.parametrize("content", [*STOPS.split(), " 回复 R ", "r 退订", "TD" + "\0" * 1000, "TD" + "\u0301" * 9])
def test_what_people_write_to_opt_out_is_heard(content: str) -> None:
    assert optouts.asks_to_stop(content)


@pytest.mark.parametrize("content", [*SAYS.split(), *LONG, "", "   ", "\ufffd", "😀"])
def test_an_ordinary_sentence_is_no_opt_out(content: str) -> None:
    assert not optouts.asks_to_stop(content)
