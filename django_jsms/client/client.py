"""One method per endpoint of JSMS, with the wire's own words, in the order of its documentation.

Plain Python: importing this loads no HTTP library and needs no Django.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from datetime import datetime

from . import bodies, inputs, results, routes, told
from .calls import Caller, Timeout
from .inputs import Params, Part

__all__ = ["JSMSClient", "Timeout"]


class JSMSClient(Caller):
    """A client for one JSMS application; safe to share between threads and across ``fork``.

    ``app_key`` and ``master_secret`` are the application's, ``dev_key`` and ``dev_secret`` the account's
    (for ``get_account_balance`` only). ``ca_bundle`` is the path of a file of CA certificates, for
    gateways with a CA of their own; verification cannot be turned off.

    Every method takes ``timeout`` for this one call, and raises:

    InvalidInput
        a value that can never be accepted; nothing was sent
    Refused
        JSMS answered no: ``.code .reason .who .retry_after .http_status``; nothing was sent
    NotSent
        no byte was written, or the address answered with a redirection, which is never followed;
        reasons ``unreachable``, ``handshake``, and, for a person to put right (``who`` is ``account``),
        ``tls_untrusted``, ``redirected``
    MaybeSent
        (sends and new schedules only) written, and no answer that can be trusted: never repeat it blindly
    NoAnswer
        the same for all other calls
    """

    # --- codes: jsms-api 2.1–2.3 ---

    def send_code(
        self, mobile: str, temp_id: int, sign_id: int | None = None, *, timeout: Timeout | None = None
    ) -> results.Sent:
        """``POST /codes``: JSMS makes a code, texts it to ``mobile`` and remembers it under the ``msg_id``."""
        body = {"mobile": inputs.mobile(mobile), **bodies.template(temp_id, sign_id)}
        return self._call(routes.SEND_CODE, results.Sent.parse, timeout, body)

    def send_voice_code(
        self,
        mobile: str,
        code: str | None = None,
        voice_lang: int | None = None,
        ttl: int | None = None,
        *,
        timeout: Timeout | None = None,
    ) -> results.Sent:
        """``POST /voice_codes``: a call that reads a code aloud.

        ``code``: 4–8 digits, made by JSMS when absent; ``voice_lang``: 0 Chinese, 1 English, 2 both;
        ``ttl``: seconds, 60 at JSMS.
        """
        body = {
            "mobile": inputs.mobile(mobile),
            "code": None if code is None else inputs.code(code),
            "voice_lang": inputs.optional_integer("voice_lang", voice_lang),
            "ttl": inputs.optional_integer("ttl", ttl),
        }
        return self._call(routes.SEND_VOICE_CODE, results.Sent.parse, timeout, body)

    def verify_code(self, msg_id: str, code: str, *, timeout: Timeout | None = None) -> results.CodeCheck:
        """``POST /codes/{msg_id}/valid``: a wrong, expired, used or unknown code is an answer, no exception.

        JSMS does not ask for the number: use the ``msg_id`` you kept, never one that a browser brought.
        """
        body = {"code": inputs.code(code)}
        return self._call(routes.VERIFY_CODE, results.CodeCheck.parse, timeout, body, ("msg_id", msg_id))

    # --- messages: jsms-api 2.4–2.5 ---

    def send_message(
        self,
        mobile: str,
        temp_id: int,
        temp_para: Params = None,
        sign_id: int | None = None,
        *,
        timeout: Timeout | None = None,
    ) -> results.Sent:
        """``POST /messages``: one template message."""
        body = {"mobile": inputs.mobile(mobile), **bodies.template(temp_id, sign_id, temp_para)}
        return self._call(routes.SEND_MESSAGE, results.Sent.parse, timeout, body)

    def send_batch(
        self,
        temp_id: int,
        recipients: Iterable[tuple[str, Params]],
        sign_id: int | None = None,
        tag: str | None = None,
        *,
        timeout: Timeout | None = None,
    ) -> results.BatchResult:
        """``POST /messages/batch``: one template to 1–1000 recipients, each with its own parameters.

        An answer may hold failures; who is not listed in it has no known outcome.
        """
        body = {
            **bodies.template(temp_id, sign_id),
            "tag": bodies.tag(tag),
            "recipients": inputs.recipients(recipients),
        }
        parse = functools.partial(results.BatchResult.parse, asked=len(body["recipients"]))
        return self._call(routes.SEND_BATCH, parse, timeout, body)

    # --- schedules: jsms-api 2.6–2.11 ---

    def create_schedule(
        self,
        send_at: datetime,
        mobile: str,
        temp_id: int,
        temp_para: Params = None,
        sign_id: int | None = None,
        *,
        timeout: Timeout | None = None,
    ) -> results.Scheduled:
        """``POST /schedule``: JSMS sends one message at ``send_at`` (aware; whole seconds)."""
        body = bodies.scheduled(send_at, mobile, temp_id, temp_para, sign_id)
        return self._call(routes.CREATE_SCHEDULE, results.Scheduled.parse, timeout, body)

    def create_batch_schedule(
        self,
        send_at: datetime,
        temp_id: int,
        recipients: Iterable[tuple[str, Params]],
        sign_id: int | None = None,
        tag: str | None = None,
        *,
        timeout: Timeout | None = None,
    ) -> results.Scheduled:
        """``POST /schedule/batch``: JSMS sends to 1–1000 recipients at ``send_at``."""
        body = {**bodies.scheduled_batch(send_at, temp_id, recipients, sign_id), "tag": bodies.tag(tag)}
        return self._call(routes.CREATE_BATCH_SCHEDULE, results.Scheduled.parse_batch, timeout, body)

    def update_schedule(
        self,
        schedule_id: str,
        send_at: datetime,
        mobile: str,
        temp_id: int,
        temp_para: Params = None,
        sign_id: int | None = None,
        *,
        timeout: Timeout | None = None,
    ) -> results.Scheduled:
        """``PUT /schedule/{schedule_id}``: replaces the whole schedule."""
        body = bodies.scheduled(send_at, mobile, temp_id, temp_para, sign_id)
        where = ("schedule_id", schedule_id)
        return self._call(routes.UPDATE_SCHEDULE, results.Scheduled.parse, timeout, body, where)

    def update_batch_schedule(
        self,
        schedule_id: str,
        send_at: datetime,
        temp_id: int,
        recipients: Iterable[tuple[str, Params]],
        sign_id: int | None = None,
        *,
        timeout: Timeout | None = None,
    ) -> results.Scheduled:
        """``PUT /schedule/batch/{schedule_id}``: replaces the whole schedule, its recipients too."""
        body = bodies.scheduled_batch(send_at, temp_id, recipients, sign_id)
        where = ("schedule_id", schedule_id)
        return self._call(routes.UPDATE_BATCH_SCHEDULE, results.Scheduled.parse_batch, timeout, body, where)

    def get_schedule(self, schedule_id: str, *, timeout: Timeout | None = None) -> results.ScheduleInfo:
        """``GET /schedule/{schedule_id}``, for single and batch ones alike."""
        where = ("schedule_id", schedule_id)
        return self._call(routes.GET_SCHEDULE, results.ScheduleInfo.parse, timeout, where=where)

    def delete_schedule(self, schedule_id: str, *, timeout: Timeout | None = None) -> None:
        """``DELETE /schedule/{schedule_id}``, for single and batch ones alike."""
        self._call(routes.DELETE_SCHEDULE, results.nothing, timeout, where=("schedule_id", schedule_id))

    # --- balances: jsms-api 2.12–2.13 ---

    def get_account_balance(self, *, timeout: Timeout | None = None) -> results.Balance:
        """``GET /accounts/dev``: what the account has left, with the developer's own key and secret."""
        return self._call(routes.GET_ACCOUNT_BALANCE, results.Balance.parse_account, timeout)

    def get_app_balance(self, *, timeout: Timeout | None = None) -> results.Balance:
        """``GET /accounts/app``: what was allotted to this app; all None where it uses the account's pool."""
        return self._call(routes.GET_APP_BALANCE, results.Balance.parse_app, timeout)

    # --- templates: jsms-api 2.14–2.17 ---

    def create_template(
        self,
        template: str,
        type: int,
        ttl: int | None = None,
        remark: str | None = None,
        *,
        timeout: Timeout | None = None,
    ) -> results.TemplateSaved:
        """``POST /templates``: a text for the audit. ``type`` 1 code, 2 notice, 3 marketing; ``ttl`` seconds."""
        body = bodies.text(template, type, ttl, remark)
        return self._call(routes.CREATE_TEMPLATE, results.TemplateSaved.parse, timeout, body)

    def update_template(
        self,
        temp_id: int,
        template: str,
        type: int,
        ttl: int | None = None,
        remark: str | None = None,
        *,
        timeout: Timeout | None = None,
    ) -> results.TemplateSaved:
        """``PUT /templates/{temp_id}``: only a rejected template can be changed."""
        body = {"temp_id": inputs.number_id("temp_id", temp_id), **bodies.text(template, type, ttl, remark)}
        where = ("temp_id", temp_id)
        return self._call(routes.UPDATE_TEMPLATE, results.TemplateSaved.parse, timeout, body, where)

    def get_template(self, temp_id: int, *, timeout: Timeout | None = None) -> results.TemplateInfo:
        """``GET /templates/{temp_id}``: its text and audit status; the reason of a refusal is not told."""
        return self._call(routes.GET_TEMPLATE, results.TemplateInfo.parse, timeout, where=("temp_id", temp_id))

    def delete_template(self, temp_id: int, *, timeout: Timeout | None = None) -> None:
        """``DELETE /templates/{temp_id}``."""
        self._call(routes.DELETE_TEMPLATE, results.nothing, timeout, where=("temp_id", temp_id))

    # --- signatures: jsms-api 2.18–2.21 ---

    def create_signature(
        self, sign: str, *, timeout: Timeout | None = None, **parts: Part | None
    ) -> results.SignatureSaved:
        """``POST /sign``, a form. ``parts`` by the names of JSMS: ``type=1``, ``legalPersonName="…"``,
        ``idCardImage=("card.png", data)``; a file may carry its content type as a third item."""
        form = inputs.parts({"sign": inputs.text("sign", sign, 16), **parts})
        return self._submit(routes.CREATE_SIGNATURE, results.SignatureSaved.parse, timeout, form)

    def update_signature(
        self, sign_id: int, sign: str, *, timeout: Timeout | None = None, **parts: Part | None
    ) -> results.SignatureSaved:
        """``POST /sign/{sign_id}``: only a rejected signature can be changed; ``parts`` as for a new one."""
        form = inputs.parts({"sign": inputs.text("sign", sign, 16), **parts})
        where = ("sign_id", sign_id)
        return self._submit(routes.UPDATE_SIGNATURE, results.SignatureSaved.parse, timeout, form, where)

    def get_signature(self, sign_id: int, *, timeout: Timeout | None = None) -> results.SignatureInfo:
        """``GET /sign/{sign_id}``: its text and audit status."""
        return self._call(routes.GET_SIGNATURE, results.SignatureInfo.parse, timeout, where=("sign_id", sign_id))

    def delete_signature(self, sign_id: int, *, timeout: Timeout | None = None) -> None:
        """``DELETE /sign/{sign_id}``: not the default one."""
        self._call(routes.DELETE_SIGNATURE, results.nothing, timeout, where=("sign_id", sign_id))

    # --- pulls: jsms-api 2.22–2.23 ---

    def pull_reports(
        self, *, keep: Callable[[bytes], object] | None = None, timeout: Timeout | None = None
    ) -> told.Pulled[told.Report]:
        """``GET /report``: at most 500 reports, each handed out once. One call per 5 s, one puller at a time.

        ``keep`` is called with the body of a 2xx before it is parsed, and also if it cannot be parsed.
        """
        answer, entries = self._exchange(routes.PULL_REPORTS, timeout, keep=keep)
        return told.Pulled.read(answer.text, entries, told.Report.parse)

    def pull_replies(
        self, *, keep: Callable[[bytes], object] | None = None, timeout: Timeout | None = None
    ) -> told.Pulled[told.Reply]:
        """``GET /reply``: at most 500 replies, by the same rules as the reports."""
        answer, entries = self._exchange(routes.PULL_REPLIES, timeout, keep=keep)
        return told.Pulled.read(answer.text, entries, told.Reply.parse)
