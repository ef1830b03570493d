"""Celery wakes a worker: the message carries a primary key, and losing it costs only time.

Published by one thread of this process, so that a broker that hangs holds up no request.
"""

from __future__ import annotations

import functools
from typing import Final

from celery import current_app
from celery.app import default_app

from .pool import Job, PerProcess, close_at_exit

#: What an exit waits for wake-ups that are still to be published, in seconds.
EXIT_SECONDS: Final = 5.0

_publishers: Final = PerProcess(1, drain=True)
close_at_exit([_publishers], EXIT_SECONDS)


def wake(job: Job, pk: int, queue: str) -> None:
    """Send the task of that job's name to the queue."""
    _publishers.get().submit(functools.partial(_publish, f"django_jsms.{getattr(job, '__name__', job)}", queue), pk)


def _publish(task: str, queue: str, pk: int) -> None:
    current_app.send_task(task, [pk], queue=queue, ignore_result=True, retry=False)


def has_app() -> bool:
    """Whether wake-ups reach the project's broker: in threads Celery knows the default app only."""
    app = default_app._get_current_object()
    return app is not None and app.main != "default"  # Celery's own, for want of one, is called that
