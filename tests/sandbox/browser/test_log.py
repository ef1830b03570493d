"""The request log, as a person reads it."""

from __future__ import annotations

import base64
import json

from tests.sandbox.browser.conftest import Visit
from tests.sandbox.conftest import MOBILE, Caller

LOGIN = base64.b64encode(b"sandbox:sandbox").decode()


def test_requests_appear_and_authorization_does_not(visit: Visit, call: Caller) -> None:
    from playwright.sync_api import expect

    page = visit("log", language="en", width=1280)
    page.get_by_text("No requests yet").wait_for()
    call.code()
    nasty = {"mobile": "1", "temp_id": 30, "temp_para": {"text": "<img src=x>中"}}
    call("POST", "/v1/messages?a=<b>", nasty)
    row = page.get_by_role("row").nth(1)
    row.get_by_text("/v1/messages?a=<b>").click()
    row.get_by_role("group", name="Headers").get_by_text("Authorization: •").wait_for()
    cells = row.get_by_role("cell")
    for number, text in {1: "POST", 3: "403", 4: "50006", 5: "sandbox"}.items():
        expect(cells.nth(number)).to_have_text(text)
    expect(row.get_by_role("group", name="Body", exact=True)).to_contain_text("<img src=x>")
    assert LOGIN not in page.content() and page.locator("main img").count() == 0


def test_a_long_body_says_how_long_it_was(visit: Visit, call: Caller) -> None:
    page = visit("log", language="en")
    recipients = [{"mobile": f"139{number:08d}"} for number in range(200)]
    body = {"temp_id": 12, "recipients": recipients}
    call("POST", "/v1/messages/batch", body)
    page.get_by_text("/v1/messages/batch").click()
    page.get_by_text(f"Body, 4000 / {len(json.dumps(body))} bytes").wait_for()


def test_filters_and_a_reset(visit: Visit, call: Caller) -> None:
    from playwright.sync_api import expect

    page = visit("log")
    call.code()
    call("POST", "/v1/messages", {"mobile": "1", "temp_id": 12})
    rows = page.locator("#rows tr:not([hidden])")
    rows.nth(1).wait_for()
    page.get_by_role("checkbox", name="只看出错的").check()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("50006")
    page.get_by_role("searchbox").fill(MOBILE)
    page.get_by_text("没有符合条件的请求").wait_for()
    page.get_by_role("checkbox").uncheck()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("/v1/codes")
    call("POST", "/_sandbox/reset", auth=None)
    page.get_by_text("还没有请求").wait_for()


def test_it_stays_small(visit: Visit, call: Caller) -> None:
    from playwright.sync_api import expect

    page = visit("log")
    for number in range(230):
        call("GET", f"/v1/templates/{number}")
    page.get_by_text("/v1/templates/229").wait_for()
    expect(page.locator("#rows tr")).to_have_count(200)
