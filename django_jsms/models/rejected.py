"""The rows of a list that could not become messages."""

from __future__ import annotations

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from ..client.mobile import mask
from .batches import Batch


class RejectedRow(models.Model):
    """A row of a batch's list that became no message, and why."""

    class Reason(models.TextChoices):
        """The usual reasons; each says what to do about it."""

        DUPLICATE = "duplicate", _("The number stands in the list already; its first row is sent to.")
        INVALID_MOBILE = (
            "invalid_mobile",
            _("This is no mobile number of mainland China: 11 digits, 13 to 19 first."),
        )
        INVISIBLE = "mobile_invisible", _("The number holds an invisible character. Type it again.")
        SHORTENED = (
            "mobile_shortened",
            _("A spreadsheet shortened the number. Format the column as text."),
        )
        DECIMAL = "mobile_decimal", _("A spreadsheet took the number for an amount. Format the column as text.")
        COUNTRY = "country_not_allowed", _("JSMS sends to mainland China (+86) only.")
        MISMATCH = "params_mismatch", _("The columns do not fit the template: a value is missing, or one too many.")
        EMPTY = "params_empty", _("A value of the text is empty.")
        INVALID_PARAM = (
            "invalid_param",
            _("A value is no text, or holds 【】, a line break or an invisible character. Take it out."),
        )
        NOT_ALLOWED = "mobile_not_allowed", _("The setting ALLOWED_MOBILES does not let anything be sent to it.")
        VETOED = "vetoed", _("A guard of this project refused it.")
        GUARD_FAILED = "guard_failed", _("A guard of this project broke, so it refused.")
        TOO_LONG = "content_too_long", _("The text would be longer than JSMS takes. Shorten a value.")

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="rejected_rows", verbose_name=_("batch"))
    line = models.PositiveIntegerField(_("line"))
    value = models.CharField(_("value"), max_length=64)
    reason = models.CharField(_("reason"), max_length=32)
    #: What a single send would say of it, in English and in Chinese, a line each. It names the parameter, and holds
    #: neither number nor value.
    detail = models.TextField(blank=True, default="", db_default="", editable=False)

    class Meta:
        verbose_name = _("rejected row")
        verbose_name_plural = _("rejected rows")

    def __str__(self) -> str:
        return f"{self.line}: {self.reason}"

    @property
    def masked_value(self) -> str:
        """What may be shown of it: enough to find it in the list, not enough to call it."""
        if len(self.value) == 11:
            return mask(self.value)
        return f"{self.value[:3]}****{self.value[-2:]}" if len(self.value) > 7 else "****" if self.value else "—"

    @property
    def explanation(self) -> str:
        """Why it was refused, as a sentence in the reader's language."""
        if self.detail:
            en, _end, zh = self.detail.partition("\n")
            return zh if (get_language() or "").startswith("zh") else en
        known = self.reason in self.Reason.values
        return str(self.Reason(self.reason).label) if known else self.reason
