"""What a project calls. Each name is documented where it is defined."""

from .accounts import resume_app
from .clients import get_client
from .codes import queue_code, redeem_proof, send_code, send_voice_code, verify_code
from .language import normalize_mobile
from .limits import client_ip
from .results import Verification
from .sweep import reap, run_pending

__all__ = [
    "Verification",
    "client_ip",
    "get_client",
    "normalize_mobile",
    "queue_code",
    "reap",
    "redeem_proof",
    "resume_app",
    "run_pending",
    "send_code",
    "send_voice_code",
    "verify_code",
]
