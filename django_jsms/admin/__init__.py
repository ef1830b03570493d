"""The rows in Django's admin: read-only and masked."""

from .accounts import PauseAdmin
from .codes import VerificationCodeAdmin
from .messages import MessageAdmin
from .templates import TemplateAdmin

__all__ = ["MessageAdmin", "PauseAdmin", "TemplateAdmin", "VerificationCodeAdmin"]
