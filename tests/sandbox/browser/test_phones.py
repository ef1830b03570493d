"""The virtual phones, as a person uses them."""

from __future__ import annotations

from typing import Any

import pytest

from django_jsms.sandbox import SandboxServer
from tests.sandbox.browser.conftest import Visit
from tests.sandbox.conftest import MOBILE, Caller

PHONE = "138 0013 8000"
#: What is said on a button for 1.5 s stays, so that a busy machine sees it, too.
STAY = """() => {
    const later = setTimeout;
    window.setTimeout = (work, ms, ...more) => ms === 1500 || later(work, ms, ...more);
}"""


@pytest.fixture
def page(visit: Visit) -> Any:
    return visit(width=360)


def test_a_code_arrives_and_is_copied(page: Any, call: Caller, sandbox: SandboxServer) -> None:
    from playwright.sync_api import expect

    page.get_by_text("还没有短信").wait_for()
    call.code()
    code = sandbox.last_code(MOBILE)
    phone = page.get_by_role("article", name="138 0013 8000")
    page.evaluate(STAY)
    phone.get_by_role("button", name=f"复制验证码 {code}").click()
    phone.get_by_text("已复制").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == code
    expect(page.locator("#empty")).to_be_hidden()


def test_newest_first_calls_and_no_markup(page: Any, call: Caller) -> None:
    from playwright.sync_api import expect

    call.code()
    nasty = {"mobile": MOBILE, "temp_id": 30, "temp_para": {"text": "<img src=x onerror=alert(1)>"}}
    call("POST", "/v1/messages", nasty)
    call("POST", "/v1/voice_codes", {"mobile": MOBILE, "code": "0042"})
    items = page.get_by_role("article").get_by_role("listitem")
    page.get_by_text("语音来电").first.wait_for()
    expect(items).to_have_count(3)
    expect(items.nth(0)).to_contain_text("您的验证码是 0 0 4 2")
    expect(items.nth(1)).to_contain_text("<img src=x onerror=alert(1)>")
    assert page.locator("article img").count() == 0


def test_filter_reset_width_and_language(page: Any, call: Caller, sandbox: SandboxServer) -> None:
    from playwright.sync_api import expect

    call.code()
    call.code("13900000000")
    page.get_by_role("article").nth(1).wait_for()
    page.get_by_role("searchbox").fill("139")
    expect(page.get_by_role("article")).to_have_count(1)
    page.goto(f"{sandbox.url}/_sandbox/#{MOBILE}")
    page.reload()
    page.get_by_role("article", name="138 0013 8000").wait_for()
    expect(page.get_by_role("article")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    sandbox.reset()
    page.get_by_text("还没有短信").wait_for()
    page.get_by_role("link", name="English").click()
    page.get_by_role("heading", name="No messages yet").wait_for()


def test_a_reply_of_td_opts_out(page: Any, call: Caller, sandbox: SandboxServer) -> None:
    from playwright.sync_api import expect

    marketing = {"mobile": MOBILE, "temp_id": 11}
    assert call("POST", "/v1/messages", marketing).status == 200
    phone = page.get_by_role("article", name=PHONE)
    phone.get_by_role("textbox", name="回复短信，号码 138 0013 8000").fill("好的 <b>")
    page.keyboard.press("Enter")
    phone.get_by_text("好的 <b>").wait_for()
    phone.get_by_role("button", name="回复 TD").click()
    phone.get_by_text("已退订 · sandbox").wait_for()
    expect(phone.get_by_role("listitem")).to_have_count(3)
    expect(phone.get_by_role("textbox")).to_have_value("")
    assert [(each.content, each.opted_out) for each in sandbox.state.replies] == [("好的 <b>", False), ("TD", True)]
    assert call("POST", "/v1/messages", marketing).code == 50024


def test_reports_arrive_on_the_phone(page: Any, call: Caller, sandbox: SandboxServer) -> None:
    sandbox.clock.stop()
    call.code()
    phone = page.get_by_role("article", name=PHONE)
    phone.get_by_text("发送中").wait_for()
    call("POST", "/_sandbox/deliver", {"mobile": MOBILE, "status": 4003}, auth=None)
    phone.get_by_text("未送达 4003").wait_for()


def test_a_voice_call_rings_and_is_read_out(visit: Visit, call: Caller) -> None:
    from playwright.sync_api import expect

    page = visit(language="en", width=1280)
    # The words are what matters: this machine has no loudspeaker.
    page.evaluate("() => { speechSynthesis.speak = (words) => (window.spoken = [words.text, words.lang]) }")
    page.get_by_role("heading", name="No messages yet").wait_for()
    call("POST", "/v1/voice_codes", {"mobile": MOBILE, "code": "0042"})
    phone = page.get_by_role("article", name=PHONE)
    phone.get_by_text("Voice call").wait_for()
    expect(phone).to_contain_text("0042")
    expect(page.locator("#news")).to_contain_text("New voice call 13800138000")
    phone.get_by_role("button", name="Listen").click()
    page.wait_for_function("window.spoken")
    assert page.evaluate("window.spoken") == ["您的验证码是 0 0 4 2", "zh-CN"]


def test_the_page_stays_small(page: Any, call: Caller, sandbox: SandboxServer) -> None:
    from playwright.sync_api import expect

    sandbox.state.options.frequency = False
    recipients = [{"mobile": f"139{number:08d}"} for number in range(150)]
    call("POST", "/v1/messages/batch", {"temp_id": 12, "recipients": recipients})
    for _ in range(60):
        assert call("POST", "/v1/messages", {"mobile": MOBILE, "temp_id": 12}).status == 200
    phone = page.get_by_role("article", name=PHONE)
    phone.get_by_text("60 条").wait_for()
    expect(phone.get_by_role("listitem")).to_have_count(50)
    expect(page.locator("article")).to_have_count(100)
