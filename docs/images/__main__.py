"""``python -m docs.images`` takes the pictures of this folder anew: the sandbox's pages."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django_jsms.client import JSMSClient
from django_jsms.sandbox import SandboxServer
from tests.sandbox.browser.chromium import chromium

HERE: Final = Path(__file__).parent
#: The English docs show all pages, the two READMEs the phones.
PICTURES: Final = (("phones", "zh"), ("phones", "en"), ("console", "en"), ("log", "en"))
LANGUAGES: Final = {"zh": "zh-CN", "en": "en"}
#: Page → its path, what to wait for, the height.
PAGES: Final = {
    "phones": ("", "article >> nth=2", 720),
    "console": ("console", ".draft >> nth=3", 960),
    "log": ("log", "#rows tr >> nth=4", 660),
}
#: Glow and shadows double the size of a picture, and nobody misses them.
PLAIN: Final = "body { background: var(--ground) } * { box-shadow: none !important }"
TEMPLATES: Final[dict[int, Any]] = {
    11: {"text": "春季新品上架，全场八折", "type": "marketing"},
    1250: "订单{{no}}已发货，预计{{day}}送达。",
    1251: {"text": "您的包裹{{no}}已到驿站", "type": "notice", "status": 0},
}


def play(server: SandboxServer) -> None:
    """The same story each time: texts, a call, an answer that opts out, a send that is refused for it."""
    server.clock.stop()
    server.clock.set(datetime(2026, 5, 1, 9, 30))  # in Beijing
    server.state.new_digits = lambda: "537814"  # type: ignore[method-assign]
    client = JSMSClient("sandbox", "sandbox", base_url=f"{server.url}/v1")
    client.send_code("13800138000", 1)
    client.send_voice_code("13900139000", code="051712")
    client.send_message("13700137000", 11)
    server.clock.advance(20)
    server.reply("13700137000", "TD")
    client.send_message("13800138000", 1250, {"no": "A1024", "day": "周五"})
    server.clock.advance(2)
    client.get_app_balance()


def take(browser: Any, server: SandboxServer, page_name: str, language: str) -> Path:
    path, wanted, height = PAGES[page_name]
    context = browser.new_context(
        locale=LANGUAGES[language],
        viewport={"width": 1100, "height": height},
        reduced_motion="reduce",
        bypass_csp=True,
    )
    page = context.new_page()
    page.goto(f"{server.url}/_sandbox/{path}")
    page.add_style_tag(content=PLAIN)
    page.locator(wanted).wait_for()
    if page_name == "log":
        page.locator("summary").nth(1).click()
    picture = HERE / f"{page_name}-{language}.png"
    page.screenshot(path=picture)
    context.close()
    return picture


def main() -> None:
    with SandboxServer(templates=TEMPLATES) as server, chromium() as browser:
        play(server)
        for page_name, language in PICTURES:
            picture = take(browser, server, page_name, language)
            print(f"{picture.name}  {picture.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main()
