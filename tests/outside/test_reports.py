"""What an error report shows of a list that was handed in: no number and no text of it, in any frame."""

import io
import sys

import pytest
from django.db import transaction
from django.test import RequestFactory
from django.views.debug import ExceptionReporter

from django_jsms.exceptions import InTransaction, InvalidInput
from django_jsms.models import Template
from django_jsms.services import (
    create_batch,
    preview_template,
    read_list,
    schedule_message,
    send_message,
    update_schedule,
)
from tests.conftest import MOBILE
from tests.outside.test_repeats import AT

pytestmark = pytest.mark.django_db
SECRET = "甲乙丙丁"
PAIR = (MOBILE, {"no": SECRET})


def batch(recipients):
    return create_batch(template="order-shipped", recipients=recipients)


def from_file(text, encoding="utf-8"):
    rows = read_list(io.BytesIO(text.encode(encoding)), template="order-shipped")
    create_batch(template="order-shipped", recipients=rows, source=rows.digest)


def in_transaction():
    with transaction.atomic():
        batch([PAIR])


def broken():
    yield PAIR
    raise InvalidInput("no more")


def updated(recipients):
    schedule = schedule_message(MOBILE, template="order-shipped", params={"no": SECRET}, send_at=AT)
    update_schedule(schedule, recipients=recipients)


ERRORS = {
    "one number": lambda: batch(MOBILE),
    "a mapping": lambda: batch({"mobile": MOBILE, "no": SECRET}),
    "in a transaction": in_transaction,
    "a list that breaks off": lambda: batch(broken()),
    "pasted rows": lambda: read_list(f"手机号,nr\n{MOBILE},{SECRET}\n", template="order-shipped"),
    "pasted rows that are ragged": lambda: batch(
        read_list(f"手机号,no\n{MOBILE},{SECRET},x\n", template="order-shipped")
    ),
    "a file that is ragged": lambda: from_file(f"手机号,no\n{MOBILE},{SECRET},x\n"),
    "a file that is not closed": lambda: from_file(f'手机号,no\n{MOBILE},"{SECRET}\n'),
    "a file that is not text": lambda: from_file(f"手机号,no\n{MOBILE},{SECRET}\0\n"),
    "a file in two encodings": lambda: from_file(f"mobile,no\n{MOBILE},女士\n", "gbk"),
    "a file in Big5": lambda: from_file(f"mobile,no\n{MOBILE},先生\n", "big5"),
    "a parameter": lambda: send_message(MOBILE, template="order-shipped", params={"no": SECRET + "\u202c"}),
    "another parameter": lambda: send_message(MOBILE, template="order-shipped", params={"other": SECRET}),
    "a preview": lambda: preview_template(Template(text="{{no}}"), params={"no": SECRET + "\0"}),
    "a schedule's number": lambda: updated(MOBILE[:10]),
    "a schedule's numbers": lambda: updated([PAIR, PAIR]),
}


@pytest.mark.parametrize("name", ERRORS)
def test_no_frame_shows_what_was_handed_in(shop, settings, name):
    settings.DEBUG = False
    with pytest.raises((InvalidInput, InTransaction)):
        try:
            ERRORS[name]()
        except (InvalidInput, InTransaction):
            frames = ExceptionReporter(RequestFactory().get("/"), *sys.exc_info()).get_traceback_frames()
            shown = [
                (frame["function"], variable)
                for frame in frames
                for variable, value in frame["vars"]
                if "/django_jsms/" in frame["filename"]
                and any(each in str(value) for each in (MOBILE, MOBILE[:10], SECRET))
            ]
            assert not shown
            raise
