"""The checks of what runs: what a database holds against the settings, and whether anybody sends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DatabaseError, connections, router

from .. import conf
from ..models.base import CLOCKS
from ..models.bulk import copies
from ..models.callbacks import Reply
from ..models.codes import VerificationCode
from ..models.identifiers import folding, make_exact
from ..models.jobs import IdempotencyKey, JobLease
from ..models.messages import Message
from ..models.schedules import Schedule
from ..models.templates import Template
from ..services.addresses import network
from ..services.names import check_names
from ..services.sweep import nobody_sends

_CELERY: Final = "django_jsms.dispatch.celery"
#: Of so many codes that strangers asked for one has an address, if any can.
_ENOUGH: Final = 20


def _of_database(model: Any) -> Callable[[Callable[[], list[CheckMessage]]], Callable[..., list[CheckMessage]]]:
    """Register what reads a database, for ``check --database`` with the one that holds the model."""

    def decorate(check: Callable[[], list[CheckMessage]]) -> Callable[..., list[CheckMessage]]:
        @register(Tags.database)
        def asked(
            app_configs: Sequence[AppConfig] | None = None, databases: Sequence[str] | None = None, **kwargs: Any
        ) -> list[CheckMessage]:
            try:
                return check() if router.db_for_write(model) in (databases or ()) else []
            except DatabaseError:  # migrate checks before it has made the tables
                return []

        return asked

    return decorate


@register(Tags.security)
def check_celery(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Wake-ups are published by a thread, where Celery knows the default app only."""
    if conf.get("DISPATCH") != _CELERY or not find_spec("celery") or import_module(_CELERY).has_app():
        return []
    hint = "Call app.set_default() on your Celery app, and import it in your project's __init__.py."
    return [Warning("JSMS wakes workers through Celery, which has no default app.", hint=hint, id="jsms.W072")]


@_of_database(JobLease)
def check_workers() -> list[CheckMessage]:
    """Whether what waits is looked at by anybody."""
    if not nobody_sends():
        return []
    hint = "Start manage.py jsms_worker, or Celery's worker and beat."
    return [Warning("JSMS has SMS to send, and no worker has looked for 5 minutes.", hint=hint, id="jsms.W082")]


@_of_database(Schedule)
def check_schedules() -> list[CheckMessage]:
    """Schedules that JSMS may hold under an id that nobody knows."""
    lost = Schedule.objects.primary().filter(status="create_unknown").count()
    if not lost:
        return []
    hint = "Look in the console, then: manage.py jsms_schedule list --status create_unknown, and adopt or dismiss."
    return [Warning(f"JSMS may hold schedules whose id was lost: {lost}.", hint=hint, id="jsms.W080")]


@_of_database(Template)
def check_templates() -> list[CheckMessage]:
    """The names of ``TEMPLATES`` against the mirrored ones. A sandbox starts with them: none is missing."""
    try:
        problems = check_names()
    except AttributeError:  # TEMPLATES is no dict of dicts
        return []
    if all(entry.get("SANDBOX") for entry in conf.app_entries().values()):
        problems = [each for each in problems if each.problem != "missing"]
    hint = "See: manage.py jsms_template check."
    said = [f"JSMS['TEMPLATES'][{each.name!r}]: {each.text}" for each in problems]
    return [Warning(text, hint=hint, id="jsms.W081") for text in said]


@_of_database(Reply)
def check_charset() -> list[CheckMessage]:
    """MySQL's older three-byte UTF-8 refuses a reply with an emoji."""
    connection = connections[router.db_for_write(Reply)]
    if connection.vendor != "mysql":
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@character_set_database")
        charset = cursor.fetchone()[0]
    if charset == "utf8mb4":
        return []
    hint = "ALTER DATABASE … CHARACTER SET utf8mb4, before the tables are made; or convert them."
    return [Warning(f"The database of JSMS is {charset}, not utf8mb4.", hint=hint, id="jsms.W084")]


@_of_database(Message)
def check_driver() -> list[CheckMessage]:
    """Our own statements are written for four databases; in one of them a driver makes a difference."""
    connection = connections[router.db_for_write(Message)]
    if connection.vendor not in CLOCKS:
        hint = "Give it a database of its own by a router: PostgreSQL, MariaDB, MySQL or SQLite."
        return [Error(f"JSMS has no statements for {connection.display_name}.", hint=hint, id="jsms.E019")]
    if connection.vendor != "postgresql" or copies(connection):
        return []
    hint = "pip install 'psycopg[binary]', which copies them; all else is the same."
    return [Warning("Lists for JSMS are taken in row by row: the driver is not psycopg 3.", hint=hint, id="jsms.W087")]


@_of_database(IdempotencyKey)
def check_collations() -> list[CheckMessage]:
    """MySQL and MariaDB tell «Key» from «key» only where the column says so; CONVERT TO, for one, takes that away."""
    connection = connections[router.db_for_write(IdempotencyKey)]
    return [
        Warning(
            f"The database takes different texts in {model._meta.db_table} for the same, as «Key» and «key».",
            hint=make_exact(connection, model),
            id="jsms.W086",
        )
        for model in folding(connection, apps.get_app_config("django_jsms").get_models())
    ]


@_of_database(VerificationCode)
def check_addresses() -> list[CheckMessage]:
    """What the requests bring, no setting shows: whether codes that strangers ask for ever have an address."""
    newest = VerificationCode.objects.primary().order_by("-pk").values_list("policy", "is_test", "ip")[:100]
    asked = [ip for policy, is_test, ip in newest if policy == "user" and not is_test]
    if settings.DEBUG or len(asked) < _ENOUGH or any(map(network, asked)):
        return []
    hint = (
        "Pass ip=client_ip(request) to what sends codes, and behind a proxy set TRUSTED_PROXY_COUNT or "
        "CLIENT_IP_HEADER to what it sends; the log says what was found instead. Silence this if no codes are asked "
        "for over the web."
    )
    text = f"None of the newest {len(asked)} codes has a public address, so the limits per address do not apply."
    return [Warning(text, hint=hint, id="jsms.W085")]
