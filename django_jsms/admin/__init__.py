"""The rows in Django's admin: masked, and changed by confirmed actions alone."""

from .accounts import PauseAdmin
from .actions import ActionLogAdmin
from .codes import VerificationCodeAdmin
from .messages import MessageAdmin
from .templates import TemplateAdmin

__all__ = ["ActionLogAdmin", "MessageAdmin", "PauseAdmin", "TemplateAdmin", "VerificationCodeAdmin"]
