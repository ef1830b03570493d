"""Many rows at once: into the table by the database's bulk path, and their outcomes by one statement."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from .messages import Message

_TABLE: Final = Message._meta.db_table

#: One row per message of the answer, as each database reads it out of a JSON text.
_ANSWERS: Final = {
    "postgresql": "SELECT id, status, msg_id, reason, code FROM json_to_recordset(%s::json) "
    "AS a(id bigint, status text, msg_id text, reason text, code integer)",
    "mysql": "SELECT id, status, msg_id, reason, code FROM JSON_TABLE(%s, '$[*]' COLUMNS("
    "id BIGINT PATH '$.id', status VARCHAR(10) PATH '$.status', msg_id VARCHAR(64) PATH '$.msg_id', "
    "reason VARCHAR(32) PATH '$.reason', code INT PATH '$.code' NULL ON EMPTY NULL ON ERROR)) AS j",
    "sqlite": "SELECT json_extract(value, '$.id') AS id, json_extract(value, '$.status') AS status, "
    "json_extract(value, '$.msg_id') AS msg_id, json_extract(value, '$.reason') AS reason, "
    "json_extract(value, '$.code') AS code FROM json_each(%s)",
}
_FROM: Final = (
    f"UPDATE {_TABLE} SET status = a.status, msg_id = a.msg_id, reason = a.reason, error_code = a.code, "
    f"sent_at = CASE WHEN a.status = 'sent' THEN %s END, updated_at = %s "
    f"FROM ({{answers}}) AS a WHERE {_TABLE}.id = a.id AND {_TABLE}.status = 'waiting'"
)
_JOIN: Final = (
    f"UPDATE {_TABLE} JOIN ({{answers}}) AS a ON {_TABLE}.id = a.id SET {_TABLE}.status = a.status, "
    f"{_TABLE}.msg_id = a.msg_id, {_TABLE}.reason = a.reason, error_code = a.code, "
    f"sent_at = CASE WHEN a.status = 'sent' THEN %s END, updated_at = %s WHERE {_TABLE}.status = 'waiting'"
)


def insert(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, using: str) -> None:
    """Write message rows: streamed by COPY where the driver can, else inserted. In the open transaction."""
    connection = connections[using]
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        if copies(connection):
            with cursor.copy(f"COPY {_TABLE} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {_TABLE} ({names}) VALUES ({marks})", list(rows))


def copies(connection: BaseDatabaseWrapper) -> bool:
    """Whether the driver has psycopg 3's COPY: psycopg2's is another, and other backends have none."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        return hasattr(cursor, "copy")


def outcome(answers: Sequence[dict[str, Any]], at: datetime, *, using: str) -> None:
    """Record what became of waiting messages: ``{"id", "status", "msg_id", "reason", "code"}`` each."""
    connection = connections[using]
    select = _ANSWERS[connection.vendor]
    time, text = connection.ops.adapt_datetimefield_value(at), json.dumps(answers)
    with connection.cursor() as cursor:
        if connection.vendor == "mysql":
            cursor.execute(_JOIN.format(answers=select), [text, time, time])
        else:
            cursor.execute(_FROM.format(answers=select), [time, time, text])


def reject_repeats(batch_id: int, *, using: str) -> int:
    """Take every further row of a number out of a batch, the first wins; answers how many. Three statements."""
    chunk, rejected = "django_jsms_chunk", "django_jsms_rejectedrow"
    repeats = (
        f"SELECT id, line, mobile, ROW_NUMBER() OVER (PARTITION BY mobile_hash ORDER BY id) AS place FROM {_TABLE} "
        f"WHERE chunk_id IN (SELECT id FROM {chunk} WHERE batch_id = %s)"
    )
    with connections[using].cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {rejected} (batch_id, line, value, reason) "
            f"SELECT %s, r.line, r.mobile, 'duplicate' FROM ({repeats}) AS r WHERE r.place > 1",
            [batch_id, batch_id],
        )
        found = int(cursor.rowcount)
        if found:
            cursor.execute(
                f"DELETE FROM {_TABLE} WHERE id IN (SELECT r.id FROM ({repeats}) AS r WHERE r.place > 1)", [batch_id]
            )
            cursor.execute(
                f"UPDATE {chunk} SET size = (SELECT COUNT(*) FROM {_TABLE} WHERE chunk_id = {chunk}.id) "
                "WHERE batch_id = %s",
                [batch_id],
            )
    return found


_KEPT: Final = (
    "app, mobile, mobile_hash, template_id, signature_id, message_class, params, tag, reference, segments, line"
)


def repeat(
    batch_id: int, chunk_id: int, *, taken_at: datetime, after: int, up_to: int, at: datetime, using: str
) -> int:
    """Write new messages, linked by ``resend_of``, for those of the batch that were taken at that time."""
    connection = connections[using]
    taken, written = (connection.ops.adapt_datetimefield_value(time) for time in (taken_at, at))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {_TABLE} ({_KEPT}, created_at, updated_at, status, msg_id, reason, deferrals, chunk_id, "
            f"resend_of_id) SELECT {_KEPT}, %s, %s, 'waiting', '', '', 0, %s, id FROM {_TABLE} WHERE resent_at = %s "
            "AND id > %s AND id <= %s AND chunk_id IN (SELECT id FROM django_jsms_chunk WHERE batch_id = %s)",
            [written, written, chunk_id, taken, after, up_to, batch_id],
        )
        return int(cursor.rowcount)
