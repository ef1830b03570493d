"""The login page in a real Chromium: number, picture, code and a second try on one page, over the REST endpoints."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.sandbox.browser.chromium import chromium, missing, opened
from tests.waiting import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if reason := missing():
        if os.environ.get("JSMS_REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    with chromium() as found:
        yield found


class Site:
    """The demo, running: where it is, and what its phones received."""

    def __init__(self, process: subprocess.Popen[str], database: Path) -> None:
        self.process, self.database, found = process, database, {}
        for line in process.stdout or ():
            address, _, what = line.strip().partition("  ")
            found[what.strip()] = address
            if "Ctrl-C" in line:
                break
        self.url = next(url for what, url in found.items() if "phone login" in what)
        self.phones = next(url for what, url in found.items() if "virtual phones" in what)

    def code(self, mobile: str) -> str:
        texts = requests.get(f"{self.phones}phones/{mobile}", timeout=PATIENCE).json()
        return next(each["code"] for each in reversed(texts["messages"]) if each["code"])

    def picture(self, key: str) -> str:
        asked = "SELECT response FROM captcha_captchastore WHERE hashkey=?"
        with sqlite3.connect(self.database) as connection:
            return str(connection.execute(asked, [key]).fetchone()[0])


@pytest.fixture(scope="module", params=["0", "1"], ids=["plain", "captcha"])
def site(request: Any, browser: Any, tmp_path_factory: Any) -> Iterator[Site]:
    database = tmp_path_factory.mktemp("site") / "example.sqlite3"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JSMS_", "LC_", "LANG"))}
    given = {
        "DJANGO_SETTINGS_MODULE": "example.settings",
        "PYTHONPATH": str(ROOT),
        "PYTHONIOENCODING": "utf-8",
        "PYTHONUNBUFFERED": "1",
        "LANG": "en_US.UTF-8",
        "EXAMPLE_DATABASE": str(database),
        "EXAMPLE_CAPTCHA": request.param,
    }
    manage = [sys.executable, str(ROOT / "example_project" / "manage.py")]
    process = subprocess.Popen(
        [*manage, "demo", "--port", "0", "--sandbox-port", "0"],
        env={**kept, **given},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield Site(process, database)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=10)
        except subprocess.TimeoutExpired:  # a page still holds a connection open
            process.kill()
            process.communicate()


def open_login(browser: Any, site: Site, *, language: str = "zh-CN", width: int = 390, scripts: bool = True) -> Any:
    size = {"width": width, "height": 800}
    page = opened(browser, locale=language, viewport=size, java_script_enabled=scripts).new_page()
    page.clock.install()
    page.goto(f"{site.url}login/")
    return page


def ask(page: Any, site: Site, mobile: str) -> None:
    """A number, and the picture where one is wanted."""
    page.get_by_role("textbox", name="手机号").fill(mobile)
    page.get_by_role("button", name="发送验证码").click()
    box = page.locator("[data-part=captcha]")
    if box.count():
        page.locator("[data-part=captcha][data-key]").wait_for()
        page.locator("[data-part=captcha-text]").fill(site.picture(box.get_attribute("data-key")))
        page.get_by_role("button", name="发送验证码").click()
    page.locator("[data-step=code]").wait_for()


def test_a_number_and_its_code_log_in_on_one_page(browser: Any, site: Site) -> None:
    from playwright.sync_api import expect

    page = open_login(browser, site)
    ask(page, site, "13800138001")
    expect(page.locator("[data-part=mobile]")).to_have_text("138****8001")
    expect(page.locator("#code")).to_be_focused()
    page.keyboard.type("000000" if site.code("13800138001") != "000000" else "111111")
    expect(page.locator("[data-part=problem]")).to_contain_text("验证码")
    page.locator("#code").fill("")
    page.keyboard.type(site.code("13800138001"))
    page.wait_for_url(site.url)
    expect(page.locator("body")).to_contain_text("138****8001")
    assert "13800138001" not in page.content()


def test_a_second_try_counts_down(browser: Any, site: Site) -> None:
    from playwright.sync_api import expect

    page = open_login(browser, site, width=1280)
    ask(page, site, "13800138002")
    call = page.locator("[data-channel=voice]")
    expect(call).to_be_disabled()
    expect(call).to_have_text(re.compile(r"\d+"))
    page.clock.fast_forward(61_000)
    expect(call).to_be_enabled()
    call.click()  # the site's own clock has not moved: it says how long to wait, and the button counts that
    page.locator("[data-part=problem]:not(:empty)").wait_for()
    if page.locator("[data-part=captcha]").count():
        page.locator("[data-part=captcha]").wait_for()
        expect(page.locator("#captcha-text")).to_be_focused()
    else:
        expect(call).to_be_disabled()
        expect(page.locator("[data-part=problem]")).to_contain_text("秒")


def test_what_is_wrong_is_said_in_place(browser: Any, site: Site) -> None:
    from playwright.sync_api import expect

    page = open_login(browser, site, language="en-US")
    page.get_by_role("textbox", name="Mobile number").fill("12345")
    page.get_by_role("button", name="Send the code").click()
    expect(page.locator("[data-part=problem]")).to_contain_text("11 digits")
    expect(page.get_by_role("button", name="Send the code")).to_be_enabled()


def test_it_works_without_scripts(browser: Any, site: Site) -> None:
    from playwright.sync_api import expect

    context = opened(browser, locale="zh-CN", java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.url}login/")
    page.get_by_role("textbox", name="手机号").fill("13800138003")
    page.get_by_role("button", name="发送验证码").click()
    picture, box = page.locator("img.picture"), page.get_by_role("textbox", name="验证码")
    picture.or_(box).first.wait_for()
    if picture.count():
        page.locator("input[name=captcha]").fill(site.picture(page.locator("input[name=picture]").input_value()))
        page.get_by_role("button", name="发送验证码").click()
    box.wait_for()  # before that the code may not have been sent
    box.fill(site.code("13800138003"))
    page.get_by_role("button", name="登录").click()
    page.wait_for_url(site.url)
    expect(page.locator("body")).to_contain_text("138****8003")
    context.close()


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
def test_axe_finds_nothing(browser: Any, site: Site, language: str, width: int) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = open_login(browser, site, language=language, width=width)
    page.evaluate("show('code'); sent({token: 't', mobile: '138****8000', resend_after: 60})")
    for step in ("number", "code"):
        page.evaluate(f"show('{step}')")
        if page.locator("[data-part=captcha]").count():
            page.evaluate("newPicture()")
            page.locator("[data-part=captcha]").wait_for()
        if os.environ.get("JSMS_SHOTS"):
            page.screenshot(
                path=f"{os.environ['JSMS_SHOTS']}/login-{step}-{language}-{width}-{site.database.parent.name}.png"
            )
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
