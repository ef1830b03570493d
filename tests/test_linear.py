"""Doors that take what a stranger sends: eight times the input may cost some eight times the work, never 64 times."""

from __future__ import annotations

import gc
import io
import json
import re
import time
from contextlib import suppress
from types import SimpleNamespace

import pytest
from django.core.exceptions import SuspiciousOperation
from django.http.multipartparser import MultiPartParserError
from django.template.defaultfilters import truncatechars
from django.test import Client, RequestFactory, override_settings
from rest_framework.exceptions import ValidationError
from werkzeug.datastructures import Authorization
from werkzeug.http import parse_options_header

from django_jsms.admin import numbers
from django_jsms.api import exception_handler
from django_jsms.api import idempotency as api_idempotency
from django_jsms.api.batches import NewBatch
from django_jsms.api.messages import NewMessage
from django_jsms.client import answers, callbacks, errors, results, routes, shapes
from django_jsms.exceptions import JSMSError
from django_jsms.models import Reply, templates
from django_jsms.sandbox import drafts, rendering, wire
from django_jsms.sandbox.refusals import Refusal
from django_jsms.services import (
    chosen,
    client_ip,
    headings,
    kept,
    optouts,
    redeem_proof,
    texts,
    verify_code,
    workbooks,
)
from django_jsms.services.lists import RecipientList
from tests.sheets import HEAD, row, workbook

#: Bytes that each door lets in: a body of the API or an answer of JSMS, a notification, a list, a header. FIELD is for
#: headers that Django and Python read: as long as gunicorn lets them be.
BODY, FORM, LIST, HEADER, FIELD = 960 << 10, 1 << 18, 1 << 20, 1 << 16, 1 << 13
#: Between linear (8) and quadratic (64), as far from the one as from the other: the machine would have to be three
#: times slower for the large input than for the small one, in each of several runs, to take linear for more.
STEP, MOST = 8, 22
#: Seconds of CPU under which nothing is told apart from noise.
NOISE = 2e-4


def cost(call, given) -> float:
    """CPU seconds of this thread alone, so that what else the machine does is not counted."""
    took: list[float] = []
    while len(took) < 3 and sum(took) < 0.1:
        started = time.thread_time()
        with suppress(ValueError, JSMSError, Refusal):
            call(given)
        took.append(time.thread_time() - started)
    return min(took)


def grows(call, make, top: int) -> list[float]:
    """By how much the cost grows as the input does by eight, up to the top. It ends once that is too much."""
    factors, size = [], top // STEP**4
    before = cost(call, make(size))
    while size < top:
        size *= STEP
        now = cost(call, make(size))
        factors.append(now / max(before, NOISE))
        if factors[-1] > MOST:
            break
        before = now
    return factors


# -- the doors -----------------------------------------------------------------------------------------------


def post(raw: str) -> None:
    answer = Client().generic("POST", "/api/codes/", raw.encode(), content_type="application/json")
    assert answer.status_code == 400, answer.content


def staff(body) -> None:
    given = NewBatch(data={"template": 1, **body})
    if not given.is_valid():
        exception_handler(ValidationError(given.errors), {})


def message(**changes) -> None:
    NewMessage(data={"mobile": "13800138000", "template": 1, **changes}).is_valid()


def fingerprint(data) -> None:
    request = SimpleNamespace(method="POST", get_full_path=lambda: "/", data=data)
    api_idempotency._fingerprint(request)


def notice(body: str) -> None:
    form = callbacks.Form.read(body.encode())
    callbacks.parse(callbacks.Form(type="SMS_REPORT", data=form.data))


def report(data) -> None:
    callbacks.parse(callbacks.Form(type="SMS_REPORT", data=json.dumps(data)))


def reply_shown(content: str) -> None:
    (told,) = (kind.told for kind in numbers._KINDS if kind.model is Reply)
    truncatechars(told(Reply(content=content))[0], 80)


def answered(text: str) -> None:
    answers.read(routes.SEND_MESSAGE, answers.Answer(200, "", text.encode()))


def asked(**headers: str) -> None:
    """A request that gets as far as a refusal."""
    meta = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    Client().post("/api/codes/", b"{}", content_type="application/json", **meta)


def typed(content_type: str) -> None:
    Client().generic("POST", "/api/codes/", b"{}", content_type=content_type)


def queried(query: str) -> None:
    Client().generic("POST", f"/api/codes/?{query}", b"{}", content_type="application/json")


@override_settings(JSMS={"TRUSTED_PROXY_COUNT": 1})
def forwarded(chain: str) -> None:
    client_ip(RequestFactory().get("/", headers={"X-Forwarded-For": chain}))


def rows_of(text: str, encoding: str | None = None) -> None:
    for _ in RecipientList(io.BytesIO(text.encode()), encoding, None):
        pass


def rows_of_sheet(data: bytes) -> None:
    """Without the extra it is a file that is refused."""
    for _ in workbooks.rows(io.BytesIO(data)):
        pass


def far_cells(n: int) -> str:
    return "".join(f'<row r="{line}"><c r="XFD{line}" t="e"><v>#N/A</v></c></row>' for line in range(2, n // 50))


def text_of_cells(n: int) -> bytes:
    """One long text that stands in all cells."""
    rows = '<row><c t="s"><v>0</v></c></row>' * (n // 64)
    return workbook(rows, texts=f"<si><t>{'1' * (n // 2)}</t></si>")


def check_text(text: str) -> None:
    texts._check_names(text, 2)


def sandbox_text(text: str) -> None:
    drafts._check_names(SimpleNamespace(fields={"template": text, "type": 2}), drafts._BRACES.findall(text))


def sandbox_form(body: bytes) -> None:
    wire.read_form(body, "multipart/form-data; boundary=x")


def uploaded(body: bytes) -> None:
    """As far as Django's own parser goes: its limits stop it."""
    request = RequestFactory().generic("POST", "/", body, content_type="multipart/form-data; boundary=x")
    with suppress(SuspiciousOperation, MultiPartParserError):
        request.FILES  # noqa: B018


def parts(n: int, name: str) -> bytes:
    return b"".join(
        b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n\r\n' % name.encode() for _ in range(n // 60)
    )


def keys(n: int) -> dict[str, str]:
    return {f"k{i}": "v" for i in range(n // 16)}


# -- door, what it is given for a size, and how large that gets ----------------------------------------------

ROWS = {
    # JSON that anybody may post
    "escaped quotes, never closed": (post, lambda n: '"' + '\\"' * (n // 2), BODY),
    "a backslash at the end": (post, lambda n: '"' + '\\"' * (n // 2) + "\\", BODY),
    "quotes": (post, lambda n: '"' * n, BODY),
    "backslashes": (post, lambda n: '"' + "\\" * n, BODY),
    "escapes": (post, lambda n: '"' + "\\u0041" * (n // 6) + '"', BODY),
    "surrogates": (post, lambda n: '"' + "\\ud83d\\ude00" * (n // 12) + '"', BODY),
    "open lists": (post, lambda n: "[" * n, BODY),
    "open objects": (post, lambda n: '{"a":' * (n // 5), BODY),
    "deep lists": (post, lambda n: "[" * (n // 2) + "]" * (n // 2), BODY),
    "many lists": (post, lambda n: "[" + "[]," * (n // 3) + "[]]", BODY),
    "many lists in lists": (post, lambda n: "[" + "[[[[[[]]]]]]," * (n // 13) + "[]]", BODY),
    "many keys": (post, lambda n: json.dumps(keys(n)), BODY),
    "one key often": (post, lambda n: "{" + '"a":1,' * (n // 6) + '"a":1}', BODY),
    "keys that begin alike": (post, lambda n: json.dumps({"x" * 200 + str(i): 1 for i in range(n // 210)}), BODY),
    "spaces": (post, lambda n: " " * n, BODY),
    "commas": (post, lambda n: "[" + "," * n, BODY),
    "a long number": (post, lambda n: '{"mobile": ' + "9" * n + "}", BODY),
    "long numbers": (post, lambda n: "[" + ("9" * 4000 + ",") * (n // 4001) + "1]", BODY),
    "a long fraction": (post, lambda n: '{"mobile": 0.' + "9" * n + "}", BODY),
    "a long exponent": (post, lambda n: '{"mobile": 1e' + "9" * n + "}", BODY),
    "zeros": (post, lambda n: '{"mobile": 1.' + "0" * n + "1}", BODY),
    "a long mobile": (post, lambda n: json.dumps({"mobile": "1" * n, "purpose": "login"}), BODY),
    "a long purpose": (post, lambda n: json.dumps({"mobile": "13800138000", "purpose": "a" * n}), BODY),
    "recipients without end": (staff, lambda n: {"recipients": [{}] * (n // 3)}, BODY),
    "recipients that are none": (staff, lambda n: {"recipients": [1] * (n // 2)}, BODY),
    "a thousand recipients": (staff, lambda n: {"recipients": [keys(n // 1000) for _ in range(1000)]}, BODY),
    "unknown fields": (staff, keys, BODY),
    "parameters of one recipient": (staff, lambda n: {"recipients": [{"mobile": "1", "params": keys(n)}]}, BODY),
    "a time and spaces": (lambda v: message(not_before=v), lambda n: "2026-11-28T10:00:00" + " " * n + "x", BODY),
    "a time without end": (lambda v: message(not_before=v), lambda n: "2" * n, BODY),
    "a proof of colons": (lambda v: redeem_proof(v, purpose="login"), lambda n: ":" * n, BODY),
    "a proof of letters": (lambda v: redeem_proof(v, purpose="login"), lambda n: "a:a:" + "a" * n, BODY),
    "a code": (lambda v: verify_code(v, token="x", purpose="login"), lambda n: "1" * n, BODY),
    "the key of a request": (fingerprint, lambda n: {f"k{i}": [i] for i in range(n // 12, 0, -1)}, BODY),
    # headers and addresses
    "X-Forwarded-For of commas": (forwarded, lambda n: "," * n, HEADER),
    "X-Forwarded-For of colons": (forwarded, lambda n: "1:" * (n // 2), HEADER),
    "X-Forwarded-For of dots": (forwarded, lambda n: "1." * (n // 2), HEADER),
    "X-Forwarded-For of digits": (forwarded, lambda n: "1" * n, HEADER),
    "X-Forwarded-For of spaces": (forwarded, lambda n: " " * n, HEADER),
    "Accept-Language": (lambda v: asked(accept_language=v), lambda n: "zh;q=0.1," * (n // 9), FIELD),
    "Accept": (lambda v: asked(accept=v), lambda n: "a/b;q=0.1," * (n // 10), FIELD),
    "Accept of semicolons": (lambda v: asked(accept=v), lambda n: "a/b" + ";" * n, FIELD),
    "Idempotency-Key": (lambda v: asked(idempotency_key=v), lambda n: "k" * n, HEADER),
    "many headers": (lambda v: asked(**v), lambda n: {f"X_{i}": "1" for i in range(n // 10)}, FIELD),
    "Content-Type of semicolons": (typed, lambda n: "application/json" + ";" * n, FIELD),
    "Content-Type of quotes": (typed, lambda n: 'application/json; a="' + '\\"' * (n // 2), FIELD),
    "Content-Type of fields": (typed, lambda n: "application/json" + "; a=b" * (n // 5), FIELD),
    "a query of fields": (queried, lambda n: "a=1&" * (n // 4), FIELD),
    "a query of percents": (queried, lambda n: "a=" + "%41" * (n // 3), FIELD),
    # what JSMS posts, and what it answers
    "a pull of quotes": (shapes.entries, lambda n: "[" + '{"a":"b"c"},' * (n // 12), BODY),
    "a pull of texts left open": (shapes.entries, lambda n: "[" + '{"a":"},' * (n // 8), BODY),
    "a pull in layers": (shapes.entries, lambda n: "[" + '{"a":[{},' * (n // 9), BODY),
    "a pull in wide layers": (shapes.entries, lambda n: "[" + ('{"a":[' + "{}," * (n // 1200)) * 400, BODY),
    "a pull of spaces": (shapes.entries, lambda n: "[}" + " " * (n // 2) + "," + " " * (n // 2), BODY),
    "a text of digits apart": (kept.without_numbers, lambda n: "1    2     " * (n // 11), BODY),
    "a text of escapes": (kept.without_numbers, lambda n: "\\u003" * (n // 5), BODY),
    "a form of ampersands": (notice, lambda n: "&" * n, FORM),
    "a form of equals": (notice, lambda n: "=" * n, FORM),
    "a form of percents": (notice, lambda n: "data=" + "%" * n, FORM),
    "a form in percents": (notice, lambda n: "data=" + "%e4%b8%ad" * (n // 9), FORM),
    "a form in turns": (notice, lambda n: "data=" + "a%e4" * (n // 4), FORM),
    "data of lists": (notice, lambda n: "data=" + "[" * n, FORM),
    "data of quotes": (notice, lambda n: "data=" + '"' + '\\"' * (n // 2), FORM),
    "data of digits": (notice, lambda n: "data=" + "9" * n, FORM),
    "a time of spaces": (report, lambda n: record(receiveTime="Thu" + " " * n + " CST "), FORM),
    "a time of days": (report, lambda n: record(receiveTime="Thu Nov 1 CST " * (n // 14)), FORM),
    "a time of digits": (report, lambda n: record(receiveTime="1" * n), FORM),
    "a long status": (report, lambda n: record(status="1" * n), FORM),
    "a reply of marks": (optouts.asks_to_stop, lambda n: "T" + "\u0316\u0301" * (n // 6), FORM),
    "a reply of spaces": (optouts.asks_to_stop, lambda n: " " * n + "T", FORM),
    "a reply of marks on a page": (reply_shown, lambda n: "T" + "\u0316\u0301" * (n // 6), FORM),
    "an answer of lists": (answered, lambda n: "[" * n, BODY),
    "an answer of quotes": (answered, lambda n: '"' + '\\"' * (n // 2), BODY),
    "an answer of digits": (answered, lambda n: '{"error": ' + "9" * n, BODY),
    "an error of digits": (errors.clean, lambda n: "9" * n, BODY),
    "Retry-After of digits": (answers._wait, lambda n: "1" * n, HEADER),
    "Retry-After of words": (answers._wait, lambda n: "Mon, " * (n // 5), HEADER),
    "Retry-After of colons": (answers._wait, lambda n: "1 Nov 2026 " + "1:" * (n // 2), HEADER),
    "a batch of items": (
        lambda v: results.BatchResult.parse(v),
        lambda n: {
            "success_count": 0,
            "failure_count": 0,
            "recipients": [{"mobile": 5, "error_code": "x"}] * (n // 40),
        },
        BODY,
    ),
    # lists
    "a list of columns": (rows_of, lambda n: "mobile" + ",a" * (n // 2), 60 << 10),
    "a list of other columns": (rows_of, lambda n: "mobile," + ",".join(map(str, range(n // 6))) + "\n1", 60 << 10),
    "columns over many lines": (rows_of, lambda n: "mobile" + ',"\n"' * (n // 4), LIST),
    "a list of quotes": (rows_of, lambda n: "mobile\n" + '""' * (n // 2), LIST),
    "a quote that is not closed": (rows_of, lambda n: 'mobile\n"' + "a" * n, LIST),
    "a quote over many lines": (rows_of, lambda n: 'mobile\n"' + "\n" * n, LIST),
    "a field of megabytes": (rows_of, lambda n: "mobile\n" + "1" * n, LIST),
    "blank lines": (rows_of, lambda n: "mobile\n" + "\n" * n + "1", LIST),
    "cells behind the last": (rows_of, lambda n: "mobile\n" + ("1" + "," * 2000 + "\n") * (n // 2002), LIST),
    "carriage returns": (rows_of, lambda n: "mobile\n" + "\r" * n, LIST),
    "a first cell of digits": (rows_of, lambda n: "1" * n, 60 << 10),
    "a list in punycode": (lambda v: rows_of(v, "punycode"), lambda n: "-" + "a" * n, LIST),
    "a list in IDNA": (lambda v: rows_of(v, "idna"), lambda n: "a" * n, LIST),
    "columns of rows": (headings.layout.__wrapped__, lambda n: tuple(map(str, range(n // 8))), LIST),
    "a list in UTF-7": (lambda v: rows_of(v, "utf-7"), lambda n: "mobile\n+" + "A" * n, LIST),
    # workbooks
    "a row far behind": (rows_of_sheet, lambda n: workbook(f'{HEAD}<row r="{n * n}"/>'), LIST),
    "rows of nothing": (rows_of_sheet, lambda n: workbook(HEAD + "<row/>" * (n // 6)), LIST),
    "rows of the last column": (rows_of_sheet, lambda n: workbook(HEAD + far_cells(n)), LIST),
    "cells of nothing": (rows_of_sheet, lambda n: workbook(f"{HEAD}<row>{'<c/>' * (n // 4)}</row>"), LIST),
    "one text in all cells": (rows_of_sheet, text_of_cells, LIST),
    "one sheet often": (rows_of_sheet, lambda n: workbook(row(1) + "<row/>" * (n // 8), sheets=n // 64), LIST),
    # texts and parameters
    "open braces": (templates.placeholders, lambda n: "{{" * (n // 2), BODY),
    "open names": (templates.placeholders, lambda n: "{{" + "a" * n, BODY),
    "many placeholders": (lambda v: templates.render(v, {}), lambda n: "{{a}}" * (n // 5), BODY),
    "names that do not end": (lambda v: templates.render(v, {"a": "b"}), lambda n: "{{a" * (n // 3), BODY),
    "braces handed in": (check_text, lambda n: "{{" * (n // 2), BODY),
    "a name handed in": (check_text, lambda n: "{{" + "a_" * (n // 2) + "}}", BODY),
    "names handed in": (check_text, lambda n: "{{a}}" * (n // 5), BODY),
    "many parameters": (chosen.check_params, keys, BODY),
    "a long parameter": (chosen.check_params, lambda n: {"a": "x" * n}, BODY),
    "a long name": (chosen.check_params, lambda n: {"a" * n: "x"}, BODY),
    # the sandbox
    "the sandbox: braces": (sandbox_text, lambda n: "{{" * (n // 2), BODY),
    "the sandbox: names": (rendering.form, lambda n: "{{" + " " * n, BODY),
    "the sandbox: percents": (rendering.form, lambda n: "%" * n, BODY),
    "the sandbox: lists": (lambda v: wire.read_json(v.encode()), lambda n: "[" * n, BODY),
    "the sandbox: quotes": (lambda v: wire.read_json(v.encode()), lambda n: '"' + '\\"' * (n // 2), BODY),
    "the sandbox: digits": (lambda v: wire.read_json(v.encode()), lambda n: "9" * n, BODY),
    "the sandbox: one part": (sandbox_form, lambda n: parts(60, "sign") + b"\r\n" * (n // 2), LIST),
    "the sandbox: dashes": (sandbox_form, lambda n: parts(60, "sign") + b"\r\n--" * (n // 4), LIST),
    "the sandbox: many parts": (sandbox_form, lambda n: parts(n, "a"), LIST),
    "the sandbox: no parts": (sandbox_form, lambda n: b"a" * n, LIST),
    "the sandbox: a header of semicolons": (parse_options_header, lambda n: "a" + ";" * n, HEADER),
    "the sandbox: a header of quotes": (parse_options_header, lambda n: 'a; b="' + '\\"' * (n // 2), HEADER),
    "the sandbox: a long login": (Authorization.from_header, lambda n: "Basic " + "YTpi" * (n // 4), HEADER),
    # forms that Django reads
    "many parts": (uploaded, lambda n: parts(n, "a"), LIST),
    "one part of line breaks": (uploaded, lambda n: parts(60, "a") + b"\r\n" * (n // 2), LIST),
    "one part of dashes": (uploaded, lambda n: parts(60, "a") + b"\r\n--" * (n // 4), LIST),
}


def record(**changes):
    return {"msgId": "1", "phone": "13800138000", "receiveTime": 1, "status": 4001, **changes}


@pytest.fixture
def quiet():
    """The collector looks through all that pytest holds, whenever it likes."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("door", ROWS)
def test_eight_times_the_input_is_eight_times_the_work(quiet, db, door):
    call, make, top = ROWS[door]
    seen = [grows(call, make, top)]
    while max(seen[-1]) > MOST and len(seen) < 3:  # a busy machine may be slow once; a square is one each time
        seen.append(grows(call, make, top))
    assert max(seen[-1]) <= MOST, seen


def test_a_square_is_found():
    """The measure itself, on what once read the strings of a body."""

    unterminated = re.compile(r'"(?:[^"\\]|\\.)*"')
    assert grows(unterminated.findall, lambda n: '"' + '\\"' * (n // 2), 1 << 14)[-1] > MOST
    assert max(grows(lambda text: text.count("ab"), lambda n: "a" * n, BODY)) <= MOST
