"""A raw-socket JSMS that misbehaves on order, one step of its script per request.

>>> with FaultServer(script=[rst_after_read, answer()]) as server:
...     JSMSClient("key", "secret", server.url)

Counts are the truth the tests compare with: ``connections`` accepted, ``requests`` read to their end,
``received`` bytes of plain text, ``bodies`` of whole requests.
"""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable

from tests.waiting import PATIENCE

#: A step gets the connection, may read the request, and says whether the connection goes on.
Step = Callable[["Connection"], bool | None]


class Connection:
    """One accepted connection, the request being served, and the ways to hurt it."""

    def __init__(self, server, sock):
        self.server = server
        self.sock = sock
        self.buffer = b""
        self.head = b""
        self.body = b""

    def start_tls(self):
        self.sock = self.server.tls.wrap_socket(self.sock, server_side=True)

    def receive(self):
        data = self.sock.recv(65536)
        if not data:
            raise EOFError
        self.server.count(received=len(data))
        self.buffer += data

    def read(self):
        """The whole request: head and body."""
        while b"\r\n\r\n" not in self.buffer:
            self.receive()
        self.head, _, rest = self.buffer.partition(b"\r\n\r\n")
        length = _content_length(self.head)
        while len(rest) < length:
            self.buffer = b""
            self.receive()
            rest += self.buffer
        self.body, self.buffer = rest[:length], rest[length:]
        self.server.finished(self)

    def send(self, data):
        self.sock.sendall(data)

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self):
        self.sock.close()

    def wait(self, seconds):
        """True when the server is being stopped meanwhile."""
        return self.server.stopping.wait(seconds)


def _content_length(head):
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0


def read_and_accept(connection):
    """What happens when the script has run out: the request is taken, with an id of its own."""
    connection.read()
    body = b'{"msg_id": "%d"}' % (274887115000 + connection.server.requests)
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    return True


class FaultServer:
    """Listens while the ``with`` block lasts. ``tls``: an ``ssl.SSLContext``, then ``url`` is https."""

    def __init__(self, script: Iterable[Step] = (), tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"):
        self.script = list(script)
        self.tls = tls
        self.host = host
        self.connections = self.requests = self.received = 0
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._open: set[Connection] = set()
        self._threads: list[threading.Thread] = []

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}/v1"

    def __enter__(self):
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self._listener.getsockname()[1]
        self._run(self._accept)
        return self

    def __exit__(self, *exc_info):
        self.stopping.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._open:
                _shut(connection)
        for thread in self._threads:
            thread.join(PATIENCE)

    def count(self, received):
        with self._lock:
            self.received += received

    def finished(self, connection):
        with self._lock:
            self.requests += 1
            self.heads.append(connection.head)
            self.bodies.append(connection.body)

    def _run(self, target, *args):
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        while not self.stopping.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(self, sock)
            with self._lock:
                self.connections += 1
                self._open.add(connection)
            self._run(self._serve, connection)

    def _serve(self, connection):
        step = self._next()
        try:
            if self.tls and not getattr(step, "before_tls", False):
                connection.start_tls()
            while step(connection):
                if not connection.buffer:
                    connection.receive()
                step = self._next()
        except (OSError, EOFError):
            pass
        finally:
            connection.close()
            with self._lock:
                self._open.discard(connection)

    def _next(self):
        with self._lock:
            return self.script.pop(0) if self.script else read_and_accept


def _shut(connection):
    """Wakes a thread that waits on the socket; the thread itself closes it."""
    with contextlib.suppress(OSError):
        connection.sock.shutdown(socket.SHUT_RDWR)
