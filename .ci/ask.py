"""Asks each test server something that only a working one answers, the way the tests will."""

import socket
import sys
import time


def postgresql() -> None:
    import psycopg

    psycopg.connect("host=127.0.0.1 user=postgres dbname=test", connect_timeout=5).close()


def mariadb() -> None:
    import pymysql

    pymysql.connect(host="127.0.0.1", user="root", database="test", connect_timeout=5).close()


def redis() -> None:
    expect(6379, b"PING\r\n", b"+PONG")


def rabbitmq() -> None:
    expect(5672, b"AMQP\x00\x00\x09\x01", b"\x01\x00\x00")


def expect(port: int, question: bytes, answer: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(question)
        heard = connection.recv(64)
    if not heard.startswith(answer):
        raise ConnectionError(f"answered {heard!r}")


def patiently(name: str, ask) -> str:
    """Asks for at most a minute: a port may be open a while before its server is ready."""
    until = time.monotonic() + 60
    while True:
        try:
            return ask() or ""
        except Exception as error:
            if time.monotonic() > until:
                return f"FAILED: {name} on 127.0.0.1 cannot be used: {type(error).__name__}: {error}"
            time.sleep(1)


problems = [text for ask in (postgresql, mariadb, redis, rabbitmq) if (text := patiently(ask.__name__, ask))]
sys.exit("\n".join(problems) or print("PostgreSQL, MariaDB, Redis and RabbitMQ answer"))
