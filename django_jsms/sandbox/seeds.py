"""What a sandbox starts with, as JSON: accounts, apps, options."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from .control.apps import read_addresses
from .control.audits import read_signature, read_template
from .control.members import BadInput, Members
from .control.options import read_options
from .control.reports import read_outcome
from .events import KINDS
from .posting import BadAddress, parse_address
from .records import POOLS, Account, App, Pools
from .state import State


class BadSeed(ValueError):
    """A seed that cannot be taken: the message names the file, the member and the reason."""


def read_seed(path: str | os.PathLike[str]) -> Any:
    """The JSON in a file; raises ``BadSeed``, and OSError where there is none."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise BadSeed(f"{os.fspath(path)}: is not JSON in UTF-8: {error}") from None


def apply_seed(state: State, seed: Any, *, name: str = "seed") -> None:
    """Add what is listed, and change what is there already; raises ``BadSeed``. The caller holds the lock."""
    try:
        given = Members.of_object(seed)
        accounts, apps, options = given.objects("accounts"), given.objects("apps"), given.object("options")
        given.close()
        _each("accounts", accounts, lambda one: _take_account(state, one))
        _each("apps", apps, lambda one: _take_app(state, one))
        _each("options", [options], lambda one: _take_options(state, one), numbered=False)
        _check_listed_once("accounts", "dev_key", seed)
        _check_listed_once("apps", "app_key", seed)
    except BadInput as bad:
        raise BadSeed(f"{name}: {bad.field or 'it'} {bad.reason}") from None


def _each(name: str, members: Iterable[Members], take: Callable[[Members], None], *, numbered: bool = True) -> None:
    """Take one after the other; what is wrong is named by its whole path."""
    for number, one in enumerate(members):
        try:
            take(one)
        except BadInput as bad:
            path = f"{name}[{number}]" if numbered else name
            raise BadInput(f"{path}.{bad.field}" if bad.field else path, bad.reason) from None


def _check_listed_once(name: str, key: str, seed: Mapping[str, Any]) -> None:
    keys = [one[key] for one in seed.get(name) or ()]
    for number, one in enumerate(keys):
        if one in keys[:number]:
            raise BadInput(f"{name}[{number}].{key}", f"{one} is listed twice")


def _take_account(state: State, given: Members) -> None:
    key, secret, pools = given.required("dev_key"), given.text("dev_secret"), given.object("balances")
    given.close()
    account = state.accounts.get(key)
    if account is None:
        account = state.add_account(key, _secret("dev_secret", secret))
    account.secret = secret or account.secret
    _take_pools(account, pools)


def _take_app(state: State, given: Members) -> None:
    key, secret = given.required("app_key"), given.text("master_secret")
    app = state.apps.get(key)
    if app is None:
        app = state.add_app(key, _secret("master_secret", secret))
        if "signatures" in given:
            app.signatures.clear()
            app.default_sign = None
    app.secret = secret or app.secret
    app.account = _account(state, given, app)
    for name, take in _PARTS.items():
        if name in given:
            take(app, given, name)
        given.take(name)  # known all the same
    given.close()


def _secret(name: str, secret: str | None) -> str:
    if not secret:
        raise BadInput(name, "must be text, and not empty")
    return secret


def _account(state: State, given: Members, app: App) -> Account:
    key = given.text("dev_key")
    if key is not None and key not in state.accounts:
        raise BadInput("dev_key", f"there is no account {key}; known: {', '.join(state.accounts)}")
    return app.account if key is None else state.accounts[key]


def _take_pools(owner: App | Account, given: Members) -> None:
    def take(members: Members) -> None:
        pools: Pools = {name: members.pool(name) for name in POOLS if name in members}
        members.close()
        owner.pools.update(pools)

    _each("balances", [given], take, numbered=False)


def _take_templates(app: App, given: Members, name: str) -> None:
    def take(members: Members) -> None:
        members.must_have("temp_id")
        draft = read_template(members)
        members.close()
        app.templates[draft.temp_id] = draft

    _each(name, given.objects(name), take)


def _take_signatures(app: App, given: Members, name: str) -> None:
    def take(members: Members) -> None:
        members.must_have("sign_id")
        default, draft = members.flag("default"), read_signature(members)
        members.close()
        app.signatures[draft.sign_id] = draft
        if default or (default is None and app.default_sign is None):
            app.default_sign = draft.sign_id

    _each(name, given.objects(name), take)


def _take_optouts(app: App, given: Members, name: str) -> None:
    app.opted_out = set(given.mobiles(name))


def _take_outcomes(app: App, given: Members, name: str) -> None:
    app.outcomes.clear()
    _each(name, given.objects(name), lambda members: read_outcome(app, members))


def _take_callbacks(app: App, given: Members, name: str) -> None:
    def take(members: Members) -> None:
        urls = {kind: members.required(kind) for kind in KINDS if kind in members}
        members.close()
        for kind, url in urls.items():
            try:
                parse_address(url)
            except BadAddress as bad:
                raise BadInput(kind, str(bad)) from None
        app.callback_urls = urls

    _each(name, [given.object(name)], take, numbered=False)


def _take_ips(app: App, given: Members, name: str) -> None:
    app.allowed_ips = read_addresses(given)


def _take_flag(app: App, given: Members, name: str) -> None:
    value = given.flag(name)
    if value is None:
        raise BadInput(name, "must be true or false")
    setattr(app, name, value)


_PARTS: Final[Mapping[str, Callable[[App, Members, str], None]]] = {
    "balances": lambda app, given, name: _take_pools(app, given.object(name)),
    "templates": _take_templates,
    "signatures": _take_signatures,
    "optouts": _take_optouts,
    "outcomes": _take_outcomes,
    "callbacks": _take_callbacks,
    "ips": _take_ips,
    "enabled": _take_flag,
    "blacklisted": _take_flag,
}


def _take_options(state: State, given: Members) -> None:
    changed = read_options(given)
    given.close()
    state.options = replace(state.options, **changed)
