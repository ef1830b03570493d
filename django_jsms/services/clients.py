"""The client of an app: made once per process from the settings as they are now."""

from __future__ import annotations

import functools

from django.core import mail

from .. import conf
from ..client import JSMSClient, Timeout
from ..conf import NotConfigured
from ..exceptions import InvalidInput


def get_client(app: str = "default") -> JSMSClient:
    """The client of ``app``; shared by all threads, remade when the settings change.

    Raises NotConfigured where the settings do not say how to reach JSMS, and in a test that has no
    sandbox: no SMS leaves a test.
    """
    config = conf.app(app)
    if _in_a_test() and not config.sandbox:
        raise NotConfigured(
            "No SMS leaves a test: use the jsms_sandbox fixture or django_jsms.test.SandboxMixin.",
            zh="测试中不会发出短信：请使用 jsms_sandbox fixture 或 django_jsms.test.SandboxMixin。",
        )
    return _client(config)


def _in_a_test() -> bool:
    """Django's test runner and pytest-django both put an outbox there for the time of a test."""
    return hasattr(mail, "outbox")


@functools.lru_cache(maxsize=32)
def _client(config: conf.App) -> JSMSClient:
    try:
        return JSMSClient(
            config.app_key,
            config.master_secret,
            base_url=config.base_url,
            dev_key=config.dev_key or None,
            dev_secret=config.dev_secret or None,
            timeout=Timeout(*config.timeout),
        )
    except InvalidInput as error:  # a secret with a line break, an address that is none: no caller's fault
        raise NotConfigured(
            f"JSMS app {config.alias!r} cannot be used: {error}", zh=f"JSMS 应用 {config.alias!r} 无法使用：{error.zh}"
        ) from None
