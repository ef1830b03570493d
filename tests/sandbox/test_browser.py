"""The page in a real Chromium; skipped, saying so, where there is none."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from django_jsms.sandbox import SandboxServer
from tests.sandbox.conftest import MOBILE, Caller

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
ARGUMENTS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
ARGUMENTS += "--disable-component-update --disable-sync"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS.split())
        yield browser
        browser.close()
    # Playwright leaves its loop as this thread's own: Django would then refuse the database.
    asyncio.set_event_loop(None)


@pytest.fixture
def page(browser: Any, sandbox: SandboxServer) -> Iterator[Any]:
    context = browser.new_context(locale="zh-CN", viewport={"width": 360, "height": 740})
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=sandbox.url)
    page, complaints = context.new_page(), []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: message.type == "error" and complaints.append(message.text))
    page.goto(sandbox.url)
    yield page
    context.close()
    assert complaints == []


def test_a_code_arrives_and_is_copied(page: Any, call: Caller, sandbox: SandboxServer) -> None:
    page.get_by_text("还没有短信").wait_for()
    call.code()
    code = sandbox.last_code(MOBILE)
    phone = page.get_by_role("article", name="138 0013 8000")
    phone.get_by_role("button", name=f"复制验证码 {code}").click()
    phone.get_by_text("已复制").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == code
    assert page.locator("#empty").is_hidden()


def test_newest_first_calls_and_no_markup(page: Any, call: Caller) -> None:
    call.code()
    nasty = {"mobile": MOBILE, "temp_id": 30, "temp_para": {"text": "<img src=x onerror=alert(1)>"}}
    call("POST", "/v1/messages", nasty)
    call("POST", "/v1/voice_codes", {"mobile": MOBILE, "code": "0042"})
    items = page.get_by_role("article").get_by_role("listitem")
    page.get_by_text("语音来电").first.wait_for()
    assert items.count() == 3
    assert "您的验证码是 0 0 4 2" in items.nth(0).inner_text()
    assert "<img src=x onerror=alert(1)>" in items.nth(1).inner_text()
    assert page.locator("article img").count() == 0


def test_filter_reset_width_and_language(page: Any, call: Caller, sandbox: SandboxServer) -> None:
    call.code()
    call.code("13900000000")
    page.get_by_role("article").nth(1).wait_for()
    page.get_by_role("searchbox").fill("139")
    assert page.get_by_role("article").count() == 1
    page.goto(f"{sandbox.url}/_sandbox/#{MOBILE}")
    page.reload()
    page.get_by_role("article", name="138 0013 8000").wait_for()
    assert page.get_by_role("article").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    sandbox.reset()
    page.get_by_text("还没有短信").wait_for()
    page.get_by_role("link", name="English").click()
    page.get_by_role("heading", name="No messages yet").wait_for()
