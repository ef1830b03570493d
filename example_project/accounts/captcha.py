"""django-simple-captcha as the hook of django-jsms: ``JSMS["CAPTCHA"] = "accounts.captcha.passes"``."""

from __future__ import annotations

from captcha.models import CaptchaStore
from django.utils import timezone


def passes(answer: str | None, ip: str | None, mobile: str, purpose: str) -> bool:
    """Whether ``key:text`` is right. A picture is good for one answer, right or wrong, whoever asks at once."""
    key, _, text = (answer or "").partition(":")
    picture = CaptchaStore.objects.filter(hashkey=key, expiration__gt=timezone.now()).first()
    if picture is None:
        return False
    spent, _rows = CaptchaStore.objects.filter(pk=picture.pk).delete()
    return bool(spent) and picture.response == text.strip().lower()
