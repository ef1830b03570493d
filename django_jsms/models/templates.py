"""Templates as JSMS has them, and what a text becomes: placeholders, rendering, segments."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from .audits import Audited, AuditedQuerySet
from .signatures import Signature

_PLACEHOLDER: Final = re.compile(r"\{\{([A-Za-z0-9_]+)\}\}", re.ASCII)
#: A text of one segment has 70 characters; of several, 67 each (jsms-api 5.4).
SINGLE, CONCATENATED = 70, 67
#: What JSMS puts behind marketing texts; its wording cannot be changed.
OPT_OUT_LINE: Final = "拒收请回复R"
#: 【】 and the longest signature, for texts whose signature is not mirrored.
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


def bracketed(signature: str | None) -> int:
    """Characters of 【signature】; where it is not mirrored, of the longest."""
    return SIGNATURE_ALLOWANCE if signature is None else length(signature) + 2


def segments(characters: int) -> int:
    """Billing units (条) of a whole message of that many characters."""
    return 1 if characters <= SINGLE else math.ceil(characters / CONCATENATED)


class TemplateQuerySet(AuditedQuerySet):
    def with_signature(self, signature_id: int | None) -> Self:
        """Each with the text of the signature that a send of it carries, as ``signature_text``; None: not mirrored."""
        standing = Signature.objects.standing(models.OuterRef("app"), signature_id)
        return self.annotate(signature_text=models.Subquery(standing.values("text")[:1]))


class Template(Audited):
    """A template of JSMS, mirrored, or a draft of one."""

    class Type(models.IntegerChoices):
        CODE = 1, _("verification code")
        NOTICE = 2, _("notice")
        MARKETING = 3, _("marketing")

    text = models.TextField(_("text"))
    type = models.PositiveSmallIntegerField(_("type"), choices=Type)
    ttl = models.PositiveIntegerField(_("life of its codes (seconds)"), null=True, blank=True)

    objects: ClassVar[Any] = TemplateQuerySet.as_manager()

    class Meta:
        verbose_name = _("template")
        verbose_name_plural = _("templates")
        constraints = [models.UniqueConstraint(fields=["app", "remote_id"], name="jsms_template_remote")]

    def __str__(self) -> str:
        return f"{self.label} {self.text[:20]}"

    @property
    def names(self) -> tuple[str, ...]:
        """Its placeholders, in order."""
        return placeholders(self.text)

    @property
    def message_class(self) -> str:
        """``code``, ``notice`` or ``marketing``."""
        return self.Type(self.type).name.lower()
