"""Balances: asked, kept as snapshots, and told of once where a pool falls below its threshold."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Final

from django.db import router

from .. import conf
from ..client.results import Balance
from ..conf import NotConfigured
from ..exceptions import JSMSError
from ..models.balances import BalanceSnapshot, Scope
from ..models.base import durably, now, outside_transaction
from . import accounts
from .clients import get_client
from .language import service
from .low import tell_what_is_low

logger = logging.getLogger("django_jsms")

#: A year and a month of history: enough to compare with last year.
KEPT: Final = timedelta(days=400)


@service
def get_balance(app: str = "default") -> BalanceSnapshot:
    """Ask what was allotted to this app and is left of it, in segments; answers the committed snapshot.

    One call of ``GET /accounts/app``. An app without an allotment draws on its account's pools: its
    snapshot holds None only, and ``uses_account`` is True. An answer ends the pauses it shows to be over.
    Raises NotConfigured, InTransaction, Refused, NotSent and NoAnswer, with nothing written.

    JSMS: https://docs.jiguang.cn/jsms/server/rest_jsms_api_account
    """
    config = conf.app(app)
    outside_transaction(router.db_for_write(BalanceSnapshot))
    balance = get_client(app).get_app_balance()
    snapshot = _keep(config, Scope.APP, balance)
    accounts.learn(config, balance, right_keys=True, pays=not snapshot.uses_account)
    return snapshot


@service
def get_account_balance(app: str = "default") -> BalanceSnapshot:
    """Ask what the account of this app has left beside all allotments, in segments; answers the snapshot.

    One call of ``GET /accounts/dev`` with ``DEV_KEY`` and ``DEV_SECRET`` of the app. Raises NotConfigured
    where they are not set, InTransaction, Refused, NotSent and NoAnswer, with nothing written.

    JSMS: https://docs.jiguang.cn/jsms/server/rest_jsms_api_account
    """
    config = conf.app(app)
    if not (config.dev_key and config.dev_secret):
        raise NotConfigured(
            f"JSMS app {app!r} has no DEV_KEY and DEV_SECRET, which the balance of the account needs. Copy both "
            "from the developer's page of the console.",
            zh=f"JSMS 应用 {app!r} 没有 DEV_KEY 和 DEV_SECRET，查询账号余量需要它们。请从控制台的开发者信息页复制。",
        )
    outside_transaction(router.db_for_write(BalanceSnapshot))
    balance = get_client(app).get_account_balance()
    snapshot = _keep(config, Scope.ACCOUNT, balance)
    own = BalanceSnapshot.objects.primary().latest_of(app, Scope.APP)
    accounts.learn(config, balance, right_keys=False, pays=own is not None and own.uses_account)
    return snapshot


def _keep(config: conf.App, scope: Scope, balance: Balance) -> BalanceSnapshot:
    snapshots = BalanceSnapshot.objects.primary()
    values = {"app": config.alias, "scope": scope, **asdict(balance)}
    snapshot = durably(lambda: snapshots.create(**values), using=router.db_for_write(BalanceSnapshot))
    tell_what_is_low(snapshot)
    return snapshot


# -- from time to time ------------------------------------------------------------------------------------------


def snapshot_balances() -> int:
    """Ask for every app of the settings, and once for each account that some app draws on; how many answered.

    An app that cannot be asked is logged and keeps no other from being asked.
    """
    accounts: dict[str, str] = {}
    answered = 0
    for alias in conf.app_entries():
        snapshot = _try(get_balance, alias)
        if snapshot is None:
            continue
        answered += 1
        config = conf.app(alias)
        if snapshot.uses_account and config.dev_key and config.dev_secret:
            accounts.setdefault(config.dev_key, alias)
    answered += sum(_try(get_account_balance, alias) is not None for alias in accounts.values())
    old = BalanceSnapshot.objects.primary().filter(taken_at__lt=now() - KEPT)
    durably(old.delete, using=router.db_for_write(BalanceSnapshot))
    return answered


def _try(ask: Callable[[str], BalanceSnapshot], app: str) -> BalanceSnapshot | None:
    try:
        get_client(app)
        return ask(app)
    except NotConfigured:  # said by the checks, and not once an hour
        return None
    except JSMSError as error:
        logger.warning("%s: JSMS app %s not answered: %s (%s)", ask.__name__, app, error.reason, error.code)
        return None
