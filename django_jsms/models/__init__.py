"""Rows, states, queries. Nothing here calls out."""

from .accounts import Pause
from .actions import ActionLog
from .balances import BalanceSnapshot, LowBalance
from .batches import Batch, Chunk
from .callbacks import Callback, OptOut, Reply, Report
from .codes import VerificationCode
from .jobs import IdempotencyKey, JobLease
from .limits import Counter
from .messages import Message
from .rejected import RejectedRow
from .schedules import Schedule
from .signatures import Signature
from .templates import Template

__all__ = [
    "ActionLog",
    "BalanceSnapshot",
    "Batch",
    "Callback",
    "Chunk",
    "Counter",
    "IdempotencyKey",
    "JobLease",
    "LowBalance",
    "Message",
    "OptOut",
    "Pause",
    "RejectedRow",
    "Reply",
    "Report",
    "Schedule",
    "Signature",
    "Template",
    "VerificationCode",
]
