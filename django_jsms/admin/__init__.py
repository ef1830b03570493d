"""The rows in Django's admin: masked, and changed by confirmed actions alone."""

from .accounts import PauseAdmin
from .actions import ActionLogAdmin
from .batches import BatchAdmin
from .callbacks import CallbackAdmin, OptOutAdmin, ReplyAdmin, ReportAdmin
from .codes import VerificationCodeAdmin
from .messages import MessageAdmin
from .schedules import ScheduleAdmin
from .templates import TemplateAdmin

__all__ = [
    "ActionLogAdmin",
    "BatchAdmin",
    "CallbackAdmin",
    "MessageAdmin",
    "OptOutAdmin",
    "PauseAdmin",
    "ReplyAdmin",
    "ReportAdmin",
    "TemplateAdmin",
    "VerificationCodeAdmin",
]
__all__ = ["ActionLogAdmin", "MessageAdmin", "PauseAdmin", "ScheduleAdmin", "TemplateAdmin", "VerificationCodeAdmin"]
