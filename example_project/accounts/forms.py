"""The two steps of the login form."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from django_jsms.exceptions import InvalidInput
from django_jsms.services import normalize_mobile

if settings.CAPTCHA:
    from captcha.helpers import captcha_image_url
    from captcha.models import CaptchaStore


class NumberForm(forms.Form):
    """Step one: where to send the code."""

    mobile = forms.CharField(
        label=_("Mobile number"),
        max_length=32,
        widget=forms.TextInput(
            {
                "type": "tel",
                "inputmode": "tel",
                "autocomplete": "tel",
                "placeholder": "138 0013 8000",
                "autofocus": True,
            }
        ),
    )
    next = forms.CharField(required=False, widget=forms.HiddenInput)
    #: The picture that was shown, and what was read in it.
    picture = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    captcha = forms.CharField(label=_("Letters in the picture"), required=False, max_length=32)

    #: Where the picture is, once one is wanted.
    picture_url = ""

    @property
    def answer(self) -> str | None:
        """What the captcha's hook is asked about, where there was a picture."""
        key = self.cleaned_data["picture"]
        return f"{key}:{self.cleaned_data['captcha']}" if key else None

    def ask_captcha(self, message: str) -> None:
        """Show a new picture: the one before is spent."""
        key = CaptchaStore.pick()
        self.picture_url = captcha_image_url(key)
        self.data = {**self.data.dict(), self.add_prefix("picture"): key, self.add_prefix("captcha"): ""}
        self.add_error("captcha", message)

    def clean_mobile(self) -> str:
        try:
            return normalize_mobile(self.cleaned_data["mobile"])
        except InvalidInput as error:
            raise forms.ValidationError(error.message, code=error.reason) from None


class CodeInput(forms.TextInput):
    """Comes back empty: a wrong code is read and typed again, not edited."""

    def format_value(self, value: object) -> None:
        return None


class CodeForm(forms.Form):
    """Step two: what arrived."""

    code = forms.CharField(
        label=_("Code"),
        max_length=32,
        widget=CodeInput({"inputmode": "numeric", "autocomplete": "one-time-code", "autofocus": True}),
    )
