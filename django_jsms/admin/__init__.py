"""The rows in Django's admin: read-only and masked."""

from .accounts import PauseAdmin
from .codes import VerificationCodeAdmin

__all__ = ["PauseAdmin", "VerificationCodeAdmin"]
