"""The recipe for django-simple-captcha: asked for where the site wants it, one answer a picture."""

import json
from unittest import skipUnless

from django.conf import settings
from django.urls import reverse

from .base import CODE, LOGIN, MOBILE, LoginTestCase

if settings.CAPTCHA:
    from captcha.models import CaptchaStore

    from accounts.captcha import passes


@skipUnless(settings.CAPTCHA, "EXAMPLE_CAPTCHA is off")
class CaptchaTests(LoginTestCase):
    def picture(self):
        return CaptchaStore.objects.get(hashkey=CaptchaStore.pick())

    def test_a_picture_is_good_for_one_answer(self):
        right, wrong = self.picture(), self.picture()
        self.assertTrue(passes(f"{right.hashkey}: {right.response.upper()} ", None, MOBILE, "login"))
        self.assertFalse(passes(f"{right.hashkey}:{right.response}", None, MOBILE, "login"))
        self.assertFalse(passes(f"{wrong.hashkey}:nonsense", None, MOBILE, "login"))
        self.assertFalse(passes(f"{wrong.hashkey}:{wrong.response}", None, MOBILE, "login"))
        for nothing in (None, "", ":", "x:y", "x" * 5000):
            self.assertFalse(passes(nothing, None, MOBILE, "login"))

    def test_the_form_asks_and_takes_the_answer(self):
        page = self.ask()
        self.assertContains(page, "Please solve the captcha first.")
        key = page.context["form"].data["picture"]
        self.assertContains(page, reverse("captcha-image", args=[key]))
        self.assertEqual(self.jsms_sandbox.ledger, [])
        answer = CaptchaStore.objects.get(hashkey=key).response
        sent = self.client.post(LOGIN, {"mobile": MOBILE, "picture": key, "captcha": answer}, follow=True)
        self.assertRedirects(sent, CODE)

    def test_the_endpoint_asks_and_takes_the_answer(self):
        def ask(**captcha):
            body = json.dumps({"mobile": MOBILE, "purpose": "login", **captcha})
            return self.client.post(reverse("jsms_api:codes"), body, content_type="application/json")

        self.assertEqual((ask().status_code, ask().json()["code"]), (403, "captcha_required"))
        picture = self.picture()
        self.assertEqual(ask(captcha=f"{picture.hashkey}:{picture.response}").status_code, 202)
