"""What a batch looks like on a terminal: before it goes, while it goes, and after."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from django.db import reset_queries
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from .. import conf
from ..dispatch.pool import EXIT_SECONDS
from ..exceptions import InvalidInput
from ..models import Batch
from ..services import batch_progress, pause_batch
from ..services.chunks import finish_batches
from ..services.previews import Preview
from ..services.progress import Progress
from .bars import Bar

#: Seconds between two looks at a batch that is being sent.
LOOK_EVERY: Final = 0.5
#: Nothing changes any more by itself.
_STOPPED: Final = (Batch.Status.PAUSED, Batch.Status.FINISHED, Batch.Status.CANCELLED)


def as_text(batch: Batch, preview: Preview, *, dry_run: bool) -> str:
    """The flight plan; of a dry run no batch is left that could be named."""
    what = _("Dry run") if dry_run else _("Batch %(id)s") % {"id": batch.pk}
    lines = [
        _("%(what)s, template %(template)s: recipients %(valid)d, calls %(calls)d, segments %(segments)d")
        % {"what": what, "template": batch.template_id, "valid": preview.valid, "calls": preview.calls,
           "segments": preview.segments},
    ]  # fmt: skip
    if preview.valid:
        lines.append(
            _("Segments of a message: %(fewest)d to %(most)d")
            % {"fewest": preview.fewest_segments, "most": preview.most_segments}
        )
    for left, said in (
        (preview.budget_after, _("Left of the budget then")),
        (preview.balance_after, _("Balance then")),
    ):
        if left is not None:
            lines.append(f"{said}: {left}")
    if preview.opted_out:
        lines.append(_("Opted out, left out when their call comes: %(count)d") % {"count": preview.opted_out})
    lines += [f"  {text}" for text in preview.texts]
    rejected = preview.duplicate + sum(preview.invalid.values())
    if rejected:
        lines.append(
            _("Not sent to: %(duplicate)d repeated, %(invalid)d not valid")
            % {"duplicate": preview.duplicate, "invalid": sum(preview.invalid.values())}
        )
        lines += [
            _("  line %(line)d  %(value)s  %(why)s") % {"line": row.line, "value": row.value, "why": row.message}
            for row in preview.rejected
        ]
    if rejected > len(preview.rejected) and not dry_run:
        lines.append(_("  … all of them: jsms_batch export %(id)s --status rejected") % {"id": batch.pk})
    return "\n".join(lines)


def counts(progress: Progress) -> str:
    """``sent 480, failed 2, …``: only what there is."""
    named = (
        (_("sent"), progress.sent),
        (_("failed"), progress.failed),
        (_("unknown"), progress.unknown),
        (_("cancelled or expired"), progress.cancelled),
        (pgettext("row", "rejected"), progress.rejected),
    )
    return ", ".join(f"{name} {count}" for name, count in named if count) or _("nothing sent yet")


def summary(batch: Batch, progress: Progress) -> list[str]:
    """How it stands, and what can be done about it."""
    label = Batch.Status(progress.status).label
    head = {
        "id": batch.pk,
        "status": label,
        "done": progress.done,
        "total": progress.total,
        "counts": counts(progress),
    }
    lines = [_("Batch %(id)s is %(status)s: %(done)d of %(total)d. %(counts)s") % head]
    if progress.note:
        lines.append(progress.note)
    over = progress.status == Batch.Status.FINISHED
    if over and progress.failed + progress.cancelled:
        lines.append(_("Why: jsms_batch export %(id)s. Again: jsms_batch retry %(id)s") % {"id": batch.pk})
    if over and progress.unknown:
        lines.append(_("Decide about the unknown: jsms_unknown list --batch %(id)s") % {"id": batch.pk})
    if progress.status == Batch.Status.PAUSED:
        lines.append(_("Go on: jsms_batch resume %(id)s") % {"id": batch.pk})
    return lines


def follow(batch: Batch, stream: Any, heed: Callable[[], None]) -> Progress:
    """Show how it goes until nothing changes by itself; ``heed`` is called at each look."""
    with Bar(stream, batch.total, "SMS") as bar:
        return _watch(batch, bar, heed)


def _watch(batch: Batch, bar: Bar, heed: Callable[[], None]) -> Progress:
    while True:
        heed()
        progress = batch_progress(batch)
        bar.to(progress.done, counts(progress))
        bar.note(progress.note)
        if progress.status in _STOPPED:
            return progress
        if not progress.pending + progress.sending:
            finish_batches()  # two workers that were last together left it to the next sweep
        reset_queries()  # under DEBUG every statement would be kept
        time.sleep(LOOK_EVERY)


def pause(batch: Batch, heed: Callable[[], None]) -> None:
    """What Ctrl-C does to a send that this process drives: no new call, and the ones under way end."""
    with suppress(InvalidInput):  # it has been stopped already
        pause_batch(batch)
    until = time.monotonic() + EXIT_SECONDS
    with suppress(KeyboardInterrupt):  # a second Ctrl-C is in a hurry; the calls end all the same
        while batch_progress(batch).sending and time.monotonic() < until:
            heed()
            time.sleep(LOOK_EVERY / 5)


def sends_here() -> bool:
    """Whether threads of this process send what is started here."""
    return str(conf.get("DISPATCH")).endswith(".thread")


def needs_worker() -> bool:
    return str(conf.get("DISPATCH")).endswith(".none")
