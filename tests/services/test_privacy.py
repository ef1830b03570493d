"""Canaries: no number, code, proof or secret in a log line, an error, a repr or an error report."""

import logging
import sys
import traceback
from datetime import timedelta

import pytest
from django.test import RequestFactory
from django.views.debug import ExceptionReporter

from django_jsms.exceptions import InvalidInput, JSMSError
from django_jsms.models.base import now
from django_jsms.services import (
    create_batch,
    preview_message,
    queue_message,
    redeem_proof,
    resume_app,
    schedule_message,
    send_code,
    send_message,
    verify_code,
)
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


#: A number that stands where a parameter's name should be, as of rows with no line of names.
NAMED = ["13900139000", "8613900139000", "x13900139000", "139_0013_9000", "01082123456", "1390013"]


@pytest.mark.parametrize("value", ["Wang", "", 5, "a\nb"])
@pytest.mark.parametrize("name", NAMED)
def test_a_number_for_a_name_is_masked_at_every_door(shop, name, value):
    tomorrow = now() + timedelta(days=1)
    doors = [
        lambda params: send_message(MOBILE, template="order-shipped", params=params),
        lambda params: queue_message(MOBILE, template="order-shipped", params=params),
        lambda params: preview_message(MOBILE, template="order-shipped", params=params),
        lambda params: create_batch(template="order-shipped", recipients=[MOBILE], params=params),
        lambda params: schedule_message(MOBILE, template="order-shipped", params=params, send_at=tomorrow),
    ]
    for params in ({name: value}, {"no": "42", name: value}):
        for door in doors:
            with pytest.raises(InvalidInput) as caught:
                door(params)
            assert name not in f"{caught.value}{caught.value.zh}{caught.value!r}"
        rows = create_batch(template="order-shipped", recipients=[(MOBILE, params)]).rejected_rows.all()
        assert len(rows) == 1 and name not in rows[0].detail + str(rows[0].explanation) + rows[0].reason


@pytest.mark.parametrize("name", ["number", "code2", "2", "order_2026"])
def test_a_name_that_is_one_is_said(shop, name):
    with pytest.raises(InvalidInput, match=rf"Not in it: {name}\."):
        send_message(MOBILE, template="order-shipped", params={"no": "42", name: "x"})
