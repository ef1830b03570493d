"""The end of a login over the REST endpoints: a proof, spent once, by this site's own view."""

import json

from django.contrib import auth
from django.urls import reverse

from accounts.models import Phone

from .base import HOME, MOBILE, LoginTestCase

PROOF = reverse("accounts:proof")


class ProofTests(LoginTestCase):
    def post(self, address, body, client=None):
        return (client or self.client).post(address, json.dumps(body), content_type="application/json")

    def proved(self):
        asked = self.post(reverse("jsms_api:codes"), {"mobile": MOBILE, "purpose": "login"})
        code = {"token": asked.json()["token"], "purpose": "login", "code": self.jsms_sandbox.last_code()}
        return self.post(reverse("jsms_api:check"), code).json()["proof"]

    def test_a_proof_logs_in_once(self):
        proof = self.proved()
        entered = self.post(PROOF, {"proof": proof})
        self.assertEqual((entered.status_code, entered.json()), (200, {"next": HOME}))
        self.assertEqual(auth.get_user(self.client).phone.mobile, MOBILE)
        again = self.post(PROOF, {"proof": proof}, self.visitor())
        self.assertEqual((again.status_code, again.json()["code"]), (410, "invalid_proof"))

    def test_it_leads_only_to_pages_of_this_site(self):
        for target, expected in (("/admin/", "/admin/"), ("https://evil.example/", HOME), (None, HOME)):
            self.client = self.visitor()
            self.assertEqual(self.post(PROOF, {"proof": self.proved(), "next": target}).json()["next"], expected)
            self.jsms_sandbox.clock.advance(61)

    def test_a_proof_needs_the_sites_own_form(self):
        stranger = self.visitor(enforce_csrf_checks=True)
        self.assertEqual(self.post(PROOF, {"proof": self.proved()}, stranger).status_code, 403)

    def test_nonsense_logs_nobody_in(self):
        for body in ({}, [], None, {"proof": None}, {"proof": "x"}, {"proof": ["x"]}):
            self.assertIn(self.post(PROOF, body).status_code, (400, 410))
        self.assertEqual(self.client.post(PROOF, b"\xff", content_type="application/json").status_code, 400)
        self.assertFalse(auth.get_user(self.client).is_authenticated)

    def test_a_closed_account_stays_out(self):
        user = Phone.objects.user_of(MOBILE)
        user.is_active = False
        user.save()
        self.assertEqual(self.post(PROOF, {"proof": self.proved()}).status_code, 410)
