"""What a project calls. Each name is documented where it is defined."""

from .accounts import resume_app
from .clients import get_client
from .codes import queue_code, redeem_proof, send_code, send_voice_code, verify_code
from .language import normalize_mobile
from .limits import client_ip
from .messages import queue_message, send_message
from .results import Verification
from .sweep import reap, run_pending, tick
from .templates import adopt_template

__all__ = [
    "Verification",
    "adopt_template",
    "client_ip",
    "get_client",
    "normalize_mobile",
    "queue_code",
    "queue_message",
    "reap",
    "redeem_proof",
    "resume_app",
    "run_pending",
    "send_code",
    "send_message",
    "send_voice_code",
    "tick",
    "verify_code",
]
