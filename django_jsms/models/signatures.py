"""Signatures as JSMS has them: the name in 【】 before every text. Of the papers behind one nothing is kept."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from .audits import Audited, AuditedQuerySet


class SignatureQuerySet(AuditedQuerySet):
    def standing(self, app: Any, signature_id: Any = None) -> Self:
        """The one that a send of this app carries: that of this number, or without one the app's default."""
        mine = self.filter(app=app).exclude(status__in=("draft", "deleted"))
        return mine.filter(is_default=True) if signature_id is None else mine.filter(remote_id=signature_id)


class Signature(Audited):
    """A signature of JSMS, mirrored, or a draft of one."""

    class Type(models.IntegerChoices):
        COMPANY = 1, _("company")
        APP = 3, pgettext_lazy("signature", "app (until 2026-05)")
        BRAND = 6, _("brand or trademark")
        OTHER = 7, _("somebody else's, with their consent")

    text = models.CharField(_("text"), max_length=16)
    #: Not answered by JSMS, so unknown for an adopted one.
    type = models.PositiveSmallIntegerField(_("type"), choices=Type, null=True, blank=True)
    is_default = models.BooleanField(_("default"), default=False)
    in_use = models.BooleanField(_("in use"), default=False)

    objects: ClassVar[Any] = SignatureQuerySet.as_manager()

    class Meta:
        verbose_name = _("signature")
        verbose_name_plural = _("signatures")
        constraints = [models.UniqueConstraint(fields=["app", "remote_id"], name="jsms_signature_remote")]

    def __str__(self) -> str:
        return f"{self.label} 【{self.text}】"
