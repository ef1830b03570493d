"""What stands before every send: the fence of allowed numbers, the project's own guards, and test numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from django.utils.crypto import constant_time_compare

from .. import conf
from ..exceptions import InvalidInput, Refused
from ..models.base import now
from . import hooks
from .hours import BEIJING, aware

#: How ALLOWED_MOBILES names numbers: whole, or by how they begin.
PATTERN: Final = re.compile(r"[0-9]{0,11}\*|[0-9]{11}", re.ASCII)
#: The reason of a number that is fenced off.
FENCED: Final = "mobile_not_allowed"
#: The reason of a veto whose guard gave none of its own, and of a guard that broke.
VETOED, BROKEN = "vetoed", "guard_failed"


@dataclass(frozen=True)
class SendIntent:
    """What is about to be sent, once to one number; nothing has been written or counted for it.

    ``message_class`` is ``code``, ``notice`` or ``marketing``. ``purpose``, ``channel`` (``text`` or ``voice``),
    ``ip`` and ``policy`` are those of codes, empty or None elsewhere; ``template_id`` is None for voice codes.
    """

    app: str
    mobile: str = field(repr=False)
    message_class: str
    template_id: int | None
    params: Mapping[str, str] = field(default_factory=dict, repr=False)
    purpose: str = ""
    channel: str = ""
    ip: str | None = None
    policy: str = ""
    #: A code for a test number: it is written and checked like any other, and nothing is sent.
    is_test: bool = False


def check(intent: SendIntent, config: conf.App) -> None:
    """Let a send pass, or raise InvalidInput for a number that is fenced off, and Refused for a guard's veto."""
    passes = gate(config)
    if passes is not None:
        passes(intent)


def gate(config: conf.App) -> Callable[[SendIntent], None] | None:
    """``check`` for many sends of one app: the settings are read once. None: nothing stands in the way of any."""
    reaches = fence(config)
    guards = [(path, hooks.load(path)) for path in conf.get("GUARDS")]
    if reaches is None and not guards:
        return None

    def passes(intent: SendIntent) -> None:
        if reaches is not None and not intent.is_test and not reaches(intent.mobile):
            raise refusal()
        for path, guard in guards:
            _ask(path, guard, intent)

    return passes


def fence(config: conf.App) -> Callable[[str], bool] | None:
    """Whether anything may be sent to a number, as ``ALLOWED_MOBILES`` is now. None: to everybody.

    It stands where a row is made, and again before each call: rows may be older than the fence, as in a copy of
    the production database.
    """
    allowed = conf.allowed_mobiles(config)
    return None if "*" in allowed else lambda mobile: any(_matches(mobile, each) for each in allowed)


def _matches(mobile: str, pattern: str) -> bool:
    return mobile.startswith(pattern[:-1]) if pattern.endswith("*") else mobile == pattern


def refusal() -> InvalidInput:
    """What is said of a number that is fenced off."""
    return InvalidInput(
        "Nothing is sent to this number: it is not in JSMS['ALLOWED_MOBILES'], which is empty unless set where "
        "DEBUG is on and the keys are real.",
        field="mobile",
        reason=FENCED,
        zh="不会向该手机号发送：它不在 JSMS['ALLOWED_MOBILES'] 中（DEBUG 开启且使用真实密钥时，默认谁都不发）。",
    )


def _ask(path: str, guard: Callable[[SendIntent], None] | None, intent: SendIntent) -> None:
    """A guard that breaks refuses: what it was to keep out must not pass meanwhile."""
    try:
        if guard is not None:
            guard(intent)
            return
    except Refused as veto:
        if veto.reason == Refused.reason:
            veto.reason = VETOED
        raise
    except Exception as error:
        hooks.broke(f"The guard {path} failed, so the send is refused", error)
    raise Refused(
        "A guard of this project failed.", reason=BROKEN, zh="本项目的发送检查出错，已拒绝发送。", who="caller"
    )


# -- test numbers -----------------------------------------------------------------------------------------


def is_test_number(mobile: str) -> bool:
    """Whether no SMS goes to it, today in Beijing."""
    last = conf.last_day(conf.test_numbers().get(mobile, {}))
    return last is not None and aware(now()).astimezone(BEIJING).date() <= last


def is_test_code(mobile: str, code: str) -> bool:
    """Whether that is the code of that test number, in the same time whatever it is."""
    expected = str(conf.test_numbers().get(mobile, {}).get("code", ""))
    return constant_time_compare(code, expected) and is_test_number(mobile)
