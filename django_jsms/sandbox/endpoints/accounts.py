"""Balances of the account and of the app."""

from __future__ import annotations

from typing import Any

from django_jsms.sandbox.balances import allotted
from django_jsms.sandbox.call import Call
from django_jsms.sandbox.records import POOLS
from django_jsms.sandbox.refusals import Refusal


def account_balance(call: Call) -> Any:
    """``GET /accounts/dev``, with the developer's credentials; null is «never allotted»."""
    pools = call.owner.pools
    return {f"dev_{name}": pools[name] for name in POOLS}


def app_balance(call: Call) -> Any:
    """``GET /accounts/app``; an app that was given nothing of its own is refused."""
    pools = call.the_app.pools
    if not allotted(pools):
        raise Refusal(50033)
    return {f"app_{name}": pools[name] for name in POOLS}
