"""Balances: the pools of apps and accounts."""

from __future__ import annotations

from typing import Any, Final

from django_jsms.sandbox.records import POOLS, Pools
from django_jsms.sandbox.state import State

from .members import Members


def read_balances(state: State, given: Members) -> Any:
    given.close()
    with state.lock:
        apps = {app.key: dict(app.pools) for app in state.apps.values()}
        return {"apps": apps, "accounts": {each.key: dict(each.pools) for each in state.accounts.values()}}


def set_balances(state: State, given: Members) -> Any:
    """Any of the four pools, null for «never allotted»; with ``"of": "account"`` those of the account."""
    of = given.choice("of", ("app", "account"), "app")
    app = given.app(state)
    pools: Pools = {name: given.pool(name) for name in POOLS if name in given}
    given.close()
    with state.lock:
        (app if of == "app" else app.account).pools.update(pools)
    return read_balances(state, Members({}))


ROUTES: Final = {"/_sandbox/balances": {"GET": read_balances, "POST": set_balances}}
