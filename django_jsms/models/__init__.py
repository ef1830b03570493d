"""Rows, states, queries. Nothing here calls out."""

from .accounts import Pause
from .codes import VerificationCode
from .limits import Counter

__all__ = ["Counter", "Pause", "VerificationCode"]
