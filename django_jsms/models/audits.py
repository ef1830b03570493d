"""What templates and signatures share: JSMS audits both, and rows here mirror where that stands."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Final, Self

from django.db import models, router
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from ..client.errors import describe
from .base import Row
from .conditional import update

#: A draft that was handed in and not answered: it may be at JSMS, under a number that nobody told us.
NO_ANSWER: Final = "no_answer"


class AuditedQuerySet(models.QuerySet[Any]):
    def primary(self) -> Self:
        return self.using(router.db_for_write(self.model))

    def open_audits(self) -> Self:
        """Those whose audit is under way, the longest unasked first."""
        return self.filter(status="auditing", remote_id__isnull=False).order_by("updated_at", "pk")


class Audited(Row):
    """Its status changes only by the verbs below; each is one conditional UPDATE and answers whether it won."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        AUDITING = "auditing", _("in audit")
        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")
        DELETED = "deleted", _("deleted")

    #: JSMS's number; None until it has one.
    remote_id = models.IntegerField(_("JSMS id"), null=True)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT)
    remark = models.CharField(_("remark for the auditor"), max_length=500, blank=True, default="")
    #: Our word for why a draft is not at JSMS, and JSMS's number where it gave one.
    reason = models.CharField(_("reason"), max_length=32, blank=True, default="")
    error_code = models.IntegerField(_("JSMS code"), null=True)
    #: The auditor's words; only a callback carries them (jsms-api 2.16).
    refusal = models.CharField(_("why it was rejected"), max_length=255, blank=True, default="")
    refreshed_at = models.DateTimeField(_("refreshed at"), null=True)

    objects: ClassVar[Any] = AuditedQuerySet.as_manager()

    class Meta:
        abstract = True

    @property
    def label(self) -> str:
        """How a person names it: JSMS's number, or ``draft-5`` for row 5 while it has none."""
        return str(self.remote_id) if self.remote_id else f"draft-{self.pk}"

    @property
    def note(self) -> str:
        """What a person should know of where it stands, in the active language; often nothing."""
        if self.status == self.Status.REJECTED:
            return self.refusal or str(_("The reason is in the console of Jiguang; only a callback carries it."))
        if self.status != self.Status.DRAFT or not self.reason:
            return ""
        if self.reason == NO_ANSWER:
            return str(_("It was handed in and not answered: look in the console, then adopt it or hand it in again."))
        known = describe(self.error_code)
        if known is None:
            return self.reason
        return known.zh if (get_language() or "").startswith("zh") else known.en

    def hand_in(self, at: datetime, *, again: bool) -> bool:
        """Take a draft for one submission. What happens to this process meanwhile, it counts as not answered.

        One that was not answered is taken only where ``again`` says so.
        """
        if self.reason == NO_ANSWER and not again:
            return False
        return self._win({"status": "draft", "updated_at": self.updated_at}, at, reason=NO_ANSWER, error_code=None)

    def taken(self, at: datetime, remote_id: int) -> bool:
        """JSMS has it, under this number, and audits it."""
        told = {"remote_id": remote_id, "status": "auditing", "reason": "", "refreshed_at": at}
        return self._win({"status": "draft"}, at, **told)

    def not_taken(self, at: datetime, *, reason: str, code: int | None) -> bool:
        """It stays a draft, and says why."""
        return self._win({"status": "draft", "reason": NO_ANSWER}, at, reason=reason[:32], error_code=code)

    def handed_in_again(self, at: datetime, **values: Any) -> bool:
        """JSMS took the change of a rejected one."""
        told = {"status": "auditing", "reason": "", "error_code": None, "refusal": "", "refreshed_at": at}
        return self._win({"status": ("rejected", "auditing")}, at, **told, **values)

    def mirror(self, at: datetime, **values: Any) -> bool:
        """Write what JSMS answered, unless somebody wrote since this row was read."""
        return self._win({"updated_at": self.updated_at}, at, reason="", error_code=None, refreshed_at=at, **values)

    def reviewed(self, at: datetime, status: str, refusal: str) -> bool:
        """Write the auditor's word where it is news. A refusal without a reason keeps the one that is known."""
        values = {"refusal": refusal} if refusal or status != "rejected" else {}
        others = tuple(each for each in ("auditing", "approved", "rejected") if each != status)
        return self._win({"status": others}, at, status=status, refreshed_at=at, **values)

    def explain(self, at: datetime, refusal: str) -> bool:
        """A refusal that was read before its reason came."""
        return self._win({"status": "rejected", "refusal": ""}, at, refusal=refusal)

    def mark_deleted(self, at: datetime) -> bool:
        """It is no more at JSMS, or never was."""
        return self._win({"status": ("draft", "auditing", "approved", "rejected")}, at, status="deleted", reason="")

    def _win(self, where: dict[str, Any], at: datetime, **values: Any) -> bool:
        values["updated_at"] = at
        if not update(type(self), {"pk": self.pk, **where}, values):
            self.refresh_from_db(using=router.db_for_write(type(self)))
            return False
        for name, value in values.items():
            setattr(self, name, value)
        return True
