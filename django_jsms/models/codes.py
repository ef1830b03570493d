"""Verification codes: one row per code sent. The code itself is JSMS's secret and never stored."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, Self

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from .. import conf
from ..client.errors import describe
from .conditional import Plus, update
from .identifiers import Identifier
from .limits import Held
from .outgoing import Outgoing, OutgoingQuerySet
from .reading import first
from .templates import Template

#: How often one code may be checked.
MOST_CHECKS: Final = 5
#: How long the proof of a checked code can be redeemed.
PROOF_LIFE: Final = timedelta(minutes=5)
#: What ``new_token`` makes; anything else is no token.
TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{1,43}", re.ASCII)


def new_token() -> str:
    """An opaque public name for a code, safe to hand to a client."""
    return secrets.token_urlsafe(24)


def _by_its_owner(code: int | None) -> bool:
    """Whether that number of JSMS's is about the recipient, who opted out or whose number is none."""
    known = describe(code)
    return known is not None and known.who == "recipient"


class CodeQuerySet(OutgoingQuerySet):
    def with_clock(self) -> Self:
        """And how long a code of its template lives, as ``life``."""
        mirrored = Template.objects.filter(app=models.OuterRef("app"), remote_id=models.OuterRef("template_id"))
        return super().with_clock().annotate(life=models.Subquery(mirrored.values("ttl")))

    def current(
        self, *, purpose: str, counters: Sequence[str] = (), **found_by: str
    ) -> tuple[VerificationCode | None, dict[str, Held]]:
        """The code that a check is about: the newest that was sent, else the newest of all.

        And these counters, if there is such a code.
        """
        asked = {"purpose": purpose, **found_by}
        matches = " AND ".join(f"{name} = %s" for name in asked)
        newest = "ORDER BY CASE WHEN status = 'sent' THEN 0 ELSE 1 END, id DESC LIMIT 1"
        where = f"WHERE {matches} {newest}"
        return first(self.db, VerificationCode, where, list(asked.values()), counters)

    def mark_missing(self, at: datetime) -> int:
        missing: int = super(CodeQuerySet, self.filter(is_test=False)).mark_missing(at)
        return missing

    def spend_proof(self, token: str, purpose: str, at: datetime) -> bool:
        """Redeem a proof once, within its life, in the caller's transaction."""
        return bool(
            self.filter(
                token=token,
                purpose=purpose,
                status="verified",
                proof_used_at=None,
                verified_at__gt=at - PROOF_LIFE,
            ).update(proof_used_at=at, updated_at=at)
        )


class VerificationCode(Outgoing):
    """One code to one number for one purpose; never the code itself."""

    class Status(models.TextChoices):
        PENDING = "pending", pgettext_lazy("code", "pending")
        SENDING = "sending", pgettext_lazy("code", "sending")
        SENT = "sent", pgettext_lazy("code", "sent")
        FAILED = "failed", pgettext_lazy("code", "failed")
        UNKNOWN = "unknown", pgettext_lazy("code", "unknown (may have been sent)")
        VERIFIED = "verified", pgettext_lazy("code", "verified")
        LOCKED = "locked", pgettext_lazy("code", "locked")
        SUPERSEDED = "superseded", pgettext_lazy("code", "superseded")
        EXPIRED = "expired", pgettext_lazy("code", "expired unsent")

    class Channel(models.TextChoices):
        TEXT = "text", _("text message")
        VOICE = "voice", _("voice call")

    class Policy(models.TextChoices):
        USER = "user", _("a person asked")
        SYSTEM = "system", _("the project itself")

    token = Identifier(max_length=43, unique=True, default=new_token, editable=False)
    purpose = Identifier(_("purpose"), max_length=32)
    channel = models.CharField(_("channel"), max_length=8, choices=Channel, default=Channel.TEXT)
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.PENDING)
    #: Whose limits it counts in.
    policy = models.CharField(_("sent for"), max_length=6, choices=Policy, default=Policy.USER, db_default="user")
    #: No SMS was sent: the number is one of TEST_NUMBERS.
    is_test = models.BooleanField(_("test number"), default=False, db_default=False)
    ip = models.GenericIPAddressField(_("IP address"), null=True)
    checks = models.PositiveSmallIntegerField(_("checks"), default=0)
    verified_at = models.DateTimeField(_("verified at"), null=True)
    proof_used_at = models.DateTimeField(_("proof redeemed at"), null=True)

    #: Seconds it can be checked once it is sent, where its mirrored template says so; read before it is claimed.
    life: int | None = None

    objects: ClassVar[Any] = CodeQuerySet.as_manager()

    class Meta:
        verbose_name = _("verification code")
        verbose_name_plural = _("verification codes")
        permissions = [("reset_limits", "Can let a number try again before its limits allow it")]
        indexes = [
            models.Index(fields=["mobile_hash", "purpose", "status"], name="jsms_code_number"),
            models.Index(fields=["status", "not_before"], name="jsms_code_due"),
            models.Index(fields=["msg_id"], name="jsms_code_msg_id"),
            models.Index(fields=["app", "created_at"], name="jsms_code_app"),
        ]

    def __str__(self) -> str:
        return f"{self.masked_mobile} {self.purpose} {self.status}"

    def attempts_left(self) -> int:
        """How many more checks this code allows."""
        return max(0, MOST_CHECKS - self.checks)

    def mark_failed(self, at: datetime, *, reason: str, code: int | None, **values: Any) -> bool:
        """What a number's owner has JSMS refuse lives as long as a code that was sent: strangers see no difference."""
        if not _by_its_owner(code):
            return super().mark_failed(at, reason=reason, code=code, **values)
        older = {"mobile_hash": self.mobile_hash, "purpose": self.purpose, "status": "failed", "pk__lt": self.pk}
        update(type(self), {**older, "expires_at__gt": at}, {"expires_at": at, "updated_at": at})
        return super().mark_failed(at, reason=reason, code=code, expires_at=at + self.lasts, **values)

    @property
    def looks_sent(self) -> bool:
        """Whether it failed in a way that is nobody else's to know."""
        return self.status == self.Status.FAILED and _by_its_owner(self.error_code)

    @property
    def lasts(self) -> timedelta:
        """How long it can be checked."""
        return timedelta(seconds=self.life or conf.get("CODE_TTL"))

    def is_open(self, at: datetime) -> bool:
        """Whether it can be checked, as it was read; ``reserve_check`` decides."""
        alive = self.expires_at is not None and self.expires_at > at
        return alive and self.checks < MOST_CHECKS and (self.status == self.Status.SENT or self.looks_sent)

    def reserve_check(self, at: datetime) -> bool:
        """Count one check before it is made. The counter is the only gate: 200 racers make 5 calls.

        Of those that failed only the ones with a life are counted (see ``mark_failed``).
        """
        return self._count({"status": ("sent", "failed"), "checks__lt": MOST_CHECKS, "expires_at__gt": at}, at, 1)

    def return_check(self, at: datetime) -> bool:
        """Take a check back of which no byte reached JSMS."""
        return self._count({"status": ("sent", "failed"), "checks__gt": 0}, at, -1)

    def _count(self, where: dict[str, Any], at: datetime, by: int) -> bool:
        """The database counts. What stands here is for the caller to change, once that is committed."""
        checks = self.checks
        if not self._win(where, at, checks=Plus(by)):
            return False
        self.checks = checks
        return True

    def mark_verified(self, at: datetime) -> bool:
        """The only way to success: of many right checks one wins this."""
        return self._win({"status": "sent"}, at, status="verified", verified_at=at)

    def lock_spent(self, at: datetime) -> bool:
        """Close a code whose checks are used up."""
        return self._win({"status": "sent", "checks__gte": MOST_CHECKS}, at, status="locked")

    def supersede_older(self, at: datetime) -> int:
        """Earlier codes of the same number and purpose end where this one was sent."""
        older = {"mobile_hash": self.mobile_hash, "purpose": self.purpose, "status": "sent", "pk__lt": self.pk}
        return update(type(self), older, {"status": "superseded", "updated_at": at})
