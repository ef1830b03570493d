"""Canaries: no number, code, proof or secret in a log line, an error, a repr or an error report."""

import logging
import sys
import traceback

import pytest
from django.test import RequestFactory
from django.views.debug import ExceptionReporter

from django_jsms.exceptions import JSMSError
from django_jsms.services import redeem_proof, resume_app, send_code, verify_code
from tests.conftest import MOBILE

pytestmark = pytest.mark.django_db


def report() -> str:
    """What Django would mail to the admins of a production site."""
    return ExceptionReporter(RequestFactory().get("/"), *sys.exc_info()).get_traceback_text()


@pytest.mark.core
def test_nothing_private_is_ever_said(jsms_sandbox, caplog):
    secrets, said = {MOBILE, "sandbox:sandbox"}, []
    with caplog.at_level(logging.DEBUG):
        send_code(MOBILE, purpose="login")
        secrets.add(jsms_sandbox.last_code())
        result = verify_code(jsms_sandbox.last_code(), mobile=MOBILE, purpose="login")
        said += [repr(result), repr(send_code), str(result)]
        secrets.add(result.proof)
        redeem_proof(result.proof, purpose="login")
        for fault in (
            {"fault": "close", "when": "after"},
            {"fault": "status", "status": 401, "code": 50002},
            {"fault": "status", "status": 500, "body": f"{MOBILE} broke"},
            {"fault": "garbage"},
            {"fault": "status", "status": 302, "headers": {"Location": f"http://127.0.0.1:9/{MOBILE}"}},
        ):
            jsms_sandbox.clock.advance(61)
            jsms_sandbox.fault(**fault)
            try:
                send_code(MOBILE, purpose="login")
            except JSMSError as error:
                said += [str(error), repr(error), error.message, repr(error.row), traceback.format_exc()]
                said += [report()]
            resume_app()
    said += [record.getMessage() for record in caplog.records if record.name.startswith("django_jsms")]
    for text in said:
        for secret in secrets:
            assert secret not in text


@pytest.mark.parametrize(
    "call", [lambda: send_code(MOBILE, purpose=5), lambda: verify_code("x", mobile=MOBILE, purpose="a")]
)
def test_an_error_report_hides_what_a_service_was_given(jsms_sandbox, call):
    try:
        call()
    except JSMSError:
        text = report()
    # The caller's own frame is the project's to hide; ours are what stands below it.
    assert MOBILE not in text.partition("services/language.py")[2]
