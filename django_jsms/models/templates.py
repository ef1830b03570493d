"""Templates as JSMS has them, and what a text becomes: placeholders, rendering, segments."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping
from typing import Final, Self

from django.db import models, router
from django.utils.translation import gettext_lazy as _

from .base import Row, now

_PLACEHOLDER: Final = re.compile(r"\{\{([A-Za-z0-9_]+)\}\}", re.ASCII)
#: A text of one segment has 70 characters; of several, 67 each (jsms-api 5.4).
SINGLE, CONCATENATED = 70, 67
#: What JSMS puts behind marketing texts; its wording cannot be changed.
OPT_OUT_LINE: Final = "拒收请回复R"
#: 【】 and the longest signature, for texts whose signature is not known here.
SIGNATURE_ALLOWANCE: Final = 10


@functools.lru_cache(maxsize=256)
def placeholders(text: str) -> tuple[str, ...]:
    """The names in a text, each once, in order."""
    return tuple(dict.fromkeys(_PLACEHOLDER.findall(text)))


def render(text: str, params: Mapping[str, str]) -> str:
    """The text with its placeholders filled, in one pass: a value that looks like one stays as it is."""
    return _PLACEHOLDER.sub(lambda found: params.get(found[1], found[0]), text)


def length(text: str) -> int:
    """Characters as JSMS bills them: UTF-16 units, and a line break counts two (jsms-api 5.4)."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2 + text.count("\n")


def segments(characters: int) -> int:
    """Billing units (条) of a whole message of that many characters."""
    return 1 if characters <= SINGLE else math.ceil(characters / CONCATENATED)


class TemplateQuerySet(models.QuerySet["Template"]):
    def primary(self) -> Self:
        return self.using(router.db_for_write(self.model))


class Template(Row):
    """A template of JSMS, mirrored. ``remote_id`` is JSMS's number, None until it has one."""

    class Type(models.IntegerChoices):
        CODE = 1, _("verification code")
        NOTICE = 2, _("notice")
        MARKETING = 3, _("marketing")

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        AUDITING = "auditing", _("in audit")
        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")
        DELETED = "deleted", _("deleted")

    remote_id = models.IntegerField(_("template id"), null=True)
    text = models.TextField(_("text"))
    type = models.PositiveSmallIntegerField(_("type"), choices=Type)
    ttl = models.PositiveIntegerField(_("life of its codes (seconds)"), null=True)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT)
    refreshed_at = models.DateTimeField(_("refreshed at"), default=now)

    objects = TemplateQuerySet.as_manager()

    class Meta:
        verbose_name = _("template")
        verbose_name_plural = _("templates")
        constraints = [models.UniqueConstraint(fields=["app", "remote_id"], name="jsms_template_remote")]

    def __str__(self) -> str:
        return f"{self.remote_id or '—'} {self.text[:20]}"

    @property
    def names(self) -> tuple[str, ...]:
        """Its placeholders, in order."""
        return placeholders(self.text)

    @property
    def message_class(self) -> str:
        """``code``, ``notice`` or ``marketing``."""
        return self.Type(self.type).name.lower()
