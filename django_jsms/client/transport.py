"""One exchange with JSMS over pooled connections: the only module that knows the HTTP library.

Never a retry, a redirection, a proxy or a ``.netrc`` from the environment, a cookie, or a TLS
certificate that is not verified. Whether a failure may mean an SMS is decided by whether bytes were
written, which the connections keep track of: exception classes alone misjudge (semantics 4).
"""

from __future__ import annotations

import http.client
import logging
import os
import socket
import ssl
import zlib
from contextlib import suppress
from http.cookiejar import DefaultCookiePolicy
from time import perf_counter
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.filepost import encode_multipart_formdata

from .. import __version__
from ..exceptions import JSMSError
from . import answers, deadline
from .answers import Answer
from .calls import Timeout
from .deadline import Exchange
from .pieces import LARGEST_ANSWER, LARGEST_PULL, pieces
from .routes import Route

logger = logging.getLogger("django_jsms")

MOST_CONNECTIONS = 32
#: Seconds. Balancers drop idle connections silently; a send must not find that out.
LONGEST_IDLE = 15.0

_forks = 0


def _forked() -> None:
    global _forks
    _forks += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


class _Tracked:
    """What our connections add to urllib3's: the deadline, the byte flag, and an age."""

    response_class = deadline.TimedResponse
    _used = 0.0

    def _new_conn(self: Any) -> socket.socket:
        sock = deadline.connect((self._dns_host, self.port), self.socket_options or [])
        deadline.current.exchange.phase = "handshake"
        return sock

    def connect(self) -> None:
        try:
            super().connect()  # type: ignore[misc]
        except (ssl.SSLCertVerificationError, ssl.CertificateError):
            deadline.current.exchange.phase = "tls_untrusted"
            raise

    def send(self: Any, data: bytes) -> None:
        if self.sock is None:
            self.connect()
        deadline.send(self.sock, data)

    def getresponse(self: Any) -> Any:
        if self.sock is None:  # urllib3 passes over a reset, also one that came while connecting
            raise ConnectionResetError("reset before it was connected")
        self._used = deadline.clock()
        return super().getresponse()  # type: ignore[misc]

    @property
    def is_connected(self) -> bool:
        return deadline.clock() - self._used < LONGEST_IDLE and super().is_connected  # type: ignore[misc]


class _Connection(_Tracked, HTTPConnection):  # type: ignore[misc]
    pass


class _SecureConnection(_Tracked, HTTPSConnection):  # type: ignore[misc]
    pass


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    """Its pools make our connections. Not blocking: a full pool would eat a call's time (decisions 8)."""

    def __init__(self) -> None:
        super().__init__(pool_connections=1, pool_maxsize=MOST_CONNECTIONS, max_retries=0, pool_block=False)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
        self._only: Any = None

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        """One client has one address and one set of authorities: its pool is looked up once."""
        if self._only is None:
            self._only = super().get_connection_with_tls_context(*args, **kwargs)
        return self._only

    def request_url(self, request: requests.PreparedRequest, proxies: Any) -> str:
        return request.path_url  # there is never a proxy that would want the whole address


class _Session(requests.Session):
    """Keeps nothing of its own accord: no environment, no cookies, no redirections.

    Still a session, because that is where tracing tools look for calls.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.adapters.clear()
        self.mount("http", _Adapter())

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Without a target nothing is prepared for one, and no body is read for its sake."""


class Transport:
    """The connections of one client. Shared by threads; a forked child makes its own."""

    def __init__(self, base_url: str, ca_bundle: str | None) -> None:
        self._base_url = base_url
        self._verify: bool | str = ca_bundle or True
        self._sessions: dict[tuple[int, bool], _Session] = {}

    def exchange(
        self,
        route: Route,
        path: str,
        login: str,
        body: bytes | None,
        content_type: str,
        timeout: Timeout,
    ) -> Answer:
        """The answer to one request, or NotSent, MaybeSent or NoAnswer. Never more than one request."""
        request = self._prepared(route, path, login, body, content_type)
        exchange = Exchange(timeout.connect, timeout.read, timeout.total)
        started = perf_counter()
        outcome = self._tried(route, request, exchange, timeout)
        _log(route, outcome, started)
        if isinstance(outcome, Answer):
            return outcome
        raise outcome

    def form(self, parts: dict[str, Any]) -> tuple[bytes, str]:
        """The body of a multipart form, and its content type."""
        return encode_multipart_formdata(parts)

    def _tried(
        self, route: Route, request: requests.PreparedRequest, exchange: Exchange, timeout: Timeout
    ) -> Answer | JSMSError:
        """The failure is returned and raised by the caller, so that it carries no context: the HTTP
        library's exceptions hold the request, with its number and its secret."""
        deadline.current.exchange = exchange
        try:
            return self._answer(route, request, timeout)
        except Exception as error:
            if exchange.written:
                return answers.lost(route, f"no complete answer came ({type(error).__name__})")
            if not isinstance(error, _WIRE):
                raise
            return answers.unsent(exchange.phase)

    def _answer(self, route: Route, request: requests.PreparedRequest, timeout: Timeout) -> Answer:
        response = self._session(route).send(
            request,
            stream=True,
            timeout=(timeout.connect, timeout.read),
            verify=self._verify,
            proxies={},
            allow_redirects=False,
        )
        raw = response.raw
        try:
            return Answer(raw.status, _wait(raw), _body(raw, route))
        finally:
            # Read to its end, the connection is in the pool already; else it is of no more use.
            raw.close()
            raw.release_conn()

    def _session(self, route: Route) -> _Session:
        """Without a lock: one held at the moment of a fork would stay locked in the child. What a parent
        left is not touched either; its connections are the parent's."""
        key = (_forks, route.codes)
        return self._sessions.get(key) or self._sessions.setdefault(key, _Session())

    def _prepared(
        self, route: Route, path: str, login: str, body: bytes | None, content_type: str
    ) -> requests.PreparedRequest:
        """By hand: a session would take longer to prepare it than the connection to send it."""
        request = requests.PreparedRequest()
        request.method = route.method
        request.url = self._base_url + path
        request.headers = CaseInsensitiveDict(_HEADERS)
        request.headers["Authorization"] = login
        if body is not None:
            request.body = body
            request.headers["Content-Type"] = content_type
            request.headers["Content-Length"] = str(len(body))
        return request


#: Everything the libraries raise for what happens on a wire.
_WIRE = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
    UnicodeError,  # a host name with an empty or an endless label, from the look-up
)
_HEADERS = {
    "Accept": "application/json",
    # Answers are small; a server that compresses all the same is read within the same cap.
    "Accept-Encoding": "identity",
    "User-Agent": f"django-jsms/{__version__}",
}


def _wait(raw: Any) -> str:
    """How long JSMS asks to wait. Its gateway counts the calls of an app in each answer, so that the end of the
    count means something only where the call was one too many."""
    headers = raw.headers
    too_many = raw.status == 429 or headers.get("X-Rate-Limit-Remaining", "").strip() == "0"
    return str(headers.get("Retry-After") or (headers.get("X-Rate-Limit-Reset", "") if too_many else "")).strip()


def _body(raw: Any, route: Route) -> bytes:
    """Decoded and within the cap. Where the status says it all, a body that is neither is as good as none; of what is
    handed out once, all that came is kept."""
    once, body = route.answer == "array", bytearray()
    try:
        for piece in pieces(raw, LARGEST_PULL if once else LARGEST_ANSWER):
            body += piece
    except (*_WIRE, ValueError, zlib.error):
        if raw.status >= 300:
            return b""
        if not once:
            raise
    return bytes(body)


def _log(route: Route, outcome: Answer | JSMSError, started: float) -> None:
    """The pattern of the path, never the path. A handler that fails must not cost us the answer to a send."""
    if logger.isEnabledFor(logging.DEBUG):
        said = outcome.status if isinstance(outcome, Answer) else outcome.reason
        elapsed = (perf_counter() - started) * 1000
        with suppress(Exception):
            logger.debug("%s %s: %s in %.0f ms", route.method, route.path, said, elapsed)
