"""The forms a signature is handed in with: its words, and the papers that prove whose name it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import FileExtensionValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..models import Signature
from .adding import AppForm
from .confirmed import ConfirmForm

#: What JSMS takes (jsms-api 2.18): pictures of at most 2 MB.
_PICTURES: Final = ("png", "jpg", "jpeg")
_LARGEST: Final = 2 * 1024 * 1024

_TEXTS: Final[Mapping[str, Any]] = {
    "legalPersonName": gettext_lazy("name of the legal representative"),
    "legalPersonIdNumber": gettext_lazy("their identity number"),
    "socialCreditCode": gettext_lazy("unified social credit code"),
    "thirdPartyCompanyName": gettext_lazy("company that the name belongs to"),
}
_IMAGES: Final[Mapping[str, Any]] = {
    "idCardImage": gettext_lazy("picture of the identity card"),
    "businessLicenseImage": gettext_lazy("picture of the business licence"),
    "icpAppScreenshot": gettext_lazy("screenshot of the ICP filing"),
    "trademarkImage": gettext_lazy("picture of the trademark"),
    "thirdPartyAuthImage": gettext_lazy("picture of the letter of authorization"),
    "otherImage": gettext_lazy("another picture"),
}
_PAPERS: Final = (*_TEXTS, *_IMAGES)
#: Names of apps are not taken any more since 2026-05.
_TYPES: Final = [choice for choice in Signature.Type.choices if choice[0] != Signature.Type.APP]


def _check_size(file: Any) -> None:
    if file.size > _LARGEST:
        raise ValidationError(_("JSMS takes pictures of at most 2 MB."))


def _picture(label: Any) -> forms.FileField:
    shape = forms.ClearableFileInput(attrs={"accept": "image/png,image/jpeg"})
    checks: list[Any] = [FileExtensionValidator(_PICTURES), _check_size]
    return forms.FileField(label=label, required=False, widget=shape, validators=checks)


class _Papers(forms.Form):
    """Which papers a type wants is JSMS's to say; none of them is kept here."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in _TEXTS.items():
            self.fields[name] = forms.CharField(label=label, required=False, max_length=100, strip=True)
            self.fields[name].widget.attrs["autocomplete"] = "off"
        for name, label in _IMAGES.items():
            self.fields[name] = _picture(label)
        self.order_fields([name for name in self.fields if name not in ("remark", "reason")])


def papers(given: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of JSMS's form that were filled in."""
    found = {name: given[name] for name in _PAPERS if given.get(name)}
    return {name: (each.name, each.read()) if name in _IMAGES else each for name, each in found.items()}


class NewForm(_Papers, AppForm):
    """Either a number that JSMS knows, or a name to be handed in."""

    signature_id = forms.IntegerField(
        label=gettext_lazy("JSMS id"),
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text=gettext_lazy("Mirrors one that exists at JSMS. Leave the rest empty."),
    )
    text = forms.CharField(label=gettext_lazy("text"), required=False, help_text=gettext_lazy("Without 【】."))
    type = forms.TypedChoiceField(label=gettext_lazy("type"), choices=_TYPES, coerce=int, initial=1)
    remark = forms.CharField(label=gettext_lazy("remark for the auditor"), required=False, max_length=100)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not self.errors and bool(given.get("signature_id")) == bool(given.get("text")):
            raise ValidationError(_("Give a number of JSMS, or a text."))
        return given


class AgainForm(_Papers, ConfirmForm):
    """A draft keeps no papers, so they are given again."""

    again = forms.BooleanField(
        label=gettext_lazy("hand it in although it may have arrived"),
        required=False,
        help_text=gettext_lazy("Only for one that was not answered, after a look in the console."),
    )


class ChangeForm(_Papers, ConfirmForm):
    """What is left empty stays as it is; but for the papers, which are given again."""

    text = forms.CharField(label=gettext_lazy("text"), required=False, help_text=gettext_lazy("Without 【】."))
    remark = forms.CharField(label=gettext_lazy("remark for the auditor"), required=False, max_length=100)
