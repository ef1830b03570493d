"""Fields that forms of the admin share."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


class TimeInput(forms.DateTimeInput):
    """The browser's own picker; no script is loaded."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M", attrs={"step": "60"})


class TemplateField(forms.CharField):
    """A template by its number at JSMS, or by its name in ``TEMPLATES``."""

    def clean(self, value: Any) -> Any:
        given = str(super().clean(value))
        return (int(given) if given.isascii() and given.isdigit() else given) or None


class ParamsField(forms.CharField):
    """One NAME=VALUE a line, as a dict; None for nothing."""

    widget = forms.Textarea(attrs={"rows": 3})

    def clean(self, value: Any) -> Any:
        pairs = [line.partition("=") for line in str(super().clean(value)).splitlines() if line.strip()]
        if not all(equals and name.strip() for name, equals, _value in pairs):
            raise ValidationError(_("Write one NAME=VALUE a line."))
        return {name.strip(): given for name, _equals, given in pairs} or None
