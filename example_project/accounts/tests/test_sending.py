"""Asking for a code: limits, second codes, and sends that fail or may have."""

import re

from accounts.models import Phone
from django_jsms.models import VerificationCode

from .base import AGAIN, CODE, HOME, LOGIN, MOBILE, LoginTestCase


class NumberTests(LoginTestCase):
    def test_what_is_no_number_is_said_at_the_field(self):
        for typed in ("", "1380013800", "10086", "１３８００１３８０００", "+1 415 555 2671", "x" * 5000):
            with self.subTest(typed[:20]):
                page = self.ask(typed)
                self.assertEqual(page.request["PATH_INFO"], LOGIN)
                self.assertContains(page, "errorlist")
        self.assertEqual(self.jsms_sandbox.ledger, [])

    def test_known_and_unknown_numbers_get_the_same_answers(self):
        known, unknown = MOBILE, "13800138001"
        Phone.objects.user_of(known)
        answers = []
        for mobile in (known, unknown):
            self.client = self.visitor()
            pages = [self.ask(mobile), self.enter("000000"), self.client.get(LOGIN), self.ask(mobile)]
            self.assertTrue(all(page.status_code == 200 for page in pages))
            texts = [re.sub(r'value="\w{64}"', "", page.content.decode()) for page in pages]
            answers.append([text.replace(mobile, "").replace(f"****{mobile[-4:]}", "") for text in texts])
        self.assertEqual(answers[0], answers[1])


class LimitTests(LoginTestCase):
    def test_another_visitor_is_told_to_wait(self):
        self.ask()
        self.client = self.visitor()
        page = self.ask()
        self.assertContains(page, "Please try again in 60 s.")
        self.assertContains(page, 'data-seconds="60"')
        self.assertRedirects(self.client.get(CODE), LOGIN)

    def test_who_asked_twice_still_holds_a_good_code(self):
        self.ask()
        page = self.ask()
        self.assertRedirects(page, CODE)
        self.assertContains(page, "Please try again in 60 s.")
        self.assertRedirects(self.enter(), HOME)

    def test_the_page_counts_down_to_another_code(self):
        self.assertContains(self.ask(), 'data-seconds="60"')

    def test_too_early_is_refused_without_javascript_too(self):
        self.ask()
        page = self.client.post(AGAIN, follow=True)
        self.assertRedirects(page, CODE)
        self.assertContains(page, "Please try again in 60 s.")
        self.assertEqual(len(self.jsms_sandbox.outbox), 1)

    def test_after_a_minute_another_code_takes_over(self):
        self.ask()
        first = self.jsms_sandbox.last_code()
        self.jsms_sandbox.clock.advance(61)
        self.assertContains(self.client.post(AGAIN, follow=True), "A new code is on its way.")
        self.assertContains(self.enter(first), "errorlist")
        self.assertRedirects(self.enter(), HOME)


class FailureTests(LoginTestCase):
    LATER = "This does not work at the moment. Please try again later."

    def test_a_code_that_may_arrive_cannot_be_typed_in(self):
        self.jsms_sandbox.fault("close", when="after")
        page = self.ask()
        self.assertEqual(page.request["PATH_INFO"], LOGIN)
        self.assertContains(page, "may still arrive, but it cannot be used. Please ask for a new one in 60 s.")
        self.assertContains(page, 'data-seconds="60"')
        self.assertEqual(VerificationCode.objects.get().status, "unknown")
        self.assertRedirects(self.client.get(CODE), LOGIN)

    def test_where_a_second_code_may_arrive_the_first_stays_good(self):
        self.ask()
        first = self.jsms_sandbox.last_code()
        self.jsms_sandbox.clock.advance(61)
        self.jsms_sandbox.fault("close", when="after")
        page = self.client.post(AGAIN, follow=True)
        self.assertContains(page, "may still arrive")
        self.assertContains(page, 'data-seconds="60"')
        self.assertRedirects(self.enter(first), HOME)

    def test_our_own_affairs_are_for_the_log(self):
        self.jsms_sandbox.fault("status", status=403, code=50014)
        with self.assertLogs("accounts", "ERROR") as logged:
            page = self.ask()
        self.assertEqual(page.request["PATH_INFO"], LOGIN)
        self.assertContains(page, self.LATER)
        self.assertIn("50014", logged.output[0])

    def test_while_debugging_the_page_says_it(self):
        self.jsms_sandbox.fault("status", status=403, code=50014)
        with self.settings(DEBUG=True), self.assertLogs("accounts", "ERROR"):
            self.assertContains(self.ask(), "50014")

    def test_jsms_out_of_reach_is_said(self):
        with self.settings(JSMS={"SANDBOX": "http://127.0.0.1:9"}), self.assertLogs("accounts", "ERROR"):
            self.assertContains(self.ask(), self.LATER)
        self.assertEqual(VerificationCode.objects.get().status, "failed")
