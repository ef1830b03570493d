"""Rows, states, queries. Nothing here calls out."""

from .accounts import Pause
from .batches import Batch, Chunk, RejectedRow
from .codes import VerificationCode
from .jobs import IdempotencyKey, JobLease
from .limits import Counter
from .messages import Message
from .templates import Template

__all__ = [
    "Batch",
    "Chunk",
    "Counter",
    "IdempotencyKey",
    "JobLease",
    "Message",
    "Pause",
    "RejectedRow",
    "Template",
    "VerificationCode",
]
