"""Pages of the sandbox in a real Chromium; skipped, saying so, where there is none."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from django_jsms.sandbox import SandboxServer
from tests.sandbox.browser.chromium import chromium, missing, opened

Visit = Callable[..., Any]


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    if reason := missing():
        if os.environ.get("JSMS_REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    with chromium() as browser:
        yield browser


@pytest.fixture
def visit(browser: Any, sandbox: SandboxServer) -> Iterator[Visit]:
    """Opens a page: ``visit("console", width=1280)``. At the end none may have complained."""
    contexts, complaints = [], []

    def open_page(path: str = "", *, language: str = "zh-CN", width: int = 390, scheme: Any = "light") -> Any:
        context = opened(
            browser,
            locale=language,
            viewport={"width": width, "height": 800},
            color_scheme=scheme,
            reduced_motion="reduce",
        )
        contexts.append(context)
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=sandbox.url)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: message.type == "error" and complaints.append(message.text))
        page.goto(f"{sandbox.url}/_sandbox/{path}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    # Chromium itself writes down each answer of 400, also one that the page then explains.
    assert [each for each in complaints if "status of 400" not in each] == []
