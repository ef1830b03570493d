"""What an app or an account had left, and when; and which pools are low."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Self

from django.db import IntegrityError, models, router
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from .base import durably, now
from .identifiers import Identifier

#: Segments are counted in four pools (jsms-api 2.12); codes and notices are «industry».
POOLS: Final = ("all_purpose", "voice", "industry", "market")


class Pool(models.TextChoices):
    ALL_PURPOSE = "all_purpose", _("all-purpose")
    VOICE = "voice", _("voice")
    INDUSTRY = "industry", _("codes and notices")
    MARKET = "market", _("marketing")


class Scope(models.TextChoices):
    """Whose segments they are."""

    APP = "app", _("app")
    ACCOUNT = "account", _("account")


class BalanceQuerySet(models.QuerySet["BalanceSnapshot"]):
    def primary(self) -> Self:
        return self.using(router.db_for_write(self.model))

    def latest_of(self, app: str, scope: str) -> BalanceSnapshot | None:
        """The newest of one app's, or of the account it belongs to."""
        return self.filter(app=app, scope=scope).order_by("-taken_at", "-pk").first()


class BalanceSnapshot(models.Model):
    """One answer to a balance query, in segments (条). None: nothing was ever allotted, which is not zero."""

    app = Identifier(_("app"), max_length=64, default="default")
    scope = models.CharField(_("whose"), max_length=8, choices=Scope, default=Scope.APP)
    all_purpose = models.BigIntegerField(Pool.ALL_PURPOSE.label, null=True)
    voice = models.BigIntegerField(Pool.VOICE.label, null=True)
    industry = models.BigIntegerField(Pool.INDUSTRY.label, null=True)
    market = models.BigIntegerField(Pool.MARKET.label, null=True)
    taken_at = models.DateTimeField(_("asked at"), default=now)

    objects = BalanceQuerySet.as_manager()

    class Meta:
        verbose_name = _("balance")
        verbose_name_plural = _("balances")
        indexes = [models.Index(fields=["app", "scope", "taken_at"], name="jsms_balance_history")]

    def __str__(self) -> str:
        shown = ", ".join(f"{pool} {left}" for pool, left in self.pools.items() if left is not None)
        return f"{self.app}/{self.scope}: {shown or '—'}"

    @property
    def pools(self) -> dict[str, int | None]:
        """Pool → segments left, or None where nothing was ever allotted."""
        return {pool: getattr(self, pool) for pool in POOLS}

    @property
    def uses_account(self) -> bool:
        """Whether the app has no allotment of its own (50033), and so draws on its account's pools."""
        return self.scope == Scope.APP and not any(left is not None for left in self.pools.values())


class LowBalanceQuerySet(models.QuerySet["LowBalance"]):
    def primary(self) -> Self:
        return self.using(router.db_for_write(self.model))

    def begin(self, at: datetime, **where: Any) -> bool:
        """Whether this caller is the one that saw the pool fall: many look, one tells."""
        if self.filter(**where).exists():
            return False
        try:
            durably(lambda: self.create(since=at, **where), using=self.db)
        except IntegrityError:  # another process saw it first
            return False
        return True


class LowBalance(models.Model):
    """A pool that fell below its threshold: the row stands until it has recovered, so it is told once."""

    app = Identifier(_("app"), max_length=64)
    scope = models.CharField(_("whose"), max_length=8, choices=Scope)
    pool = models.CharField(_("pool"), max_length=12, choices=Pool)
    since = models.DateTimeField(pgettext_lazy("balance", "low since"), default=now)

    objects = LowBalanceQuerySet.as_manager()

    class Meta:
        verbose_name = _("low balance")
        verbose_name_plural = _("low balances")
        constraints = [models.UniqueConstraint(fields=["app", "scope", "pool"], name="jsms_low_balance_pool")]

    def __str__(self) -> str:
        return f"{self.app}/{self.scope}: {self.pool}"
