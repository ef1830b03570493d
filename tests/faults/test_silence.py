"""Nothing that a client raises, logs or shows holds a number, a code, a secret or a body."""

import logging
import traceback

import pytest

from django_jsms.client import JSMSClient
from django_jsms.exceptions import JSMSError

from . import faults
from .test_wire_table import AFTER_BYTES, REFUSALS, times_for

MOBILE, CODE, PARAMETER = "13912345678", "918273", "canary-parameter"
KEY, SECRET, MSG_ID = "canary-key", "canary-secret", "canary-msg-id"
CANARIES = (MOBILE, CODE, PARAMETER, KEY, SECRET, MSG_ID, "Y2FuYXJ5")

ECHO = {
    "a refusal that repeats the number": faults.error(59999, f"bad mobile {MOBILE}"),
    "a server fault that repeats the number": faults.error(59999, f"bad {MOBILE}", 500),
    "a page that repeats the number": faults.answer(f"<p>{MOBILE}</p>".encode()),
    "a result that repeats the number": faults.answer({"msg_id": None, "mobile": MOBILE}),
    "a status line that repeats the number": faults.raw(f"HTTP/1.1 abc {MOBILE}\r\n\r\n".encode()),
    "a redirection to the number": faults.redirect(f"http://elsewhere.invalid/{MOBILE}"),
}
STEPS = {name: step for name, (step, *_) in {**AFTER_BYTES, **REFUSALS}.items()} | ECHO


def everything_said(error):
    """The error, what it is chained to, and every value of its attributes."""
    seen = []
    while error is not None:
        seen += [str(error), repr(error), error.explain("zh"), error.message, repr(vars(error))]
        error = error.__cause__ or error.__context__
    return "\n".join(seen)


def clean(text):
    return [canary for canary in CANARIES if canary in text]


@pytest.mark.core
@pytest.mark.parametrize("name", STEPS)
def test_no_error_holds_what_was_sent(name, serve, caplog):
    client = JSMSClient(KEY, SECRET, serve(STEPS[name]).url, timeout=times_for(name))
    with caplog.at_level(logging.DEBUG, "django_jsms"), pytest.raises(JSMSError) as caught:
        client.send_message(MOBILE, 1250, {"code": CODE, "text": PARAMETER})
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert not clean(everything_said(caught.value))
    assert not clean("".join(traceback.format_exception(caught.value)))
    assert not clean("\n".join(record.getMessage() for record in caplog.records if record.name == "django_jsms"))
    assert not clean(repr(client) + str(client))


def test_a_call_leaves_one_line_with_the_pattern_of_its_path(serve, client_of, caplog):
    client = client_of(serve(faults.error(50010, "invalid code", is_valid=False)))
    with caplog.at_level(logging.DEBUG, "django_jsms"):
        client.verify_code(MSG_ID, CODE)
    (record,) = [record for record in caplog.records if record.name == "django_jsms"]
    assert record.getMessage().startswith("POST /codes/{}/valid: 403 in ")
    assert record.levelno == logging.DEBUG


def test_a_logging_handler_that_fails_stops_no_send(serve, client_of):
    class Broken(logging.Handler):
        def emit(self, record):
            raise OSError("the disk is full")

    logger = logging.getLogger("django_jsms")
    handler = Broken()
    logger.addHandler(handler)
    level = logger.level
    logger.setLevel(logging.DEBUG)
    try:
        assert client_of(serve()).send_message(MOBILE, 1).msg_id
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
