"""``manage.py jsms_balance``: what is left in each pool, and how many days it lasts."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.timezone import is_aware, localtime
from django.utils.translation import gettext as _

from ... import conf
from ...exceptions import JSMSError
from ...models.balances import BalanceSnapshot, Pool
from ...services import PoolState, get_account_balance, get_balance, pool_states
from ..base import TerminalCommand
from ..tables import table


class Command(TerminalCommand):
    help = (
        "Ask JSMS what is left, for every app of the settings and for the account behind those without an allotment. "
        "Exit codes: 0 everything was answered, 1 something was not, 2 usage."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--app", help=_("only this app of the JSMS setting"))
        parser.add_argument("--account", action="store_true", help=_("only the account; needs DEV_KEY and DEV_SECRET"))
        parser.add_argument("--json", action="store_true", help=_("one JSON list, for scripts"))

    def handle(self, *args: Any, app: str | None, account: bool, **options: Any) -> None:
        answered, failed = self._ask([app] if app else list(conf.app_entries()), account)
        if options["json"]:
            self.stdout.write(json.dumps([_as_data(each) for each in answered], ensure_ascii=False, indent=2))
        else:
            self.stdout.write("\n\n".join(map(_as_text, answered)))
        if failed:
            raise CommandError("\n".join(failed))

    def _ask(self, apps: list[str], account: bool) -> tuple[list[BalanceSnapshot], list[str]]:
        answered: list[BalanceSnapshot] = []
        failed: list[str] = []
        seen: set[str] = set()
        for alias in apps:
            try:
                answered += _answers(alias, account, seen)
            except JSMSError as error:
                failed.append(f"{alias}: {error.message}")
        return answered, failed


def _answers(alias: str, account: bool, seen: set[str]) -> list[BalanceSnapshot]:
    """The app's own, and that of its account where it is wanted, known and was not asked before."""
    config = conf.app(alias)
    found = [] if account else [get_balance(alias)]
    wanted = account or (found[0].uses_account and config.dev_key and config.dev_secret)
    if wanted and config.dev_key not in seen:
        found.append(get_account_balance(alias))
        seen.add(config.dev_key)
    return found


def _as_data(snapshot: BalanceSnapshot) -> dict[str, Any]:
    states = [asdict(state) for state in pool_states(snapshot)]
    return {
        "app": snapshot.app,
        "scope": snapshot.scope,
        "uses_account": snapshot.uses_account,
        "taken_at": snapshot.taken_at.isoformat(timespec="seconds"),
        "pools": {state.pop("pool"): state for state in states},
    }


def _as_text(snapshot: BalanceSnapshot) -> str:
    at = localtime(snapshot.taken_at) if is_aware(snapshot.taken_at) else snapshot.taken_at
    title = f"{snapshot.get_scope_display()} {snapshot.app}, {at:%Y-%m-%d %H:%M}"
    if snapshot.uses_account:
        return f"{title}\n" + _("No allotment of its own: it uses the account's pools.")
    head = (_("Pool"), _("Segments left"), _("a day"), _("days left"))
    rows = [_row(state) for state in pool_states(snapshot)]
    return f"{title}\n{table(head, rows, right=(1, 2, 3))}"


def _row(state: PoolState) -> tuple[object, ...]:
    left = _("never allotted") if state.left is None else state.left
    return Pool(state.pool).label, left, f"{state.per_day:.1f}", state.days_left
