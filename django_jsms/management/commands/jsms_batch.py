"""``manage.py jsms_batch``: a list of any length from a file to its phones, watched and stoppable."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from ...models import Batch
from ...services import (
    batch_progress,
    cancel_batch,
    create_batch,
    discard_batch,
    export_batch,
    pause_batch,
    preview_batch,
    read_list,
    resume_batch,
    retry_failed,
    start_batch,
)
from ...services.exports import ORDER
from ...services.hours import check_start
from ...services.language import speaking
from ...services.lists import RecipientList
from .. import batches
from ..bars import Bar
from ..base import SendingCommand, add_message_arguments, find_batch, moment, opened, positive, unusable
from ..tables import table

#: How many batches ``status`` lists.
LISTED = 20


class Command(SendingCommand):
    help = (
        "Send a template message to a list: create, start, pause, resume, cancel, status, retry, export. "
        "Exit codes: 0 done, 1 not done or interrupted, 2 usage."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        _create_arguments(verbs.add_parser("create", help=_("read a CSV or Excel file, and start it with --start")))
        start = verbs.add_parser("start", help=_("send a batch that is ready"))
        start.add_argument("--at", type=moment, metavar="TIME", help=_("not before this time, e.g. 2026-12-01T09:00"))
        start.add_argument("--force", action="store_true", help=_("although it is above the budget or the balance"))
        pause = verbs.add_parser("pause", help=_("begin no further call"))
        resume = verbs.add_parser("resume", help=_("go on with a paused batch"))
        cancel = verbs.add_parser("cancel", help=_("never send what has not begun"))
        retry = verbs.add_parser("retry", help=_("send again what surely was not sent"))
        retry.add_argument("--unknown", choices=("lost", "resend"), help=_("decide about those that may have arrived"))
        status = verbs.add_parser("status", help=_("how a batch stands; the newest ones without an ID"))
        status.add_argument("--watch", action="store_true", help=_("follow it until it stops"))
        export = verbs.add_parser("export", help=_("what became of each row, as CSV"))
        export.add_argument("--output", type=Path, metavar="FILE", help=_("a file for Excel; else the terminal"))
        export.add_argument("--status", action="append", choices=ORDER, dest="statuses", help=_("only these"))
        export.add_argument("--full", action="store_true", help=_("numbers in full"))
        for each in (start, pause, resume, cancel, retry, export):
            each.add_argument("id", type=positive, metavar="ID", help=_("id of a batch"))
        status.add_argument("id", type=positive, metavar="ID", nargs="?", help=_("id of a batch"))
        for each in (start, resume, retry):
            each.add_argument("--yes", action="store_true", help=_("do not ask"))
        for each in (start, pause, resume, cancel, retry, status):
            each.add_argument("--json", action="store_true", help=_("answer in JSON, for scripts"))

    def run(self, *, verb: str, **options: Any) -> None:
        getattr(self, f"_{verb}")(**options)

    # -- create -------------------------------------------------------------------------------------------------

    def _create(self, *, file: str, start: bool, at: datetime | None, dry_run: bool, **options: Any) -> None:
        with speaking():
            check_start(at, "at")  # a time that start_batch refuses must not leave a batch of the list behind
        batch = self._take_in(file, **options)
        try:
            preview = preview_batch(batch)
            if not options["json"]:
                self.say(batches.as_text(batch, preview, dry_run=dry_run))
            elif dry_run or not (start or at):  # else the answer is how it went
                self.print_json({"id": batch.pk, **vars(preview)} | {"rejected": [vars(r) for r in preview.rejected]})
        finally:
            if dry_run:
                discard_batch(batch)
        if dry_run:
            self.note(_("Nothing was sent: this was a dry run."), options["json"])
        elif start or at:
            self._start_or_discard(batch, at, **options)
        else:
            self.note(_("Nothing was sent yet. Start it: jsms_batch start %(id)s") % {"id": batch.pk}, options["json"])

    def _start_or_discard(self, batch: Batch, at: datetime | None, *, yes: bool, json: bool, **options: Any) -> None:
        """Created to be started: where a person says no, nothing of it stays."""
        try:
            self._ask_to_send(batch, batch.total, yes)
        except (CommandError, KeyboardInterrupt):
            discard_batch(batch)
            raise
        self._start_it(batch, at, json, options["force"])

    def _take_in(self, file: str, *, encoding: str | None, force: bool, **options: Any) -> Batch:
        kept = {name: options[name] for name in ("template", "app", "signature", "tag", "name", "message_class")}
        params = dict(options["params"])
        with opened(file) as source:
            rows = read_list(source, template=kept["template"], params=params, app=kept["app"], encoding=encoding)
            if rows.unused:
                self.warn(_("Columns that are not used: %(names)s") % {"names": ", ".join(rows.unused)})
            shown = self._shown(rows, source)
            try:
                with self.deferring():
                    batch = create_batch(recipients=shown, params=params, source=rows.digest, force=force, **kept)
                    if not self.interrupted:
                        return batch
                    discard_batch(batch)
                    raise KeyboardInterrupt
            except KeyboardInterrupt:
                raise CommandError(_("Stopped. Nothing was sent, and nothing of the list is kept.")) from None

    def _shown(self, rows: RecipientList, source: BinaryIO) -> Iterator[Any]:
        """The rows as they are read, with a bar of the file's bytes."""
        size = os.fstat(source.fileno()).st_size if source.seekable() else None
        with Bar(self.stderr, size, "B") as bar:
            for number, row in enumerate(rows, 1):
                self.heed()
                if number % 1000 == 0 and size:
                    bar.to(source.tell(), _("%(rows)d rows read") % {"rows": number})
                yield row

    # -- its life -----------------------------------------------------------------------------------------------

    def _start(self, *, id: int, at: datetime | None, yes: bool, json: bool, **options: Any) -> None:
        batch = find_batch(id)
        self._ask_to_send(batch, batch.total, yes)
        self._start_it(batch, at, json, options["force"])

    def _start_it(self, batch: Batch, at: datetime | None, as_json: bool, force: bool) -> None:
        with self._stoppable(batch, as_json):
            start_batch(batch, at=at, force=force)
            if at:
                self._leave(batch, _("Batch %(id)s starts then, if a worker runs: jsms_worker"), as_json)
            else:
                self._drive(batch, as_json)

    def _ask_to_send(self, batch: Batch, count: int, yes: bool) -> None:
        text = _("Batch %(id)s sends to %(count)d recipients.")
        self.ask(count, text % {"id": batch.pk, "count": count}, yes=yes)

    def _drive(self, batch: Batch, as_json: bool) -> None:
        """Follow a batch that was set going."""
        if batches.needs_worker():
            text = _("Workers send it (python manage.py jsms_worker). Follow it: jsms_batch status %(id)s --watch")
            self._leave(batch, text, as_json)
            return
        batches.follow(batch, self.stderr, self.heed)
        self._report(batch, as_json)
        if batch.status != Batch.Status.FINISHED:
            raise CommandError(_("Somebody else stopped it."))

    @contextmanager
    def _stoppable(self, batch: Batch, as_json: bool) -> Iterator[None]:
        """Ctrl-C pauses what is set going in the block, also while the workers are still being woken."""
        try:
            with self.deferring():
                yield
        except KeyboardInterrupt:
            with self.deferring():
                batches.pause(batch, self.heed)
                self._report(batch, as_json)
            raise

    def _leave(self, batch: Batch, text: str, as_json: bool) -> None:
        """Others send it: say who, and to a script how it stands."""
        self.heed()
        self.note(text % {"id": batch.pk}, as_json)
        if as_json:
            self._report(batch, as_json)

    def _report(self, batch: Batch, as_json: bool) -> None:
        progress = batch_progress(batch)
        if as_json:
            self.print_json({"id": batch.pk, **vars(progress)})
        else:
            self.say("\n".join(batches.summary(batch, progress)))

    def _pause(self, *, id: int, json: bool, **options: Any) -> None:
        self._report(pause_batch(find_batch(id)), json)

    def _resume(self, *, id: int, yes: bool, json: bool, **options: Any) -> None:
        batch = find_batch(id)
        self._ask_to_send(batch, batch.counts()["pending"], yes)
        with self._stoppable(batch, json):
            self._drive(resume_batch(batch), json)

    def _cancel(self, *, id: int, json: bool, **options: Any) -> None:
        self._report(cancel_batch(find_batch(id)), json)

    def _retry(self, *, id: int, unknown: str | None, yes: bool, json: bool, **options: Any) -> None:
        batch = find_batch(id)
        counts = batch.counts()
        most = counts["failed"] + counts["cancelled"] + (counts["unknown"] if unknown == "resend" else 0)
        text = _("Up to %(count)d recipients of batch %(id)s are sent to again.")
        self.ask(most, text % {"id": batch.pk, "count": most}, yes=yes)
        with self._stoppable(batch, json):
            taken = retry_failed(batch, unknown=unknown)  # type: ignore[arg-type]
            self.note(_("Recipients that are sent to again: %(count)d") % {"count": taken}, json)
            if taken and batch.status == Batch.Status.RUNNING:
                self._drive(batch, json)
            else:
                self._report(batch, json)

    # -- looking ------------------------------------------------------------------------------------------------

    def _status(self, *, id: int | None, watch: bool, json: bool, **options: Any) -> None:
        if id is None:
            self._newest(json)
            return
        batch = find_batch(id)
        if watch:
            batches.follow(batch, self.stderr, self.heed)
        self._report(batch, json)

    def _newest(self, as_json: bool) -> None:
        found = list(Batch.objects.primary().order_by("-pk")[:LISTED])
        rows = [(batch, batch_progress(batch)) for batch in found]
        if as_json:
            self.print_json([{"id": batch.pk, "name": batch.name, **vars(progress)} for batch, progress in rows])
        elif not rows:
            self.say(_("There is no batch yet. Make one: jsms_batch create FILE --template NAME"))
        else:
            head = ("id", _("name"), _("status"), _("done"), _("recipients"), "")
            lines = [(b.pk, b.name, Batch.Status(p.status).label, p.done, p.total, batches.counts(p)) for b, p in rows]
            self.say(table(head, lines, right=(3, 4)))

    def _export(self, *, id: int, output: Path | None, statuses: list[str] | None, full: bool, **options: Any) -> None:
        lines = export_batch(find_batch(id), full=full, statuses=statuses)
        if output is None:
            for line in lines:
                self.stdout.write(line, ending="")
            self.stdout.flush()
            return
        try:
            with output.open("w", encoding="utf-8-sig", newline="") as file:
                file.writelines(lines)
        except OSError as error:
            raise unusable(str(output), error) from None
        self.say(_("Written: %(file)s") % {"file": output})


def _create_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help=_("columns 手机号 or mobile, and the placeholders; - is stdin"))
    add_message_arguments(parser)
    parser.add_argument(
        "--class", dest="message_class", choices=("code", "notice", "marketing"), help=_("message class")
    )
    parser.add_argument("--name", default="", help=_("a name for people"))
    parser.add_argument("--encoding", help=_("of the file, where it is not found"))
    parser.add_argument("--start", action="store_true", help=_("send it now, and follow it"))
    parser.add_argument("--at", type=moment, metavar="TIME", help=_("send it from then on, e.g. 2026-12-01T09:00"))
    parser.add_argument(
        "--force",
        action="store_true",
        help=_("although the file was given before, or is above budget or balance"),
    )
    parser.add_argument("--yes", action="store_true", help=_("do not ask"))
