"""For everybody: axe finds nothing, every width fits, and the keyboard is enough."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.browser.conftest import Visit
from tests.sandbox.conftest import MOBILE, Caller
from tests.waiting import wait_for

PAGES = {"": "article", "console": ".draft", "log": "#rows tr"}


def fill(call: Caller) -> None:
    """Something of every kind on each page."""
    call.code()
    call("POST", "/v1/voice_codes", {"mobile": MOBILE})
    call("POST", "/v1/messages", {"mobile": "1", "temp_id": 12})
    for path, body in (
        ("reply", {"mobile": MOBILE, "content": "TD"}),
        ("templates/21/audit", {"status": "rejected", "reason": "缺少用途"}),
        ("balances", {"market": None}),
        ("callbacks", {"kind": "SMS_REPLY", "url": "http://127.0.0.1:9/", "handshake": False}),
        ("callbacks/test", {"kind": "SMS_REPLY"}),
    ):
        assert call("POST", f"/_sandbox/{path}", body, auth=None).status == 200, path


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing(visit: Visit, call: Caller, path: str, scheme: str, language: str, width: int) -> None:
    from axe_playwright_python.sync_playwright import Axe

    fill(call)
    page = visit(path, language=language, width=width, scheme=scheme)
    page.locator(PAGES[path]).first.wait_for()
    if path:
        page.locator("summary").first.click()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("path", ["", "log"])
def test_axe_finds_nothing_where_nothing_is(visit: Visit, path: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = visit(path)
    page.locator("#empty").wait_for()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_the_keyboard_is_enough(visit: Visit, call: Caller) -> None:
    page = visit("", width=1280, language="en")
    call("POST", "/v1/messages", {"mobile": MOBILE, "temp_id": 11})
    page.locator("article").wait_for()
    tab_to(page, "Reply from 138 0013 8000")
    page.keyboard.type("TD")
    page.keyboard.press("Enter")
    page.get_by_text("Opted out · sandbox").wait_for()
    page.goto(f"{page.url}console")
    page.locator(".draft").first.wait_for()
    tab_to(page, "Refuse 1")
    page.keyboard.press("Enter")
    tab_to(page, "Reason 1")
    page.keyboard.type("withdrawn")
    page.keyboard.press("Enter")
    page.get_by_text("Reason: withdrawn").wait_for()
    # The button is gone: its section has the focus, so that the walk goes on from there.
    wait_for(lambda: focused(page) == "Templates")
    tab_to(page, "Approve 1")
    page.keyboard.press("Space")
    page.get_by_text("Reason: withdrawn").wait_for(state="detached")
    assert call("POST", "/v1/codes", {"mobile": MOBILE, "temp_id": 1}).status == 200


def tab_to(page: Any, name: str) -> None:
    """By Tab alone; each stop shows where it is."""
    for _ in range(60):
        page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none", focused(page)
        if focused(page) == name:
            return
    raise AssertionError(f"Tab does not reach {name}")


def focused(page: Any) -> str:
    return str(page.evaluate("document.activeElement.ariaLabel || document.activeElement.textContent.trim()"))
