"""The rows in Django's admin: masked, and changed by confirmed actions alone."""

from .accounts import PauseAdmin
from .actions import ActionLogAdmin
from .balances import BalanceSnapshotAdmin
from .batches import BatchAdmin
from .callbacks import CallbackAdmin, OptOutAdmin, ReplyAdmin, ReportAdmin
from .codes import VerificationCodeAdmin
from .messages import MessageAdmin
from .schedules import ScheduleAdmin
from .signatures import SignatureAdmin
from .templates import TemplateAdmin

__all__ = [
    "ActionLogAdmin",
    "BalanceSnapshotAdmin",
    "BatchAdmin",
    "CallbackAdmin",
    "MessageAdmin",
    "OptOutAdmin",
    "PauseAdmin",
    "ReplyAdmin",
    "ReportAdmin",
    "ScheduleAdmin",
    "SignatureAdmin",
    "TemplateAdmin",
    "VerificationCodeAdmin",
]
