"""Rows, states, queries. Nothing here calls out."""

from .accounts import Pause
from .codes import VerificationCode
from .jobs import IdempotencyKey, JobLease
from .limits import Counter
from .messages import Message
from .templates import Template

__all__ = [
    "Counter",
    "IdempotencyKey",
    "JobLease",
    "Message",
    "Pause",
    "Template",
    "VerificationCode",
]
