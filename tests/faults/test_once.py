"""What JSMS hands out once: whatever of it came is kept, however the answer ends."""

import gzip

import pytest

from django_jsms.client.pieces import LARGEST_ANSWER, LARGEST_PULL
from django_jsms.exceptions import NoAnswer
from tests.waiting import PATIENT

from . import faults
from .conftest import FAST

CAME = b'[{"phone": "13800138000", "content": "TD"}, '
LONG = CAME + b" " * LARGEST_PULL
CHUNK = f"{len(CAME):x}\r\n".encode() + CAME


def stalls(answer):
    def step(connection):
        connection.read()
        connection.send(answer)
        connection.wait(30)

    return step


def answer(*headers, body=CAME):
    return faults.head(200, headers) + body


#: How it ends, and how much of it came.
ENDS = {
    "closed before its length": (faults.raw(answer("Content-Length: 1000")), len(CAME)),
    "closed in a chunk": (faults.raw(answer("Transfer-Encoding: chunked", body=b"fff\r\n" + CAME)), len(CAME)),
    "closed between chunks": (faults.raw(answer("Transfer-Encoding: chunked", body=CHUNK + b"\r\n")), len(CAME)),
    "closed, of no stated length": (faults.raw(answer()), len(CAME)),
    "silent": (stalls(answer("Content-Length: 1000")), len(CAME)),
    "silent in a chunk": (stalls(answer("Transfer-Encoding: chunked", body=b"fff\r\n" + CAME)), len(CAME)),
    "silent, of no stated length": (stalls(answer()), len(CAME)),
    "too long": (faults.raw(answer(f"Content-Length: {len(LONG)}", body=LONG)), LARGEST_PULL),
    "too long, of no stated length": (faults.raw(answer(body=LONG)), LARGEST_PULL),
    "too long, packed": (faults.raw(answer("Content-Encoding: gzip", body=gzip.compress(LONG))), LARGEST_PULL),
    "packed, and broken off": (faults.raw(answer("Content-Encoding: gzip", body=gzip.compress(CAME)[:-9])), len(CAME)),
}


@pytest.mark.core
@pytest.mark.parametrize("call", ["pull_replies", "pull_reports"])
@pytest.mark.parametrize("end", ENDS)
def test_what_came_is_kept(serve, client_of, end, call):
    step, size = ENDS[end]
    kept = []
    client = client_of(serve(step), timeout=FAST if "silent" in end else PATIENT)
    with pytest.raises(NoAnswer):
        getattr(client, call)(keep=kept.append)
    assert kept == [LONG[:size]]


def test_a_pull_may_be_larger_than_any_other_answer(serve, client_of):
    body = CAME + b" " * LARGEST_ANSWER + b"{}]"
    client = client_of(serve(faults.raw(answer(f"Content-Length: {len(body)}", body=body))))
    assert len(client.pull_replies().records) == 1
