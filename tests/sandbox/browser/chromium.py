"""The Chromium of this machine, driven by Playwright."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from tests.waiting import PATIENCE

EXECUTABLE: Final = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
_ARGUMENTS: Final = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


def missing() -> str | None:
    """Why no page can be opened here."""
    for module in ("playwright", "axe_playwright_python"):
        if importlib.util.find_spec(module) is None:
            return f"{module} is not installed: pip install django-jsms[browser]"
    return None if EXECUTABLE else "no Chromium on this machine"


def opened(browser: Any, **options: Any) -> Any:
    """A context whose pages are as patient as the rest of the suite."""
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE * 1000)
    return context


@contextmanager
def chromium() -> Iterator[Any]:
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=_ARGUMENTS.split())
        yield browser
        browser.close()
    # Playwright leaves its loop as this thread's own: Django would then refuse the database.
    asyncio.set_event_loop(None)
