"""Celery tasks: each takes a primary key and calls the service. Repeating or losing one changes nothing but time."""

from __future__ import annotations

from typing import Any, Final

from celery import shared_task

from . import services
from .services import chunks, codes, messages, scheduling

#: Given back to the broker when a worker dies. Nothing is ever retried by Celery: delays live in the rows.
_OPTIONS: Final[dict[str, Any]] = {"acks_late": True, "reject_on_worker_lost": True, "ignore_result": True}


@shared_task(name="django_jsms.deliver_code", **_OPTIONS)
def deliver_code(pk: int) -> None:
    """Send one queued code, if it still waits."""
    codes.deliver_code(pk)


@shared_task(name="django_jsms.deliver_message", **_OPTIONS)
def deliver_message(pk: int) -> None:
    """Send one queued message, if it still waits."""
    messages.deliver_message(pk)


@shared_task(name="django_jsms.deliver_chunk", **_OPTIONS)
def deliver_chunk(pk: int) -> None:
    """Send one chunk, if it still waits and its batch still runs."""
    chunks.deliver_chunk(pk)


@shared_task(name="django_jsms.deliver_schedule", **_OPTIONS)
def deliver_schedule(pk: int) -> None:
    """Do what is due for one schedule at JSMS: create, cancel or read it."""
    scheduling.deliver_schedule(pk)


@shared_task(name="django_jsms.tick", **_OPTIONS)
def tick() -> None:
    """The one periodic entry, every 30 s: what is due under its lease in the database."""
    services.tick()
