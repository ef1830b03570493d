"""The signature of a callback (callback page): it covers key, secret, nonce and time, and nothing of the content."""

from __future__ import annotations

import hashlib
import secrets
from typing import NamedTuple


class Seal(NamedTuple):
    """What a notification proves itself with; ``timestamp`` in milliseconds."""

    nonce: int
    timestamp: int
    signature: str


def sign(app_key: str, master_secret: str, nonce: int | str, timestamp: int | str) -> str:
    """Lower-case hexadecimal SHA-1 over the four in this order, nothing URL-encoded."""
    base = f"appKey={app_key}&appMasterSecret={master_secret}&nonce={nonce}&timestamp={timestamp}"
    return hashlib.sha1(base.encode(), usedforsecurity=False).hexdigest()


def seal(app_key: str, master_secret: str, timestamp: int) -> Seal:
    """A new one; the nonce is any signed 64-bit number, as Java's ``Random.nextLong`` makes them."""
    nonce = secrets.randbits(64) - 2**63
    return Seal(nonce, timestamp, sign(app_key, master_secret, nonce, timestamp))
