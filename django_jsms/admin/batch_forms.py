"""What a person fills in about a batch: its list, and when it starts."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .. import conf
from ..exceptions import JSMSError
from ..models import Batch, Message
from ..services import create_batch, read_list
from .confirmed import ConfirmForm
from .fields import ParamsField, TemplateField, TimeInput


class CreateForm(forms.Form):
    """A list from a file or pasted, and the template it is for."""

    # Before what is required: of an upload that breaks off in the file, that is missing.
    file = forms.FileField(
        label=gettext_lazy("CSV or Excel file"),
        required=False,
        help_text=gettext_lazy("Columns 手机号 or mobile, and one per placeholder of the template."),
    )
    rows = forms.CharField(
        label=gettext_lazy("or paste the rows"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8, "cols": 60}),
        help_text=gettext_lazy("As they are copied from a spreadsheet, with the line of column names."),
    )
    encoding = forms.ChoiceField(
        label=gettext_lazy("encoding of the file"),
        required=False,
        choices=[
            ("", gettext_lazy("find it out")),
            ("utf-8", "UTF-8"),
            ("gb18030", "GB18030 (GBK, ANSI)"),
            ("big5", "Big5"),
            ("utf-16-le", "UTF-16"),
        ],
    )
    template = TemplateField(label=gettext_lazy("template"), max_length=64)
    params = ParamsField(
        label=gettext_lazy("parameters"),
        required=False,
        help_text=gettext_lazy("The same for everybody, one NAME=VALUE a line."),
    )
    app = forms.ChoiceField(label=gettext_lazy("app"))
    name = forms.CharField(label=gettext_lazy("name"), max_length=100, required=False)
    tag = forms.CharField(label=gettext_lazy("tag"), max_length=10, required=False)
    message_class = forms.ChoiceField(label=gettext_lazy("class"), required=False)
    force = forms.BooleanField(
        label=gettext_lazy("This list was given before; take it once more"),
        required=False,
        help_text=gettext_lazy("The same list for the same template is refused for 24 hours otherwise."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["app"].choices = [(alias, alias) for alias in conf.app_entries()]  # type: ignore[attr-defined]
        known = [("", _("the template's own")), *Message.Class.choices]
        self.fields["message_class"].choices = known  # type: ignore[attr-defined]
        names = ", ".join(conf.get("TEMPLATES"))
        hint = _("A number of JSMS, or a name of TEMPLATES: %(names)s.") % {"names": names or "—"}
        self.fields["template"].help_text = hint

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if bool(given.get("file")) == bool(given.get("rows", "").strip()):
            raise ValidationError(_("Give a file or paste the rows, one of both."))
        return given

    def blame(self, error: JSMSError) -> None:
        """Say what a service said, at the field it is about."""
        about = "force" if error.reason == "repeated_source" else getattr(error, "field", None)
        self.add_error(about if about in self.fields else None, error.message)

    def save(self, created_by: Any) -> Batch:
        """Take the list in. Raises InvalidInput, with nothing kept."""
        given = self.cleaned_data
        common = {"template": given["template"], "params": given["params"], "app": given["app"]}
        source, encoding = given["file"].file if given["file"] else given["rows"], given["encoding"] or None
        rows = read_list(source, encoding=encoding, **common)
        return create_batch(
            recipients=rows,
            source=rows.digest,
            force=given["force"],
            name=given["name"],
            tag=given["tag"],
            message_class=given["message_class"] or None,
            created_by=created_by,
            **common,
        )


class ForceForm(ConfirmForm):
    """A batch above budget or balance is started on purpose only."""

    force = forms.BooleanField(label=gettext_lazy("although it is above the budget or the balance"), required=False)


class StartForm(ForceForm):
    """Now, or from a time on."""

    at = forms.DateTimeField(label=gettext_lazy("not before"), required=False, widget=TimeInput())
    field_order = ("at", "force", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone = timezone.get_current_timezone_name()
        self.fields["at"].help_text = _("Empty is now. In the time zone %(zone)s.") % {"zone": zone}


class ScheduleForm(ForceForm):
    """When JSMS sends it."""

    send_at = forms.DateTimeField(label=gettext_lazy("send at"), widget=TimeInput())
    field_order = ("send_at", "force", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone = timezone.get_current_timezone_name()
        self.fields["send_at"].help_text = _("In the time zone %(zone)s.") % {"zone": zone}


class RetryForm(ConfirmForm):
    """What becomes of messages that may have arrived."""

    unknown = forms.ChoiceField(
        label=gettext_lazy("messages that may have arrived"),
        required=False,
        choices=[
            ("", gettext_lazy("leave them")),
            ("lost", gettext_lazy("take them for lost")),
            ("resend", gettext_lazy("send them again, at the risk of a second SMS")),
        ],
    )
    field_order = ("unknown", "reason")
