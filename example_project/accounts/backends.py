"""Who a proved number is: the user of its phone, made at the first login."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser

from django_jsms.contrib.auth import ProofBackend

from .models import Phone


class PhoneBackend(ProofBackend):
    def user_of(self, mobile: str) -> AbstractUser:
        return Phone.objects.user_of(mobile)
