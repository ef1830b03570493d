"""Every row of the table «what each wire event means» (semantics, section 4), at the rows' level.

``send_code`` must leave the state of the table and raise what belongs to it; the same fault must leave a
queued code waiting where surely nothing was sent, and ``unknown`` where something was.
"""

import socket
import time
from dataclasses import astuple

import pytest
import trustme

from django_jsms.client import JSMSClient, Timeout
from django_jsms.exceptions import MaybeSent, NotSent, Refused
from django_jsms.models import Pause, VerificationCode
from django_jsms.services import delivery, queue_code, run_pending, send_code
from tests.conftest import MOBILE
from tests.waiting import PATIENCE, in_time

from . import faults
from .conftest import FAST
from .test_wire_table import AFTER_BYTES, ENDLESS, IN_THE_HANDSHAKE

# A socket that is reset between connect and handshake is closed by the collector (see conftest).
pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore::ResourceWarning")]

#: A code of which no byte was written is tried three times; the waits between are only noted.
IN_TIME = 3 * FAST.total + 2
PATIENT = (PATIENCE, PATIENCE, PATIENCE)
#: Twice in vain, and a third time in which a busy machine does shake hands.
THRICE = (1.0, 5.0, 7.0)
#: A reset may come so early that it reads as a refused connection.
NOTHING_LEFT = ("handshake", "unreachable")


@pytest.fixture
def point_at(settings):
    def point(url, times=PATIENT):
        settings.JSMS = {"SANDBOX": url.removesuffix("/v1"), "TIMEOUT": times, "DISPATCH": "django_jsms.dispatch.none"}

    return point


def times_for(name):
    return astuple(FAST) if name in ENDLESS else PATIENT


@pytest.fixture
def trusting(monkeypatch, ca_bundle):
    """The app's client, with the authority of the test."""

    def trust(url):
        client = JSMSClient("key", "secret", url, ca_bundle=ca_bundle, timeout=Timeout(*PATIENT))
        monkeypatch.setattr(delivery, "get_client", lambda app: client)

    return trust


def outcome_of(send, error):
    """What was raised, and the row as the database has it."""
    with in_time(IN_TIME), pytest.raises(error) as caught:
        send()
    row = VerificationCode.objects.get()
    assert caught.value.row.pk == row.pk and caught.value.row.status == row.status
    return row


def send():
    return send_code(MOBILE, purpose="login")


def queued():
    code = queue_code(MOBILE, purpose="login")
    run_pending()
    code.refresh_from_db()
    return code


@pytest.mark.core
@pytest.mark.parametrize("name", AFTER_BYTES)
def test_bytes_were_written_so_the_row_is_unknown(name, serve, point_at):
    step, _ = AFTER_BYTES[name]
    server = serve(step)
    point_at(server.url, times_for(name))
    row = outcome_of(send, MaybeSent)
    assert (row.status, row.reason, server.connections) == ("unknown", "maybe_sent", 1)


@pytest.mark.parametrize("name", ["reset after a full read", "no answer", "bad gzip", "502 with HTML"])
def test_a_queued_code_whose_bytes_were_written_is_never_sent_again(name, serve, point_at):
    step, _ = AFTER_BYTES[name]
    server = serve(step)
    point_at(server.url, times_for(name))
    assert queued().status == "unknown"
    assert run_pending() == 0 and server.connections == 1


def test_tls_that_breaks_after_reading_leaves_the_row_unknown(serve, point_at, trusting, tls_context):
    server = serve(faults.tls_break_after_read, tls=tls_context())
    point_at(server.url)
    trusting(server.url)
    assert outcome_of(send, MaybeSent).status == "unknown" and server.requests == 1


@pytest.mark.parametrize("name", IN_THE_HANDSHAKE)
def test_a_handshake_that_does_not_finish_is_tried_again(name, serve, point_at, trusting, tls_context, waits):
    server = serve(*[IN_THE_HANDSHAKE[name]] * 2, tls=tls_context())
    point_at(server.url, THRICE)
    trusting(server.url)
    assert send().status == "sent" and server.requests == 1
    assert waits == list(delivery.QUICK_WAITS)


@pytest.mark.parametrize("name", IN_THE_HANDSHAKE)
def test_a_handshake_that_never_finishes_fails_the_send_and_keeps_the_queue(
    name, serve, point_at, trusting, tls_context
):
    server = serve(*[IN_THE_HANDSHAKE[name]] * 6, tls=tls_context())
    point_at(server.url, times_for(name))
    trusting(server.url)
    row = outcome_of(send, NotSent)
    assert (row.status, server.received) == ("failed", 0)
    assert row.reason in NOTHING_LEFT
    VerificationCode.objects.all().delete()
    Pause.objects.all().delete()
    waiting = VerificationCode.insert_waiting(mobile=MOBILE, purpose="login", template_id=1)
    run_pending()
    waiting.refresh_from_db()
    assert (waiting.status, server.received) == ("pending", 0)
    assert waiting.reason in NOTHING_LEFT


def test_an_untrusted_certificate_pauses_the_app(serve, point_at, trusting, tls_context):
    server = serve(tls=tls_context(by=trustme.CA()))
    point_at(server.url)
    trusting(server.url)
    assert outcome_of(send, NotSent).status == "failed"
    pause = Pause.objects.get()
    assert (pause.reason, pause.until, server.connections, server.received) == ("tls_untrusted", None, 1, 0)


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_a_refused_connection_fails_the_send(point_at):
    point_at(f"http://127.0.0.1:{closed_port()}")
    row = outcome_of(send, NotSent)
    assert (row.status, row.reason) == ("failed", "unreachable")


def test_a_refused_connection_keeps_the_queue(point_at):
    point_at(f"http://127.0.0.1:{closed_port()}")
    assert queued().status == "pending"


def test_a_redirection_is_not_followed_and_pauses_the_app(serve, point_at):
    elsewhere = serve()
    point_at(serve(faults.redirect(f"{elsewhere.url}/codes")).url)
    assert outcome_of(send, NotSent).status == "failed"
    assert (Pause.objects.get().reason, elsewhere.received) == ("redirected", 0)


def test_a_redirection_keeps_the_queue(serve, point_at):
    point_at(serve(faults.redirect("http://127.0.0.1:9/")).url)
    assert queued().status == "pending"


@pytest.mark.parametrize("status", [400, 403, 404, 418])
def test_a_refusal_without_a_code_is_failed_and_unclassified(status, serve, point_at):
    point_at(serve(faults.answer(b"<html>no</html>", status)).url)
    row = outcome_of(send, Refused)
    assert (row.status, row.reason, row.error_code) == ("failed", "unclassified", None)


def test_too_many_requests_fail_the_send_and_keep_the_queue(serve, point_at):
    point_at(serve(faults.answer(b"", 429, ["Retry-After: 7"]), faults.answer(b"", 429)).url)
    assert outcome_of(send, Refused).status == "failed"
    VerificationCode.objects.all().delete()
    Pause.objects.all().delete()
    waiting = VerificationCode.insert_waiting(mobile=MOBILE, purpose="login", template_id=1)
    run_pending()
    waiting.refresh_from_db()
    assert (waiting.status, waiting.reason) == ("pending", "throttled")


@pytest.mark.slow
def test_at_real_scale_a_drip_ends_in_time(serve, settings):
    """The default times of an app; a code's own are shorter."""
    settings.JSMS = {"SANDBOX": serve(faults.drip_body(1.0)).url.removesuffix("/v1")}
    started = time.monotonic()
    with in_time(15.5), pytest.raises(MaybeSent):
        send()
    assert time.monotonic() - started > 6
    assert VerificationCode.objects.get().status == "unknown"
