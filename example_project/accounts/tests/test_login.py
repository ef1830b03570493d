"""From a number to a session, and everything that must not lead there."""

from django.contrib import auth
from django.contrib.auth import get_user_model

from accounts.models import Phone
from accounts.waiting import KEY
from django_jsms.models import VerificationCode

from .base import AGAIN, CODE, HOME, LOGIN, MOBILE, LoginTestCase


class LoginTests(LoginTestCase):
    def test_a_number_and_its_code_log_in(self):
        page = self.ask("+86 138-0013-8000")
        self.assertRedirects(page, CODE)
        self.assertContains(page, "138****8000")
        page = self.enter()
        self.assertRedirects(page, HOME)
        self.assertContains(page, "Hello, 138****8000")
        user = auth.get_user(self.client)
        self.assertEqual(user.phone.mobile, MOBILE)
        self.assertFalse(user.has_usable_password() or user.is_staff)

    def test_the_same_number_is_the_same_user(self):
        users = []
        for _ in range(2):
            self.client = self.visitor()
            self.ask()
            self.enter()
            users.append(auth.get_user(self.client))
            self.jsms_sandbox.clock.advance(61)
        self.assertEqual(users[0], users[1])
        self.assertEqual(Phone.objects.count(), 1)

    def test_an_account_is_made_by_a_right_code_only(self):
        self.ask()
        self.enter(self.wrong())
        self.assertFalse(get_user_model().objects.exists())

    def test_the_session_begins_anew(self):
        self.ask()
        before = self.client.session.session_key
        self.enter()
        self.assertNotEqual(self.client.session.session_key, before)
        self.assertNotIn(KEY, self.client.session)

    def test_the_proof_is_spent(self):
        self.ask()
        self.enter()
        self.assertIsNotNone(VerificationCode.objects.get().proof_used_at)

    def test_a_closed_account_stays_out(self):
        user = Phone.objects.user_of(MOBILE)
        user.is_active = False
        user.save()
        self.ask()
        self.assertContains(self.enter(), "This account is closed.")
        self.assertFalse(auth.get_user(self.client).is_authenticated)

    def test_who_is_in_is_not_asked_again(self):
        self.ask()
        self.enter()
        self.assertRedirects(self.client.get(LOGIN), HOME)
        self.assertRedirects(self.client.get(LOGIN, {"next": CODE}), CODE, fetch_redirect_response=False)

    def test_logging_out_is_a_post(self):
        self.ask()
        self.enter()
        self.assertEqual(self.client.get("/logout/").status_code, 405)
        self.assertRedirects(self.client.post("/logout/"), HOME)
        self.assertFalse(auth.get_user(self.client).is_authenticated)


class CodeTests(LoginTestCase):
    def test_a_wrong_code_says_how_many_tries_are_left(self):
        self.ask()
        page = self.enter(self.wrong())
        self.assertContains(page, "The code is not right.")
        self.assertContains(page, "4 tries left.")
        self.assertRedirects(self.enter(), HOME)

    def test_the_fifth_wrong_code_was_the_last(self):
        self.ask()
        for _ in range(4):
            self.enter(self.wrong())
        self.assertContains(self.enter(self.wrong()), "Please ask for a new one.")
        self.assertContains(self.enter(), "Too many wrong codes.")
        self.assertFalse(auth.get_user(self.client).is_authenticated)

    def test_what_is_no_code_costs_no_try(self):
        self.ask()
        self.assertContains(self.enter("abc"), "4 to 8 digits")
        self.assertEqual(VerificationCode.objects.get().checks, 0)

    def test_a_wrong_code_does_not_come_back(self):
        self.ask()
        self.assertNotContains(self.enter(self.wrong()), self.wrong())

    def test_a_code_has_its_time(self):
        self.ask()
        self.jsms_sandbox.clock.advance(301)
        self.assertContains(self.enter(), "has expired")

    def test_a_code_is_for_the_browser_that_asked(self):
        self.ask()
        self.client = self.visitor()
        self.assertRedirects(self.enter(), LOGIN)
        self.assertRedirects(self.client.get(CODE), LOGIN)
        self.assertRedirects(self.client.post(AGAIN), LOGIN)

    def test_jsms_out_of_reach_is_said_and_may_be_tried_again(self):
        self.ask()
        self.jsms_sandbox.fault("status", status=500)
        self.assertContains(self.enter(), "cannot be checked at the moment")
        self.assertRedirects(self.enter(), HOME)


class NextTests(LoginTestCase):
    def reached(self, target: str) -> str:
        self.client.get(LOGIN, {"next": target})
        self.ask(next=target)
        return self.client.post(CODE, {"code": self.jsms_sandbox.last_code()})["Location"]

    def test_a_page_of_this_site_is_reached(self):
        self.assertContains(self.client.get(LOGIN, {"next": "/?from=there"}), 'value="/?from=there"')
        self.assertEqual(self.reached("/?from=there"), "/?from=there")

    def test_another_site_is_not(self):
        for target in (
            "https://evil.example/",
            "//evil.example",
            r"/\evil.example",
            "javascript:alert(1)",
            "http:///x",
        ):
            with self.subTest(target):
                self.client = self.visitor()
                self.assertEqual(self.reached(target), HOME)
                self.assertEqual(self.client.get(LOGIN, {"next": target})["Location"], HOME)
                self.jsms_sandbox.clock.advance(61)


class CSRFTests(LoginTestCase):
    def test_every_form_wants_its_token(self):
        self.client = self.visitor(enforce_csrf_checks=True)
        for url in (LOGIN, CODE, AGAIN, "/logout/", "/i18n/setlang/"):
            with self.subTest(url):
                self.assertEqual(self.client.post(url, {"mobile": MOBILE, "code": "123456"}).status_code, 403)
        self.assertEqual(self.jsms_sandbox.ledger, [])
