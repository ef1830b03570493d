"""What the pages say, in both languages, and what they are made of."""

import re

from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from accounts.models import Phone

from .base import CODE, HOME, LOGIN, MOBILE, LoginTestCase


class LanguageTests(LoginTestCase):
    def test_chinese_is_the_default(self):
        self.client = Client()
        self.assertContains(self.client.get(HOME), "用手机号登录")
        self.assertContains(self.client.get(LOGIN), "未注册的手机号首次登录时自动创建账号")
        page = self.ask()
        self.assertContains(page, "验证码已发送至 138****8000")
        self.assertContains(page, '<html lang="zh-hans">')
        self.assertContains(self.enter(self.wrong()), "还可以尝试 4 次")
        self.assertContains(self.ask(), "操作过于频繁")
        self.assertContains(self.enter(), "你好，138****8000")

    def test_a_browser_that_asks_for_english_gets_it(self):
        self.assertContains(self.client.get(HOME), "Log in with your phone")
        self.assertContains(self.client.get(LOGIN), "your account is made when you first log in")
        self.assertContains(self.ask(), "We sent it to 138****8000.")

    def test_the_button_changes_the_language_in_the_middle(self):
        page = self.ask()
        self.assertContains(page, '<button class="quiet" name="language" value="zh-hans" lang="zh-hans">简体中文')
        page = self.client.post(reverse("set_language"), {"language": "zh-hans", "next": CODE}, follow=True)
        self.assertContains(page, "输入验证码")


class PageTests(LoginTestCase):
    def pages(self):
        yield self.client.get(HOME)
        yield self.client.get(LOGIN)
        yield self.ask("1")
        yield self.ask()
        yield self.enter(self.wrong())
        yield self.enter()

    def test_a_strict_content_security_policy_would_hold(self):
        for page in self.pages():
            self.assertNotRegex(
                page.content.decode(), r"<style|<script>|\sstyle=|\son[a-z]+=|https?://(?!127\.0\.0\.1)"
            )

    def test_every_field_has_a_label(self):
        for page in self.pages():
            text = page.content.decode()
            for field in re.findall(r'<input type="(?:text|tel)"[^>]* id="(\w+)"', text):
                self.assertIn(f'<label for="{field}">', text)

    def test_pages_with_numbers_are_not_kept(self):
        for page in self.pages():
            self.assertIn("no-store", page["Cache-Control"])

    def test_phones_help_to_type(self):
        self.assertContains(self.client.get(LOGIN), 'autocomplete="tel"')
        page = self.ask()
        self.assertContains(page, 'autocomplete="one-time-code"')
        self.assertContains(page, 'inputmode="numeric"')

    def test_the_virtual_phones_are_linked_where_there_are_some(self):
        self.assertContains(self.client.get(HOME), f"{self.jsms_sandbox.url}/_sandbox/")
        for jsms in ({"APP_KEY": "key", "MASTER_SECRET": "secret"}, {}):
            with self.settings(JSMS=jsms):
                self.assertNotContains(self.client.get(HOME), "_sandbox")


class AdminTests(LoginTestCase):
    def test_phones_are_masked_and_not_typed_in(self):
        self.client.force_login(get_user_model().objects.create_superuser("boss", password="x"))
        user = Phone.objects.user_of(MOBILE)
        for url in (
            reverse("admin:accounts_phone_changelist"),
            reverse("admin:accounts_phone_change", args=[user.phone.pk]),
            reverse("admin:django_jsms_verificationcode_changelist"),
        ):
            page = self.client.get(url)
            self.assertEqual(page.status_code, 200)
            self.assertNotContains(page, MOBILE)
        self.assertEqual(self.client.get(reverse("admin:accounts_phone_add")).status_code, 403)
