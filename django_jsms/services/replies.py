"""Replies (上行回复): what recipients write back, and the opt-outs in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from .. import signals
from ..client import told
from ..client.mobile import number_in
from ..models.base import mobile_hash
from ..models.callbacks import Callback, OptOut, Reply
from . import optouts
from .hours import told_at


def apply_reply(callback: Callback, said: told.Reply, at: datetime) -> tuple[str, Callable[[], None]]:
    """Keep one reply, and the opt-out it may be, in the open transaction."""
    mobile = number_in(said.mobile)
    if mobile is None:
        return "invalid_mobile", lambda: None
    when = told_at(said.replied_at, at)
    reply = Reply.objects.primary().create(
        app=callback.app,
        mobile=mobile,
        mobile_hash=mobile_hash(mobile),
        content=said.content,
        replied_at=when,
        callback=callback,
    )
    stops = [mobile] if optouts.asks_to_stop(said.content) else []
    gone = optouts.note(callback.app, stops, OptOut.Source.REPLY, at=when, evidence=said.content)
    return "", lambda: _announce(reply, gone)


def _announce(reply: Reply, gone: list[OptOut]) -> None:
    signals.reply_received.send_robust(sender=Reply, instance=reply)
    optouts.announce(gone)
