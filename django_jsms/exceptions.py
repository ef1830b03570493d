"""Every error of django_jsms, in one tree.

::

    JSMSError                  .code .reason .who .maybe_sent .message .row .explain()
    ├── InvalidInput           (ValueError) .field .line: the input is wrong; nothing was sent
    ├── InTransaction          (RuntimeError) a rollback could not undo an SMS; nothing was sent
    ├── InvalidProof           a proof that is forged, spent, too old or for another purpose
    ├── CaptchaRequired        a person has to show that they are one; nothing was sent
    ├── LimitExceeded          .limit .retry_after: too often by our own rules; nothing was sent
    ├── Refused                .code .who .retry_after: JSMS answered no; nothing was sent
    │   └── AppPaused          an earlier refusal still stands; JSMS was not asked
    ├── NotSent                no byte of the request was written; it may be repeated
    └── NoAnswer               the request was written, no answer could be trusted
        └── MaybeSent          … and it was a send: an SMS may have gone out; never repeat it blindly

``django_jsms.conf.NotConfigured`` is a JSMSError too; it lives there because it is also Django's
ImproperlyConfigured, and this module is plain Python.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

Who = Literal["caller", "user", "recipient", "account", "platform"]


class JSMSError(Exception):
    """Something kept JSMS from doing what was asked.

    ``str(error)`` is English and holds no number, code or secret. ``message`` is safe to show to a
    person; the service layer puts it into the reader's language.
    """

    #: JSMS's own number of the error, e.g. 50009, or None where JSMS did not say one.
    code: int | None = None
    #: Our stable word for it, e.g. ``invalid_mobile``; REST answers carry it as ``code``.
    reason: str = "error"
    #: Who has to act before the same request can succeed.
    who: Who = "caller"
    #: Whether an SMS may have gone out all the same.
    maybe_sent: ClassVar[bool] = False

    def __init__(
        self,
        text: str = "",
        *,
        code: int | None = None,
        reason: str | None = None,
        who: Who | None = None,
        zh: str = "",
        en: str = "",
    ) -> None:
        super().__init__(text)
        self.code = code
        self.reason = reason or self.reason
        self.who = who or self.who
        self.zh = zh
        self.en = en
        #: The committed row the error is about, or None.
        self.row: Any = None
        self._message: str | None = None

    @property
    def message(self) -> str:
        """One sentence for the reader, safe to show."""
        return self.explain() if self._message is None else self._message

    @message.setter
    def message(self, value: str) -> None:
        self._message = value

    def explain(self, language: str = "en") -> str:
        """The error in Chinese (any ``zh…``) where a Chinese text exists, else in English.

        ``str(error)`` is for logs and developers, and may quote JSMS; this never does.
        """
        return self.zh if self.zh and language.lower().startswith("zh") else self.en or str(self)


class InvalidInput(JSMSError, ValueError):
    """A value that can never be accepted. ``field`` names it, ``line`` where it stands in a list; nothing was sent."""

    reason = "invalid"

    def __init__(
        self, text: str = "", *, field: str = "", line: int | None = None, reason: str | None = None, zh: str = ""
    ) -> None:
        super().__init__(text, reason=reason, zh=zh)
        self.field = field
        self.line = line


class InTransaction(JSMSError, RuntimeError):
    """What commits as it goes was called inside a transaction; nothing was sent or written."""

    reason = "in_transaction"


class InvalidProof(JSMSError):
    """The proof is forged, already redeemed, older than five minutes, or for another purpose."""

    reason = "invalid_proof"
    who = "user"


class CaptchaRequired(JSMSError):
    """The captcha hook of the project did not accept the answer, or failed."""

    reason = "captcha_required"
    who = "user"


class LimitExceeded(JSMSError):
    """Too often by the project's own limits. ``retry_after`` is in seconds, ``limit`` names the rule.

    Of a budget ``who`` is ``account``, and a person is not told of it: only ``str(error)`` is.
    """

    reason = "limited"
    who = "user"

    def __init__(
        self,
        text: str = "",
        *,
        limit: str = "",
        retry_after: int = 0,
        who: Who | None = None,
        zh: str = "",
        en: str = "",
    ) -> None:
        super().__init__(text, who=who, zh=zh, en=en)
        self.limit = limit
        self.retry_after = retry_after


class Refused(JSMSError):
    """JSMS answered, and its answer was no. ``retry_after`` (seconds) is set where waiting helps."""

    reason = "refused"

    def __init__(
        self,
        text: str = "",
        *,
        code: int | None = None,
        http_status: int | None = None,
        retry_after: int | None = None,
        reason: str | None = None,
        who: Who | None = None,
        zh: str = "",
        en: str = "",
    ) -> None:
        super().__init__(text, code=code, reason=reason, who=who, zh=zh, en=en)
        self.http_status = http_status
        self.retry_after = retry_after


class AppPaused(Refused):
    """The app or the template is paused by an earlier refusal; JSMS was not asked and no row written."""

    reason = "paused"
    who = "account"


class NotSent(JSMSError):
    """No byte of the request was written: nothing went out, and repeating it is safe."""

    reason = "not_sent"
    who = "platform"


class Withheld:
    """Bytes that no log, no ``repr`` and no error report shows."""

    __slots__ = ("value",)

    def __init__(self, value: bytes = b"") -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"<{len(self.value)} bytes>"


class NoAnswer(JSMSError):
    """The request was written and no answer came that could be trusted."""

    reason = "no_answer"
    who = "platform"
    #: What came all the same with a 2xx, to be kept: it may be the only place of an id, and may hold numbers.
    body = Withheld()


class MaybeSent(NoAnswer):
    """A send without a trustworthy answer: the SMS may be on its way. Only a report or a person can tell."""

    reason = "maybe_sent"
    maybe_sent = True
