"""Pauses: an account-level refusal stops an app's sends, and ends by a probe or by a person."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError, router
from django.db.models import QuerySet

from .. import conf, signals
from ..client.results import Balance
from ..exceptions import AppPaused, InvalidInput, JSMSError, NotSent
from ..models.accounts import BY_HAND, Gate, Pause
from ..models.base import database_now, durably, now
from .clients import get_client
from .language import service

logger = logging.getLogger("django_jsms")

#: A pause that waiting alone may end: seconds of the first, and of the longest after repeats.
BACKOFF: Final = (1, 60)
#: A template is asked for again after this long; its audit may have ended meanwhile.
TEMPLATE_PAUSE: Final = timedelta(minutes=10)
#: Any answered balance query shows that these are over: keys, addresses and TLS are right again.
_ENDED_BY_ANY_ANSWER: Final = frozenset({50001, 50002, 50035, None})
_NO_MONEY: Final = frozenset({50014, 50033})
#: A pause by bad keys binds only the processes that have those keys, so a new secret starts clean.
_KEY_CODES: Final = frozenset({50001, 50002})
#: NotSent for these is not a moment's trouble but a wrong configuration.
CONFIGURATION: Final = frozenset({"tls_untrusted", "redirected"})
UNREACHABLE: Final = "unreachable"


def gate(config: conf.App, template_id: int | None, keys: Iterable[str] = ()) -> Gate:
    """Let a send pass, with the database's time and the counters of ``keys``, or raise AppPaused.

    Asks for the balance where that may end the pause. Raises NotConfigured before anything is claimed.
    """
    get_client(config.alias)
    found: Gate = Pause.objects.primary().gate(config.alias, template_id, config.fingerprint, list(keys))
    if found.pause and not _over(found.pause):
        raise _paused(found.pause, config, found.at)
    return found


def fingerprints() -> set[str]:
    """Of the keys that this process has."""
    found = set()
    for alias in conf.app_entries():
        with suppress(conf.NotConfigured):
            found.add(conf.app(alias).fingerprint)
    return found


def no_sandbox(config: conf.App) -> tuple[str, str]:
    """What to tell a developer whose sandbox does not answer, in English and Chinese."""
    return (
        f"The JSMS sandbox at {config.base_url} is not running. In another terminal: python manage.py jsms_sandbox",
        f"JSMS 沙箱（{config.base_url}）没有运行。另开一个终端：python manage.py jsms_sandbox",
    )


def pause_for(error: JSMSError, config: conf.App, *, template_id: int = 0) -> Pause:
    """Pause the app, or one template of it, for what the error says."""
    at = database_now(router.db_for_write(Pause))
    until = _until(error, config, template_id, at)
    standing = Pause.objects.primary().standing(config.alias, template_id) if until else None
    if standing:  # many calls fail together: the first of them decides how long
        return standing
    values: dict[str, object] = {
        "reason": error.reason,
        "code": error.code,
        "key_fingerprint": config.fingerprint if error.code in _KEY_CODES else "",
        "since": at,
        "until": until,
        "probed_at": at,
        "updated_at": at,
    }
    pause, created = _upsert(config.alias, template_id, values)
    if created:
        logger.error("JSMS app %s paused: %s (%s), template %s", config.alias, error.reason, error.code, template_id)
        signals.app_paused.send_robust(sender=Pause, instance=pause)
    return pause


def _upsert(app: str, template_id: int, values: dict[str, object]) -> tuple[Pause, bool]:
    """What a person decided stands; whatever else was there is replaced."""
    pauses = Pause.objects.primary().filter(app=app, template_id=template_id)
    using = router.db_for_write(Pause)
    replaced = pauses if values["reason"] == BY_HAND else pauses.exclude(reason=BY_HAND)
    if not durably(lambda: replaced.update(**values), using=using):
        try:
            return durably(lambda: pauses.create(app=app, template_id=template_id, **values), using=using), True
        except IntegrityError:  # another process paused it first, for the same reason
            pass
    return pauses.get(), False


def _until(error: JSMSError, config: conf.App, template_id: int, at: datetime) -> datetime | None:
    """None where waiting does not help."""
    if template_id:
        return at + TEMPLATE_PAUSE
    asked = getattr(error, "retry_after", None)
    if asked:
        return at + timedelta(seconds=asked)
    if error.reason == "throttled" or (isinstance(error, NotSent) and error.reason not in CONFIGURATION):
        return at + _backoff(config.alias, at)
    return None


def _backoff(app: str, at: datetime) -> timedelta:
    """Twice as long as the last time, where that was just now."""
    first, longest = (timedelta(seconds=seconds) for seconds in BACKOFF)
    last = Pause.objects.primary().filter(app=app, template_id=0, until__gt=at - longest).first()
    return min(2 * (last.until - last.since), longest) if last and last.until else first


def _paused(pause: Pause, config: conf.App, at: datetime) -> AppPaused:
    wait = max(1, round((pause.until - at).total_seconds())) if pause.until else None
    text, zh = f"Sending is paused ({pause.reason}). Please try again later.", "短信服务暂不可用，请稍后再试。"
    if config.sandbox and pause.reason == UNREACHABLE:
        text, zh = no_sandbox(config)
    return AppPaused(text, zh=zh, code=pause.code, retry_after=wait)


def pause_for_budget(config: conf.App, template_id: int | None, until: datetime) -> None:
    """The month budget has no room: what is queued with this template waits for the next month, or a person."""
    at = now()
    if Pause.objects.primary().standing(config.alias, template_id or 0):
        return
    values: dict[str, object] = {
        "reason": "budget", "code": None, "key_fingerprint": "", "since": at, "until": until, "probed_at": at,
        "updated_at": at,
    }  # fmt: skip
    pause, created = _upsert(config.alias, template_id or 0, values)
    if created:
        logger.error("JSMS app %s: the month budget has no room for template %s", config.alias, template_id)
        signals.app_paused.send_robust(sender=Pause, instance=pause)


@service
def pause_app(app: str = "default", *, template_id: int = 0) -> Pause:
    """Stop an app's sends, or those of one template of it, until ``resume_app``; answers the row.

    What is queued waits, until it expires; ``send_*`` raise AppPaused. Calls that are under way end. Nothing
    else ends a pause by a person: no probe, and no other refusal takes its place. Raises InvalidInput for an
    app that the settings do not name.
    """
    if app not in conf.app_entries():
        raise InvalidInput(
            f"The JSMS setting has no such app. It has: {', '.join(sorted(conf.app_entries()))}.",
            field="app",
            reason="invalid_app",
            zh=f"JSMS 设置中没有该应用。现有：{'、'.join(sorted(conf.app_entries()))}。",
        )
    at = now()
    values: dict[str, object] = {
        "reason": BY_HAND, "code": None, "key_fingerprint": "", "since": at, "until": None, "probed_at": at,
        "updated_at": at,
    }  # fmt: skip
    pause, created = _upsert(app, template_id, values)
    if created:
        logger.warning("JSMS app %s paused by a person, template %s", app, template_id)
        signals.app_paused.send_robust(sender=Pause, instance=pause)
    return pause


def resume_app(app: str = "default", *, template_id: int = 0) -> bool:
    """End the pause of an app, or of one template of it. Answers whether there was one.

    Nothing is sent by this; what waits is sent by the next sweep.
    """
    pause = Pause.objects.primary().filter(app=app, template_id=template_id).first()
    return _end(pause) if pause else False


def _end(pause: Pause) -> bool:
    ended, _ = Pause.objects.primary().filter(pk=pause.pk, since=pause.since).delete()
    if ended:
        logger.warning("JSMS app %s resumed; it was paused for %s", pause.app, pause.reason)
        signals.app_resumed.send_robust(sender=Pause, instance=pause)
    return bool(ended)


# -- the probe: a balance query, which costs nothing ----------------------------------------------------


def probe() -> None:
    """Ask about each paused app whose minute has come: a sweep leaves the rows of paused apps alone."""
    for pause in to_probe():
        _over(pause)


def to_probe() -> QuerySet[Pause]:
    """The pauses of our apps that may be over, and that nobody asked about for a minute."""
    return Pause.objects.primary().to_probe().filter(app__in=conf.app_entries())


def _over(pause: Pause) -> bool:
    """Ask JSMS whether the reason is gone: one caller a minute, the others stay refused."""
    if pause.template_id or pause.until or pause.reason == BY_HAND or not Pause.objects.primary().take_probe(pause):
        return False
    try:
        over = _probe(pause)
    except JSMSError:
        over = False
    return over and _end(pause)


def _probe(pause: Pause) -> bool:
    client = get_client(pause.app)
    balance = client.get_app_balance()
    if pause.code in _NO_MONEY and balance == Balance():  # never allotted: the app draws on its account
        balance = client.get_account_balance()
    return _shows_over(pause.code, balance, right_keys=True, pays=True)


def learn(config: conf.App, balance: Balance, *, right_keys: bool, pays: bool) -> None:
    """End the app's pause where an answered balance query shows that its reason is gone.

    ``right_keys``: it was asked with the app's own keys; ``pays``: these are the pools it draws on.
    """
    pauses = Pause.objects.primary().filter(app=config.alias, template_id=0, until=None).exclude(reason=BY_HAND)
    pause = pauses.filter(key_fingerprint__in=("", config.fingerprint)).first()
    if pause and _shows_over(pause.code, balance, right_keys=right_keys, pays=pays):
        _end(pause)


def _shows_over(code: int | None, balance: Balance, *, right_keys: bool, pays: bool) -> bool:
    if code in _NO_MONEY:
        return pays and any((balance.all_purpose, balance.industry))
    return code in _ENDED_BY_ANY_ANSWER and (right_keys or code not in _KEY_CODES)
