import gc
import ssl
import warnings

import pytest
import trustme

from django_jsms.client import JSMSClient, Timeout
from tests.waiting import PATIENT

from . import faults
from .server import FaultServer

#: The real times by fifteen, for what only they can end: the same code, a suite that ends (decisions, Tests).
FAST = Timeout(0.2, 0.5, 0.8)


@pytest.fixture(scope="session")
def authority():
    return trustme.CA()


@pytest.fixture(scope="session")
def tls_context(authority):
    def context(name="localhost", by=authority):
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        by.issue_cert(name).configure_cert(made)
        return made

    return context


@pytest.fixture(scope="session")
def ca_bundle(authority, tmp_path_factory):
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


@pytest.fixture
def serve(tls_context):
    """Starts a FaultServer with a script; all are stopped with the test."""
    started = []

    def start(*script, tls=None, host=None):
        if faults.bomb in script:
            faults.packed()  # it takes seconds, and a client would be waiting
        server = FaultServer(script, tls=tls, host=host or ("localhost" if tls else "127.0.0.1"))
        started.append(server.__enter__())
        return server

    yield start
    for server in started:
        server.__exit__()


@pytest.fixture
def client_of(ca_bundle):
    """A patient client for a server; over TLS it trusts the test's authority."""

    def client(server, **options):
        if server.tls:
            options.setdefault("ca_bundle", ca_bundle)
        return JSMSClient("key", "secret", server.url, **{"timeout": PATIENT, **options})

    return client


@pytest.fixture(autouse=True)
def collected():
    """CPython leaves a socket to the collector when a peer resets it between connect and handshake."""
    gc.freeze()  # what is there already has nothing of this test: to look through it again took most of these tests
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
