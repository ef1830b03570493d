"""A visitor who types numbers and codes."""

from __future__ import annotations

from typing import Any

from django.test import Client, TestCase
from django.urls import reverse

from django_jsms.test import SandboxMixin

MOBILE = "13800138000"
LOGIN, CODE, AGAIN, HOME = (reverse(f"accounts:{name}") for name in ("login", "code", "again", "home"))


class LoginTestCase(SandboxMixin, TestCase):
    """Texts are asserted in English; test_pages.py looks at the Chinese ones."""

    def setUp(self) -> None:
        super().setUp()
        self.client = self.visitor()

    def visitor(self, **options: Any) -> Client:
        return Client(headers={"accept-language": "en"}, **options)

    def ask(self, mobile: str = MOBILE, **more: str) -> Any:
        """Step one, as far as it leads."""
        return self.client.post(LOGIN, {"mobile": mobile, **more}, follow=True)

    def enter(self, code: str | None = None) -> Any:
        """Step two; the code that arrived, unless another is given."""
        return self.client.post(CODE, {"code": code or self.jsms_sandbox.last_code()}, follow=True)

    def wrong(self) -> str:
        """A code of the right length that is not the one that arrived."""
        code = self.jsms_sandbox.last_code()
        return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}d}"
