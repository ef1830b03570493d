"""Apps of JSMS: what pauses them."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Self

from django.db import connections, models, router
from django.utils.translation import gettext_lazy as _

from .base import CLOCKS, DatabaseTime, now, read_clock
from .identifiers import Identifier
from .limits import Held, beside, by_key
from .templates import Template

#: How often a paused app may be asked whether its reason is gone.
PROBE_EVERY: Final = timedelta(seconds=60)
#: The reason of a pause that a person asked for: only a person ends it.
BY_HAND: Final = "by_hand"


@functools.cache
def _gate(vendor: str) -> str:
    """The clock and the pauses in one statement, by hand: compiling the ORM's took a third of a send."""
    return (
        f"SELECT {CLOCKS[vendor]}, (SELECT COUNT(*) FROM {Pause._meta.db_table} WHERE app = %s AND "
        "template_id IN (0, %s) AND key_fingerprint IN ('', %s) AND (until IS NULL OR until > "
    )


@functools.lru_cache(maxsize=64)
def _counters(using: str, keys: int) -> str:
    """What reads along the life of the template's codes, and so many counters."""
    life = f"(SELECT ttl FROM {Template._meta.db_table} WHERE app = %s AND remote_id = %s)"
    names, join = beside(using, keys)
    return f"{life}, {names} FROM (SELECT 1 AS one) o {join}"


@dataclass(frozen=True, slots=True)
class Gate:
    """What a send has to know before it is claimed."""

    #: The database's time.
    at: datetime
    #: What is in the way, if anything.
    pause: Pause | None
    #: Seconds that codes of the template live, where it is mirrored and says so; asked for with counters only.
    life: int | None = None
    #: By key, those that exist.
    counters: Mapping[str, Held] = field(default_factory=dict)


class PauseQuerySet(models.QuerySet["Pause"]):
    def primary(self) -> Self:
        return self.using(router.db_for_write(self.model))

    def binding(self, app: str, template_id: int | None, fingerprint: str) -> Self:
        """The pauses that keep this app from sending this template with these keys."""
        keys = models.Q(key_fingerprint="") | models.Q(key_fingerprint=fingerprint)
        return self.in_force().filter(keys, app=app, template_id__in={0, template_id or 0})

    def in_force(self) -> Self:
        """Those whose time is not over, by the database's clock: a host's own binds all the others too."""
        return self.filter(models.Q(until=None) | models.Q(until__gt=DatabaseTime()))

    def standing(self, app: str, template_id: int) -> Pause | None:
        """The pause of exactly that app or template, where it is in force."""
        return self.in_force().filter(app=app, template_id=template_id).first()

    def in_the_way(self, fingerprints: Iterable[str], outer: str = "") -> Self:
        """For Exists(): the pauses that keep an outer row, or what it belongs to, from being sent."""
        return self.in_force().filter(
            models.Q(template_id=0) | models.Q(template_id=models.OuterRef(f"{outer}template_id")),
            app=models.OuterRef(f"{outer}app"),
            key_fingerprint__in=["", *fingerprints],
        )

    def to_probe(self) -> Self:
        """Paused apps whose reason may be gone, and that nobody asked about this minute."""
        waiting = self.filter(template_id=0, until=None, probed_at__lte=DatabaseTime(-PROBE_EVERY))
        return waiting.exclude(reason=BY_HAND)

    def gate(self, app: str, template_id: int | None, fingerprint: str, keys: Sequence[str] = ()) -> Gate:
        """Whether a send may pass, with the counters of ``keys``: one statement where nothing is in the way."""
        connection = connections[self.db]
        asked: list[str | int] = [app, template_id or 0]
        sql, values = f"{_gate(connection.vendor)}{DatabaseTime().text(connection)}))", [*asked, fingerprint]
        if keys:
            sql, values = f"{sql}, {_counters(self.db, len(keys))}", [*values, *asked, *keys]
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            rows = cursor.fetchall()
        at, pauses, *others = rows[0]
        found = self.binding(app, template_id, fingerprint).order_by("template_id").first() if pauses else None
        if not keys:
            return Gate(read_clock(at), found)
        return Gate(read_clock(at), found, others[0], by_key(row[3:] for row in rows))

    def take_probe(self, pause: Pause) -> bool:
        """Whether this caller is the one that asks, this minute."""
        mine = self.filter(pk=pause.pk, probed_at__lte=DatabaseTime(-PROBE_EVERY))
        return bool(mine.update(probed_at=DatabaseTime(), updated_at=DatabaseTime()))


class Pause(models.Model):
    """Why an app (or one template of it) is not sending. A pause by bad keys binds only those keys."""

    app = Identifier(_("app"), max_length=64)
    #: 0 = the whole app.
    template_id = models.IntegerField(_("template"), default=0)
    reason = models.CharField(_("reason"), max_length=32)
    code = models.IntegerField(_("JSMS code"), null=True)
    key_fingerprint = Identifier(max_length=16, blank=True, default="")
    since = models.DateTimeField(_("since"), default=now)
    until = models.DateTimeField(_("until"), null=True)
    probed_at = models.DateTimeField(default=now, editable=False)
    updated_at = models.DateTimeField(default=now, editable=False)

    objects = PauseQuerySet.as_manager()

    class Meta:
        verbose_name = _("pause")
        verbose_name_plural = _("pauses")
        constraints = [models.UniqueConstraint(fields=["app", "template_id"], name="jsms_pause_app_template")]

    def __str__(self) -> str:
        return f"{self.app}/{self.template_id}: {self.reason}" if self.template_id else f"{self.app}: {self.reason}"
