"""What phones answer: a reply goes to the app, and one of the opt-out words keeps marketing away."""

from __future__ import annotations

from typing import Final

from .events import REPLY, announce
from .records import App, Reply
from .state import State

#: T and TD historically, R since 2025 (callback page, console guide); 退订 is what people write.
OPT_OUT_WORDS: Final = frozenset({"T", "TD", "R", "退订"})


def reply(state: State, app: App, mobile: str, content: str) -> Reply:
    """The phone answers; the caller holds the lock."""
    now = state.clock.time()
    opted_out = content.strip().upper() in OPT_OUT_WORDS
    if opted_out:
        app.opted_out.add(mobile)
    answer = Reply(state.new_seq(), app.key, mobile, content, now, opted_out)
    state.replies.append(answer)
    announce(app, REPLY, {"phone": mobile, "replyTime": int(now * 1000), "content": content})
    return answer


def answers_to(state: State, mobile: str) -> App:
    """The app whose text stands last on that phone, or the first app."""
    newest = next((each for each in reversed(state.messages) if each.mobile == mobile), None)
    return state.app(newest.app_key if newest else None)
