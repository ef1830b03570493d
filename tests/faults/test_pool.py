"""How connections are kept, shared, dropped and never shared with a forked child."""

import gc
import multiprocessing
import os
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from django_jsms.client import deadline
from django_jsms.exceptions import MaybeSent
from tests.waiting import PATIENCE, in_time, wait_for

from . import faults
from .conftest import FAST


def send(client):
    return client.send_message("13800138000", 1250)


@pytest.mark.core
def test_a_thousand_calls_in_a_row_open_one_connection(serve, client_of):
    server = serve()
    client = client_of(server)
    ids = {send(client).msg_id for _ in range(1000)}
    assert (len(ids), server.requests, server.connections) == (1000, 1000, 1)


def test_the_same_over_tls(serve, client_of, tls_context):
    server = serve(tls=tls_context())
    client = client_of(server)
    for _ in range(50):
        send(client)
    assert (server.requests, server.connections) == (50, 1)


@pytest.mark.core
def test_32_threads_open_at_most_32_connections(serve, client_of):
    server = serve()
    client = client_of(server)
    with ThreadPoolExecutor(32) as threads:
        ids = set(threads.map(lambda _: send(client).msg_id, range(640)))
    assert (len(ids), server.requests) == (640, 640)
    assert server.connections <= 32


def test_more_threads_than_the_pool_keeps_wait_for_nothing(serve, client_of):
    """A pool that blocks would eat the time of the calls that wait for it (decisions, 8)."""
    together = threading.Barrier(40, timeout=PATIENCE)

    def step(connection):
        connection.read()
        together.wait()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(faults.OK), faults.OK))

    client = client_of(serve(*[step] * 40))
    with ThreadPoolExecutor(40) as threads:
        assert len(list(threads.map(lambda _: send(client), range(40)))) == 40


def test_codes_have_connections_of_their_own(serve, client_of):
    server = serve()
    client = client_of(server)
    send(client)
    client.send_code("13800138000", 1)
    assert server.connections == 2
    client.send_code("13800138000", 1)
    send(client)
    assert server.connections == 2


def test_a_connection_idle_for_15_seconds_is_not_used_again(serve, client_of, monkeypatch):
    server = serve()
    client = client_of(server)
    passed = 0.0
    monkeypatch.setattr(deadline, "clock", lambda: time.monotonic() + passed)
    send(client)
    passed += 14
    send(client)
    assert server.connections == 1
    passed += 15.1
    send(client)
    assert server.connections == 2


def test_a_connection_the_server_closed_meanwhile_is_not_used_again(serve, client_of):
    left = threading.Event()

    def answers_and_leaves(connection):
        faults.answer()(connection)
        connection.close()
        left.set()

    server = serve(answers_and_leaves)
    client = client_of(server)
    send(client)
    assert left.wait(PATIENCE)
    send(client)
    assert (server.requests, server.connections) == (2, 2)


def test_connections_go_with_the_client(serve, client_of):
    server = serve()
    client = client_of(server)
    send(client)
    del client
    gc.collect()
    wait_for(lambda: not server._open)


def test_no_cookie_is_ever_sent_back(serve, client_of):
    server = serve(faults.answer(headers=["Set-Cookie: session=1; Path=/"]))
    client = client_of(server)
    send(client)
    send(client)
    assert not any(b"cookie" in head.lower() for head in server.heads)


@pytest.mark.core
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_a_forked_child_makes_its_own_connection(serve, client_of):
    server = serve()
    client = client_of(server)
    send(client)
    context = multiprocessing.get_context("fork")
    answers = context.SimpleQueue()
    children = [context.Process(target=lambda: answers.put(send(client).msg_id)) for _ in range(3)]
    for child in children:
        child.start()
    ours = [send(client).msg_id for _ in range(20)]
    theirs = [answers.get() for _ in children]
    for child in children:
        child.join(PATIENCE)
    assert len({*ours, *theirs}) == 23
    assert (server.requests, server.connections) == (24, 4)


def test_a_bomb_takes_little_memory(serve):
    """In a process of its own, whose peak nothing else has raised."""
    server = serve(faults.bomb)
    program = f"""
        import resource
        from django_jsms.client import JSMSClient
        from django_jsms.exceptions import MaybeSent
        client = JSMSClient("key", "secret", {server.url!r})
        client.send_message("13800138000", 1)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            client.send_message("13800138000", 1)
        except MaybeSent:
            print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
    """
    server.script.insert(0, faults.answer())
    output = subprocess.check_output([sys.executable, "-c", textwrap.dedent(program)], text=True)
    assert int(output) < 20


@pytest.mark.core
def test_a_dripped_request_is_bound_by_the_total_too(serve, client_of):
    """A server that takes a large request by and by: each send would be in time."""

    def reads_slowly(connection):
        connection.sock.setsockopt(faults.socket.SOL_SOCKET, faults.socket.SO_RCVBUF, 4096)
        while not connection.wait(0.1):
            connection.sock.recv(2048)

    many = [(f"138{n:08d}", {"text": "长" * 4000}) for n in range(1000)]
    client = client_of(serve(reads_slowly), timeout=FAST)
    with in_time(2.5), pytest.raises(MaybeSent):
        client.send_batch(1, many)
