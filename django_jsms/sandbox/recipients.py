"""The checks of one number: each is made ready once a call, and then made for every number of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from .call import Call
from .hours import REFUSE, opens_at
from .records import MARKETING, Recipient
from .refusals import Refusal
from .rendering import OPT_OUT_LINE, form, in_form, length, placeholders, segments
from .wire import is_mobile

MAX_CONTENT: Final = 500
Check = Callable[[Recipient], None]


def each(prepare: Callable[[Call], Check | None]) -> Callable[[Call], None]:
    """As a step of the call: it fails a single one, and of a batch only the item (messages page, sample)."""

    def step(call: Call) -> None:
        check = prepare(call) if call.recipients else None
        if check is None:
            return
        for one in call.recipients:
            if one.refusal is None:
                try:
                    check(one)
                except Refusal as refusal:
                    if not call.route.many:
                        raise
                    one.refusal = refusal

    step.__name__ = prepare.__name__
    return step


def check_mobile(call: Call) -> Check:
    def check(one: Recipient) -> None:
        if not one.mobile:
            raise Refusal(50004)
        if not is_mobile(one.mobile):
            raise Refusal(50006)

    return check


def check_parameters(call: Call) -> Check | None:
    names = placeholders(call.template.text) if call.template else ()

    def check(one: Recipient) -> None:
        values = [one.params.get(name) for name in names]
        if not all(values):
            # 50023: nothing given, or a value is empty; 50022: some are there and some are not.
            raise Refusal(50023 if not one.params or "" in values else 50022)

    return check if names else None


def render_text(call: Call) -> Check | None:
    if call.template is None or call.signature is None:
        return None
    # JSMS adds the signature in front and, to marketing, the opt-out line behind.
    tail = OPT_OUT_LINE if is_marketing(call) else ""
    whole = f"{in_form(f'【{call.signature.text}】')}{form(call.template.text)}{tail}"

    def fill(one: Recipient) -> None:
        one.text = text = whole % one.params
        one.units = units = length(text)
        one.segments = segments(units)

    return fill


def check_content(call: Call) -> Check | None:
    if call.signature is None:
        return None
    black_words, head = call.state.options.black_words, len(call.signature.text) + 2

    def check(one: Recipient) -> None:
        body = one.text[head:]
        if "【" in body or "】" in body:
            raise Refusal(50054)
        for word in black_words:
            if word in body:
                raise Refusal(50037)
        if one.units > MAX_CONTENT:
            raise Refusal(50038)

    return check


def is_marketing(call: Call) -> bool:
    return call.template is not None and call.template.type == MARKETING


def check_opt_out(call: Call) -> Check | None:
    opted_out = call.the_app.opted_out if is_marketing(call) else ()

    def check(one: Recipient) -> None:
        if one.mobile in opted_out:
            raise Refusal(50024)

    return check if opted_out else None


def check_hours(call: Call) -> Check | None:
    """With the option, marketing outside 08:00 to 21:00 is too early or too late: 50009, «later»."""
    refuses = call.state.options.marketing_hours == REFUSE and is_marketing(call)

    def check(one: Recipient) -> None:
        raise Refusal(50009)

    return check if refuses and opens_at(call.now) > call.now else None


def check_frequency(call: Call) -> Check | None:
    take, now, noted = call.lane.take, call.now, call.noted

    def check(one: Recipient) -> None:
        if not take(one.mobile, one.text, now):
            raise Refusal(50009)
        noted.append(one.mobile)

    return check if call.state.options.frequency else None
