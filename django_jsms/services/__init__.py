"""What a project calls. Each name is documented where it is defined."""

from .accounts import pause_app, resume_app
from .addresses import client_ip
from .adoption import adopt_schedule, dismiss_schedule
from .balances import get_account_balance, get_balance
from .batches import cancel_batch, create_batch, discard_batch, pause_batch, resume_batch, start_batch
from .budgets import Budget, budget_of
from .burn import PoolState, pool_states
from .clients import get_client
from .codes import queue_code, send_code, send_voice_code
from .exports import export_batch
from .guards import SendIntent
from .language import normalize_mobile
from .lists import read_list
from .messages import queue_message, send_message
from .optouts import opt_in, opt_out
from .previews import preview_batch, preview_message
from .progress import batch_progress
from .pulls import pull_replies, pull_reports
from .rates import Rate, delivery_rates
from .reports import match_reports
from .resends import resend_after, resend_code
from .resets import limits_of, reset_limits
from .results import Verification
from .retries import mark_lost, resend_unknown, retry_failed, unknown_messages
from .schedules import cancel_schedule, refresh_schedule, schedule_batch, schedule_message, update_schedule
from .signatures import (
    adopt_signature,
    create_signature,
    delete_signature,
    refresh_signature,
    submit_signature,
    update_signature,
)
from .spend import SpendLine, monthly_spend
from .sweep import last_sweep, reap, run_pending, tick
from .templates import (
    adopt_template,
    create_template,
    delete_template,
    draft_template,
    preview_template,
    refresh_template,
    submit_template,
    update_template,
)
from .texts import TemplatePreview
from .told import dismiss_callback, reprocess_callback
from .verification import redeem_proof, verify_code

__all__ = [
    "Budget",
    "PoolState",
    "Rate",
    "SendIntent",
    "SpendLine",
    "TemplatePreview",
    "Verification",
    "adopt_schedule",
    "adopt_signature",
    "adopt_template",
    "batch_progress",
    "budget_of",
    "cancel_batch",
    "cancel_schedule",
    "client_ip",
    "create_batch",
    "create_signature",
    "create_template",
    "delete_signature",
    "delete_template",
    "delivery_rates",
    "discard_batch",
    "dismiss_callback",
    "dismiss_schedule",
    "draft_template",
    "export_batch",
    "get_account_balance",
    "get_balance",
    "get_client",
    "last_sweep",
    "limits_of",
    "mark_lost",
    "match_reports",
    "monthly_spend",
    "normalize_mobile",
    "opt_in",
    "opt_out",
    "pause_app",
    "pause_batch",
    "pool_states",
    "preview_batch",
    "preview_message",
    "preview_template",
    "pull_replies",
    "pull_reports",
    "queue_code",
    "queue_message",
    "read_list",
    "reap",
    "redeem_proof",
    "refresh_schedule",
    "refresh_signature",
    "refresh_template",
    "reprocess_callback",
    "resend_after",
    "resend_code",
    "resend_unknown",
    "reset_limits",
    "resume_app",
    "resume_batch",
    "retry_failed",
    "run_pending",
    "schedule_batch",
    "schedule_message",
    "send_code",
    "send_message",
    "send_voice_code",
    "start_batch",
    "submit_signature",
    "submit_template",
    "tick",
    "unknown_messages",
    "update_schedule",
    "update_signature",
    "update_template",
    "verify_code",
]
