"""The same list without the package: what somebody would write who trusts everything, in psycopg and urllib3.

``own`` does our job on our tables: hashes, chunks, claims, repeated numbers, outcomes. ``narrow`` does the
least that can still say who got what: one table of four columns.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection

from django_jsms.models.base import hasher, now

from .baseline import Bare
from .bulk_list import CHUNK, TEMPLATE, mobiles

MESSAGE_COLUMNS = (
    "app, created_at, updated_at, mobile, mobile_hash, template_id, msg_id, reason, status, message_class, params, "
    "tag, reference, segments, line, chunk_id, deferrals"
)
_REPEATS = (
    "SELECT id FROM (SELECT id, ROW_NUMBER() OVER (PARTITION BY mobile_hash ORDER BY id) AS place "
    "FROM django_jsms_message WHERE chunk_id IN (SELECT id FROM django_jsms_chunk WHERE batch_id = %s)) AS r "
    "WHERE place > 1"
)
_OUTCOME = (
    "UPDATE django_jsms_message AS m SET status = 'sent', msg_id = a.msg_id, sent_at = now(), updated_at = now() "
    "FROM unnest(%s::bigint[], %s::text[]) AS a(id, msg_id) WHERE m.id = a.id AND m.status = 'waiting'"
)


def intake(batch_id: int, count: int) -> list[int]:
    """Chunks and message rows, by COPY or executemany in one transaction; answers the chunks."""
    connection.ensure_connection()
    raw, start = connection.connection, str(connection.ops.adapt_datetimefield_value(now()))
    postgresql = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        first = _chunks(cursor, batch_id, count)
        rows = _rows(first, count, start)
        if postgresql:
            with raw.cursor().copy(f"COPY django_jsms_message ({MESSAGE_COLUMNS}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ", ".join("?" * len(MESSAGE_COLUMNS.split(",")))
            insert = f"INSERT INTO django_jsms_message ({MESSAGE_COLUMNS}) VALUES ({marks})"
            raw.cursor().connection.executemany(insert, rows)
        cursor.execute("COMMIT")
    return list(range(first, first + -(-count // CHUNK)))


def repeats(batch_id: int) -> None:
    """Look for numbers that stand in the list twice: there are none."""
    with connection.cursor() as cursor:
        cursor.execute(_REPEATS, [batch_id])
        assert cursor.fetchall() == []


def _chunks(cursor: Any, batch_id: int, count: int) -> int:
    first = 0
    for start in range(0, count, CHUNK):
        cursor.execute(
            "INSERT INTO django_jsms_chunk (batch_id, status, size, sent, failed, unknown, deferrals, reason) "
            "VALUES (%s, 'pending', %s, 0, 0, 0, 0, '') RETURNING id",
            [batch_id, min(CHUNK, count - start)],
        )
        first = first or cursor.fetchone()[0]
    return first


def _rows(first: int, count: int, at: Any) -> Iterator[tuple[Any, ...]]:
    hashed = hasher()
    for number, (mobile, params) in enumerate(mobiles(count)):
        text, chunk = json.dumps(params), first + number // CHUNK
        yield (
            "default", at, at, mobile, hashed(mobile), TEMPLATE, "", "", "waiting", "notice", text,
            "", "", 1, number + 1, chunk, 0,
        )  # fmt: skip


def deliver(bare: Bare, chunks: list[int], callers: int) -> None:
    """Claim, read, call, record: eight threads, each with a connection of its own."""
    _in_threads(lambda database, chunk: _deliver_chunk(bare, database, chunk), chunks, callers)


def _deliver_chunk(bare: Bare, database: Any, chunk: int) -> None:
    database.execute(
        "UPDATE django_jsms_chunk SET status = 'sending', attempt = %s, lease_until = now() + interval '1 minute' "
        "WHERE id = %s AND status = 'pending'",
        [uuid.uuid4(), chunk],
    )
    rows = database.execute(
        "SELECT id, mobile, params FROM django_jsms_message WHERE chunk_id = %s AND status = 'waiting' ORDER BY id",
        [chunk],
    ).fetchall()
    keys, ids = post(bare, rows)
    with database.transaction():
        database.execute(
            "UPDATE django_jsms_chunk SET status = 'done', sent = %s WHERE id = %s AND status = 'sending'",
            [len(keys), chunk],
        )
        database.execute(_OUTCOME, [keys, ids])


def post(bare: Bare, rows: list[tuple[int, str, Any]]) -> tuple[list[int], list[str]]:
    recipients = [{"mobile": mobile, "temp_para": params} for _, mobile, params in rows]
    answer = bare.post("/messages/batch", {"temp_id": TEMPLATE, "recipients": recipients})
    ids = {item["mobile"]: item["msg_id"] for item in answer["recipients"]}
    return [key for key, _, _ in rows], [ids[mobile] for _, mobile, _ in rows]


def narrow(bare: Bare, count: int, callers: int) -> None:
    """COPY into four columns, read a thousand, call, write their msg_id."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bench_narrow")
        cursor.execute(
            "CREATE TABLE bench_narrow (id bigint PRIMARY KEY, mobile varchar(11), params jsonb, msg_id text)"
        )
        with cursor.copy("COPY bench_narrow (id, mobile, params) FROM STDIN") as copy:
            for number, (mobile, params) in enumerate(mobiles(count)):
                copy.write_row((number, mobile, json.dumps(params)))
    _in_threads(lambda database, start: _narrow_chunk(bare, database, start), list(range(0, count, CHUNK)), callers)


def _narrow_chunk(bare: Bare, database: Any, start: int) -> None:
    rows = database.execute(
        "SELECT id, mobile, params FROM bench_narrow WHERE id >= %s AND id < %s", [start, start + CHUNK]
    ).fetchall()
    database.execute(
        "UPDATE bench_narrow AS m SET msg_id = a.msg_id FROM unnest(%s::bigint[], %s::text[]) AS a(id, msg_id) "
        "WHERE m.id = a.id",
        list(post(bare, rows)),
    )


def _in_threads(work: Callable[[Any, int], None], items: list[int], callers: int) -> None:
    import psycopg

    waiting, lock = iter(items), threading.Lock()
    given = connection.get_connection_params()
    wanted = {name: given[name] for name in ("dbname", "user", "host", "port", "password") if given.get(name)}

    def run() -> None:
        with psycopg.connect(**wanted, autocommit=True) as database:
            while True:
                with lock:
                    item = next(waiting, None)
                if item is None:
                    return
                work(database, item)

    threads = [threading.Thread(target=run) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
