"""Apps of JSMS: what pauses them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, Self

from django.db import connections, models, router
from django.utils.translation import gettext_lazy as _

from .base import CLOCKS, now, read_clock
from .limits import Counter

#: How often a paused app may be asked whether its reason is gone.
PROBE_EVERY: Final = timedelta(seconds=60)
#: The reason of a pause that a person asked for: only a person ends it.
BY_HAND: Final = "by_hand"


@functools.cache
def _gate(vendor: str) -> str:
    """The clock and the pauses in one statement, by hand: compiling the ORM's took a third of a send."""
    return (
        f"SELECT {CLOCKS[vendor]}, (SELECT COUNT(*) FROM {Pause._meta.db_table} WHERE app = %s AND "
        "template_id IN (0, %s) AND key_fingerprint IN ('', %s) AND (until IS NULL OR until > %s))"
    )


_COLUMNS: Final = ("id", "key", "version", "hits")


def _counters(quote: Callable[[str], str], keys: Sequence[str]) -> tuple[str, str]:
    """What reads the counters of these keys along: columns, and where they come from."""
    names = ", ".join(f"c.{quote(name)}" for name in _COLUMNS)
    wanted = ", ".join(["%s"] * len(keys))
    return names, f"FROM (SELECT 1 AS one) o LEFT JOIN {Counter._meta.db_table} c ON c.{quote('key')} IN ({wanted})"


class PauseQuerySet(models.QuerySet["Pause"]):
    def primary(self) -> Self:
        return self.using(router.db_for_write(self.model))

    def binding(self, app: str, template_id: int | None, fingerprint: str, at: datetime) -> Self:
        """The pauses that keep this app from sending this template with these keys."""
        return self.filter(app=app, template_id__in={0, template_id or 0}).filter(
            models.Q(key_fingerprint="") | models.Q(key_fingerprint=fingerprint),
            models.Q(until=None) | models.Q(until__gt=at),
        )

    def in_force(self, at: datetime) -> Self:
        """Those whose time is not over."""
        return self.filter(models.Q(until=None) | models.Q(until__gt=at))

    def standing(self, app: str, template_id: int, at: datetime) -> Pause | None:
        """The pause of exactly that app or template, where it is in force."""
        return self.in_force(at).filter(app=app, template_id=template_id).first()

    def in_the_way(self, at: datetime, fingerprints: Iterable[str], outer: str = "") -> Self:
        """For Exists(): the pauses that keep an outer row, or what it belongs to, from being sent."""
        return self.filter(
            models.Q(template_id=0) | models.Q(template_id=models.OuterRef(f"{outer}template_id")),
            models.Q(until=None) | models.Q(until__gt=at),
            app=models.OuterRef(f"{outer}app"),
            key_fingerprint__in=["", *fingerprints],
        )

    def to_probe(self, at: datetime) -> Self:
        """Paused apps whose reason may be gone, and that nobody asked about this minute."""
        waiting = self.filter(template_id=0, until=None, probed_at__lte=at - PROBE_EVERY)
        return waiting.exclude(reason=BY_HAND)

    def gate(
        self, app: str, template_id: int | None, fingerprint: str, keys: Sequence[str] = ()
    ) -> tuple[datetime, Pause | None, dict[str, Counter]]:
        """The database's time, what is in the way of a send, if anything, and the counters of ``keys``.

        One statement where nothing is in the way.
        """
        connection = connections[self.db]
        at = connection.ops.adapt_datetimefield_value(now())
        columns, source = _counters(connection.ops.quote_name, keys) if keys else ("NULL", "")
        with connection.cursor() as cursor:
            sql = f"{_gate(connection.vendor)}, {columns} {source}"
            cursor.execute(sql, [app, template_id or 0, fingerprint, at, *keys])
            rows = cursor.fetchall()
        clock, pauses = rows[0][:2]
        seen = (
            {key: Counter(id=pk, key=key, version=version, hits=hits) for _, _, pk, key, version, hits in rows if pk}
            if keys
            else {}
        )
        found = self.binding(app, template_id, fingerprint, now()).order_by("template_id").first() if pauses else None
        return read_clock(clock), found, seen

    def take_probe(self, pause: Pause) -> bool:
        """Whether this caller is the one that asks, this minute."""
        at = now()
        return bool(self.filter(pk=pause.pk, probed_at__lte=at - PROBE_EVERY).update(probed_at=at, updated_at=at))


class Pause(models.Model):
    """Why an app (or one template of it) is not sending. A pause by bad keys binds only those keys."""

    app = models.CharField(_("app"), max_length=64)
    #: 0 = the whole app.
    template_id = models.IntegerField(_("template"), default=0)
    reason = models.CharField(_("reason"), max_length=32)
    code = models.IntegerField(_("JSMS code"), null=True)
    key_fingerprint = models.CharField(max_length=16, blank=True, default="")
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
