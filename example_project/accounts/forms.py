"""The two steps of the login form."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from django_jsms.exceptions import InvalidInput
from django_jsms.services import normalize_mobile


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
        max_length=8,
        widget=CodeInput(
            {"inputmode": "numeric", "autocomplete": "one-time-code", "pattern": "[0-9]*", "autofocus": True}
        ),
    )
