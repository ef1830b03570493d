"""A Celery app on a broker that others may use at the same time: its queues are its own."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from celery import Celery
from kombu import Queue

QUEUES = ("jsms.codes", "jsms.notices", "jsms.bulk")


def app_on(broker: str, prefix: str) -> Celery:
    """The default app of this process, whose queues have the usual names here and that prefix at the broker."""
    app = Celery("shop", broker=broker)
    app.conf.task_queues = [Queue(f"{prefix}.{name}", routing_key=f"{prefix}.{name}", alias=name) for name in QUEUES]
    if broker.startswith("redis"):  # its keys besides, such as those of what is not acknowledged yet
        app.conf.broker_transport_options = {"global_keyprefix": prefix}
    app.set_default()
    return app


def waiting(app: Celery, name: str) -> int:
    """How many messages of a queue nobody has taken."""
    with app.connection_for_write() as connection:
        queue = app.amqp.queues[name]
        declared = connection.channel().queue_declare(queue.name, durable=queue.durable, auto_delete=queue.auto_delete)
        return int(declared.message_count)


def purge(app: Celery) -> None:
    """Purged, not deleted: kombu remembers which queues it has declared."""
    _each(app, "queue_purge")


def delete(app: Celery) -> None:
    _each(app, "queue_delete")


def _each(app: Celery, act: str) -> None:
    with app.connection_for_write() as connection:
        for name in QUEUES:
            channel: Any = connection.channel()
            with suppress(connection.channel_errors):
                getattr(channel, act)(app.amqp.queues[name].name)
