"""What people did that reached JSMS, or stopped something from reaching it: written once, never changed."""

from __future__ import annotations

from typing import Any, NoReturn, Self

from django.conf import settings
from django.db import models, router
from django.utils.translation import gettext_lazy as _

from .base import now
from .identifiers import Identifier
from .users import UserKey


class ActionLogQuerySet(models.QuerySet["ActionLog"]):
    def primary(self) -> Self:
        return self.using(router.db_for_write(self.model))

    def update(self, **kwargs: Any) -> NoReturn:
        raise TypeError("The action log is append only.")

    def delete(self) -> NoReturn:
        raise TypeError("The action log is append only.")


class ActionLog(models.Model):
    """One action of one person on one row: what was, what became of it, why, and what was answered."""

    created_at = models.DateTimeField(_("at"), default=now, editable=False)
    app = Identifier(_("app"), max_length=64, blank=True)
    actor = UserKey(to=settings.AUTH_USER_MODEL, verbose_name=_("by"))
    #: Stays when the account goes.
    actor_name = models.CharField(_("name"), max_length=150, blank=True)
    action = Identifier(_("action"), max_length=64)
    #: Which kind of row, and which.
    target = Identifier(_("what"), max_length=64)
    target_id = Identifier(_("which"), max_length=64)
    before = models.CharField(_("before"), max_length=500, blank=True)
    after = models.CharField(_("after"), max_length=500, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    answer = models.CharField(_("answer"), max_length=500, blank=True)

    objects = ActionLogQuerySet.as_manager()

    class Meta:
        verbose_name = _("action")
        verbose_name_plural = _("action log")
        indexes = [models.Index(fields=["target", "target_id"], name="jsms_action_target")]

    def __str__(self) -> str:
        return f"{self.action} {self.target} {self.target_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("The action log is append only.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("The action log is append only.")
