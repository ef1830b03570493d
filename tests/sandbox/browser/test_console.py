"""The console's page: what it decides is what JSMS then does."""

from __future__ import annotations

from typing import Any

from django_jsms.sandbox import SandboxServer
from tests.sandbox.browser.conftest import Visit
from tests.sandbox.conftest import MOBILE, Caller
from tests.sandbox.receiver import Receiver


def part(page: Any, name: str) -> Any:
    return page.get_by_role("region", name=name, exact=True)


def test_a_template_is_refused_with_a_reason_and_approved(visit: Visit, call: Caller) -> None:
    from playwright.sync_api import expect

    page = visit("console", width=1280)
    made = call("POST", "/v1/templates", {"template": "您的<b>{{code}}", "type": 1, "ttl": 60})
    number = made.json["temp_id"]
    templates = part(page, "模板审核")
    row = templates.get_by_role("listitem").filter(has_text=f"#{number} ")
    row.get_by_text("审核中").wait_for()
    expect(templates.get_by_role("listitem").first).to_contain_text("您的<b>{{code}}")
    row.locator("summary").click()
    row.get_by_role("textbox", name=f"拒绝理由 {number}").fill("缺少用途")
    row.get_by_role("button", name=f"拒绝 {number}: 确认").click()
    row.get_by_text("拒绝理由: 缺少用途").wait_for()
    assert call("GET", f"/v1/templates/{number}").json["status"] == 2
    row.get_by_role("button", name=f"通过 {number}").click()
    row.get_by_text("已通过").wait_for()
    assert call("GET", f"/v1/templates/{number}").json["status"] == 1
    assert call("POST", "/v1/codes", {"mobile": MOBILE, "temp_id": number}).status == 200
    expect(page.locator("#news")).to_contain_text("已保存")


def test_a_signature_is_approved_and_becomes_the_default(visit: Visit, call: Caller, sandbox: SandboxServer) -> None:
    draft = {"sign": "商城", "sign_id": 7, "status": "auditing"}
    call("POST", "/_sandbox/signatures", draft, auth=None)
    row = part(visit("console", language="en"), "Signatures").get_by_role("listitem").filter(has_text="【商城】")
    row.get_by_role("button", name="Approve 7").click()
    row.get_by_role("button", name="Make default 7").click()
    row.get_by_text("#7 · default").wait_for()
    assert call("POST", "/v1/messages", {"mobile": MOBILE, "temp_id": 12}).status == 200
    assert sandbox.outbox[-1].text.startswith("【商城】")


def test_balances_and_never_allotted(visit: Visit, call: Caller, sandbox: SandboxServer) -> None:
    from playwright.sync_api import expect

    app = sandbox.state.app()
    form = part(visit("console"), "额度").locator("form").first
    form.get_by_role("spinbutton", name="行业").fill("0")
    form.get_by_role("spinbutton", name="通用").fill("")
    # What is being typed is not overwritten by what happens meanwhile, nor does saving undo that.
    call("POST", "/v1/voice_codes", {"mobile": MOBILE})
    for _ in range(2):  # it asked after the call, and asks again, so that it has shown what it was told
        with form.page.expect_request("**/_sandbox/apps"):
            pass
    form.get_by_role("button", name="保存 应用 sandbox").click()
    form.page.locator("#news").get_by_text("已保存").wait_for(state="attached")
    assert app.pools == {"balance": None, "voice": 999_999, "industry": 0, "market": 10_000_000}
    expect(form.get_by_role("spinbutton", name="通用")).to_have_attribute("placeholder", "未分配")
    form.locator("input[name=voice][value='999999']").wait_for()
    assert call("POST", "/v1/messages", {"mobile": MOBILE, "temp_id": 12}).code == 50014


def test_opt_outs_and_the_ip_list(visit: Visit, call: Caller, sandbox: SandboxServer) -> None:
    app, page = sandbox.state.app(), visit("console", language="en", width=1280)
    optouts = part(page, "Opt-outs")
    optouts.get_by_role("textbox", name="Mobile number").fill("12")
    optouts.get_by_role("button", name="Add").click()
    optouts.get_by_text("Refused: must be eleven digits").wait_for()
    optouts.get_by_role("textbox", name="Mobile number").fill(MOBILE)
    page.keyboard.press("Enter")
    optouts.get_by_role("button", name=f"Remove {MOBILE}").wait_for()
    assert app.opted_out == {MOBILE}
    optouts.get_by_role("button", name=f"Remove {MOBILE}").click()
    optouts.get_by_text("None").wait_for()
    assert app.opted_out == set()
    addresses = part(page, "IP list")
    addresses.get_by_role("textbox").fill("10.0.0.1, 10.0.0.2")
    addresses.get_by_role("button", name="Save").click()
    page.locator('#ips input[value="10.0.0.1 10.0.0.2"]').wait_for()
    assert app.allowed_ips == {"10.0.0.1", "10.0.0.2"}
    assert call("POST", "/v1/messages", {"mobile": MOBILE, "temp_id": 12}).code == 50035


def test_a_callback_address_and_its_test_button(visit: Visit, sandbox: SandboxServer, receiver: Receiver) -> None:
    from playwright.sync_api import expect

    callbacks = part(visit("console", width=1280), "回调地址")
    address = callbacks.get_by_role("textbox", name="回调地址 SMS_REPLY")
    test = callbacks.get_by_role("button", name="测试 SMS_REPLY")
    expect(test).to_be_disabled()
    address.fill("ftp://nowhere")
    callbacks.get_by_role("button", name="保存 SMS_REPLY").click()
    callbacks.get_by_role("alert").get_by_text("没有成功：").wait_for()
    address.fill(receiver.url)
    callbacks.get_by_role("button", name="保存 SMS_REPLY").click()
    test.and_(callbacks.locator(":enabled")).click()
    callbacks.get_by_role("listitem").get_by_text("已送达").wait_for()
    assert sandbox.state.app().callback_urls == {"SMS_REPLY": receiver.url}
    assert [each.kind for each in sandbox.callbacks] == ["SMS_REPLY"]


def test_each_application_has_its_own(visit: Visit, call: Caller, sandbox: SandboxServer) -> None:
    sandbox.state.add_app("shop", "topsecret", templates={500: "商店{{no}}"})
    page = visit("console", language="en")
    page.get_by_role("combobox", name="Application").select_option("shop")
    part(page, "Templates").get_by_text("商店{{no}}").wait_for()
    part(page, "The application").get_by_role("checkbox", name="Enabled").uncheck()
    page.locator("#news").get_by_text("Saved").wait_for(state="attached")
    assert [each.enabled for each in sandbox.state.apps.values()] == [True, False]
    assert call("GET", "/v1/accounts/app", auth="shop:topsecret").code == 50008
    assert "topsecret" not in page.content()
