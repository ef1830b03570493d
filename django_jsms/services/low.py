"""A pool below its threshold: told once by signal and e-mail, and again only after it has recovered."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Final

from django.conf import settings
from django.core import mail
from django.db import router
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .. import conf, signals
from ..models.balances import BalanceSnapshot, LowBalance, Pool
from ..models.base import durably, now
from .burn import PoolState, pool_states

logger = logging.getLogger("django_jsms")

#: A pool has recovered when it stands so much above its threshold: one that hovers there is told once.
_RECOVERED: Final = 1.2


def tell_what_is_low(snapshot: BalanceSnapshot) -> None:
    """Compare a new snapshot with ``BALANCE_LOW``; what just fell is announced, what recovered is forgotten."""
    floors = conf.get("BALANCE_LOW")
    if not floors or snapshot.uses_account:
        return
    fell = []
    for state in pool_states(snapshot):
        where = {"app": snapshot.app, "scope": snapshot.scope, "pool": state.pool}
        floor = floors.get(state.pool, {})
        if _is_below(state, floor):
            fell += [state] if LowBalance.objects.primary().begin(now(), **where) else []
        elif not _is_below(state, floor, _RECOVERED):
            standing = LowBalance.objects.primary().filter(**where)
            durably(standing.delete, using=router.db_for_write(LowBalance))
    for state in fell:
        told = {"pool": state.pool, "left": state.left, "days_left": state.days_left}
        signals.balance_low.send_robust(sender=BalanceSnapshot, instance=snapshot, **told)
    if fell:
        _write(snapshot, fell)


def _is_below(state: PoolState, floor: Mapping[str, float], times: float = 1.0) -> bool:
    if state.left is None:
        return False
    days = state.days_left
    return state.left < floor.get("segments", 0) * times or (days is not None and days < floor.get("days", 0) * times)


def _write(snapshot: BalanceSnapshot, fell: Sequence[PoolState]) -> None:
    """In the site's language, to ``BALANCE_EMAILS``, else to ADMINS. The balance is known even where this fails."""
    with translation.override(settings.LANGUAGE_CODE):
        subject = _("JSMS balance is low: %(app)s") % {"app": snapshot.app}
        lines = [_line(state) for state in fell]
        way_out = _("Top up or allot segments in the console of Jiguang. This is told once, until it has recovered.")
        body = "\n".join([f"{snapshot.get_scope_display()} {snapshot.app}", *lines, "", way_out])
    try:
        to = list(conf.get("BALANCE_EMAILS"))
        mail.send_mail(subject, body, None, to) if to else mail.mail_admins(subject, body)
    except Exception:
        logger.exception("The mail about a low balance of %s was not sent", snapshot)


def _line(state: PoolState) -> str:
    left = state.left or 0
    told = ngettext("%(pool)s: %(left)d segment left", "%(pool)s: %(left)d segments left", left) % {
        "pool": Pool(state.pool).label,
        "left": left,
    }
    if state.days_left is None:
        return told
    return told + _(", enough for %(days).1f days at %(rate)g a day") % {
        "days": state.days_left,
        "rate": state.per_day,
    }
