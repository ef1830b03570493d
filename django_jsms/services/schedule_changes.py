"""What a change of a schedule asks for: JSMS replaces the whole, so the whole is worked out and checked here."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from django.views.decorators.debug import sensitive_variables

from .. import conf
from ..client.mobile import parse
from ..exceptions import InvalidInput
from ..models.schedules import Schedule
from . import guards, schedule_rows
from .chosen import Chosen, check_params, choose
from .hours import aware, check_send_at
from .intake import Recipient, several, split
from .messages import check_class

#: Recipients of one schedule (jsms-api 2.7).
MOST: Final = 1000


@sensitive_variables()
def wanted(
    schedule: Schedule,
    send_at: datetime | None,
    template: int | str | None,
    params: Mapping[str, str] | None,
    recipients: Iterable[Recipient] | None,
) -> dict[str, Any]:
    """The whole of the schedule as it shall be: JSMS replaces, it does not patch. Every value is checked."""
    signature, message_class, rows = schedule.signature_id, schedule.message_class, None
    template_id = schedule.template_id
    if template is not None or params is not None or recipients is not None:
        chosen = choose(template_id if template is None else template, schedule.app)
        rows = _recipients(schedule, chosen, template is not None, check_params(params), recipients)
        if template is not None:
            template_id, signature = chosen.template_id, chosen.signature_id or signature
            message_class = check_class(None, chosen.message_class)
            no_codes(message_class)
    _ask_guards(schedule, template_id, message_class, rows)
    time = check_send_at(schedule.send_at if send_at is None else send_at, message_class)
    return {
        "send_at": aware(time).isoformat(),
        "template_id": template_id,
        "signature_id": signature,
        "message_class": message_class,
        "recipients": rows,
    }


@sensitive_variables()
def _ask_guards(
    schedule: Schedule, template_id: int, message_class: str, rows: list[tuple[str, dict[str, str], int]] | None
) -> None:
    """About everybody whom the changed schedule would be sent to, also where only its time changes."""
    guarded = guards.gate(conf.app(schedule.app))
    if guarded is None:
        return
    asked = [row[1:] for row in schedule_rows.waiting(schedule)] if rows is None else [row[:2] for row in rows]
    for mobile, own in asked:
        guarded(guards.SendIntent(schedule.app, mobile, message_class, template_id, own))


def no_codes(message_class: str) -> None:
    if message_class == "code":
        raise InvalidInput(
            "A verification code cannot be scheduled: it would be too old when it came.",
            field="template",
            reason="wrong_template_type",
            zh="验证码不能定时发送：送达时早已过期。",
        )


@sensitive_variables()
def _recipients(
    schedule: Schedule,
    chosen: Chosen,
    other_text: bool,
    params: Mapping[str, str],
    recipients: Iterable[Recipient] | None,
) -> list[tuple[str, dict[str, str], int]]:
    """Number, parameters and segments of each. What is not given stays where the text has it."""
    single = schedule.kind == Schedule.Kind.SINGLE
    now = [(mobile, _fitting(own, chosen, other_text)) for _, mobile, own in schedule_rows.waiting(schedule)]
    rows: list[Recipient] = [*now] if recipients is None else _listed(recipients, 1 if single else MOST)
    kept = now[0][1] if single and now else {}
    found: dict[str, tuple[str, dict[str, str], int]] = {}
    for index, row in enumerate(rows):
        mobile, own = _recipient(index, row, kept, params, chosen)
        if mobile in found:
            raise _bad_recipient(index, "is there twice", "重复", "duplicate")
        found[mobile] = (mobile, own, chosen.segments(own))
    return list(found.values())


def _fitting(own: dict[str, str], chosen: Chosen, other_text: bool) -> dict[str, str]:
    """Parameters that another text has no place for are dropped."""
    if not other_text or chosen.text is None:
        return own
    return {name: text for name, text in own.items() if name in chosen.names}


def _listed(recipients: Iterable[Recipient], most: int) -> list[Recipient]:
    given: list[Recipient] = (
        [recipients] if isinstance(recipients, str) else list(itertools.islice(several(recipients), most + 1))
    )
    if 1 <= len(given) <= most:
        return given
    raise InvalidInput(
        f"recipients must be 1 to {most}." if most > 1 else "recipients must be one: the schedule is a single one.",
        field="recipients",
        reason="too_many_recipients" if given else "no_recipients",
        zh=f"收件人须为 1 至 {most} 个。" if most > 1 else "该定时任务为单条，收件人须为一个。",
    )


@sensitive_variables()
def _recipient(
    index: int, row: Recipient, kept: Mapping[str, str], params: Mapping[str, str], chosen: Chosen
) -> tuple[str, dict[str, str]]:
    try:
        value, given = split(row, chosen.columns)
        mobile, own = parse(value), check_params({**kept, **given, **params})
        chosen.check(own)
    except InvalidInput as error:
        raise _bad_recipient(index, f"is not valid: {error}", f"无效：{error.zh}", error.reason) from None
    return mobile, own


def _bad_recipient(index: int, en: str, zh: str, reason: str) -> InvalidInput:
    where = f"recipients[{index}]"
    return InvalidInput(f"{where} {en}", field="recipients", reason=reason, zh=f"{where} {zh}")
