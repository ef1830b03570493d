"""Whose number is whose: one phone per user, beside whatever user model a project has."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext_lazy as _

from django_jsms.client import mask


class PhoneManager(models.Manager["Phone"]):
    def user_of(self, mobile: str) -> AbstractUser:
        """The user with this verified number; the first login makes one."""
        try:
            return self._known(mobile) or self._new(mobile)
        except IntegrityError:  # two first logins at once: the other one made it
            return self._known(mobile)

    def _known(self, mobile: str) -> AbstractUser | None:
        phone = self.select_related("user").filter(mobile=mobile).first()
        return phone and phone.user

    def _new(self, mobile: str) -> AbstractUser:
        # Names are shown and logged, so they hold no part of the number.
        with transaction.atomic():
            user = get_user_model().objects.create_user(f"user-{secrets.token_hex(4)}")
            return self.create(user=user, mobile=mobile).user


class Phone(models.Model):
    """A number that its user has proved to hold."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("user"))
    mobile = models.CharField(_("mobile"), max_length=11, unique=True)
    created_at = models.DateTimeField(_("verified at"), auto_now_add=True)

    objects = PhoneManager()

    class Meta:
        verbose_name = _("phone")
        verbose_name_plural = _("phones")

    def __str__(self) -> str:
        return self.masked

    @property
    def masked(self) -> str:
        """``138****8000``."""
        return mask(self.mobile)
