"""What an answer means: a payload, a refusal, or no answer that can be trusted (semantics, section 4).

Everything that is not plainly one of JSMS's documented answers counts as none at all.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn

from ..exceptions import JSMSError, MaybeSent, NoAnswer, NotSent, Refused, Withheld
from . import errors
from .outcomes import tells_of_a_send
from .routes import Route
from .shapes import error_code, loads

logger = logging.getLogger("django_jsms")

#: A page of a hundred thousand «[» is no answer, and nor is a number that JSON does not have.
_UNREADABLE = (ValueError, RecursionError)
_LONGEST_WAIT = 86400
_NO_WAY = object()


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, its body decoded and within the size cap."""

    status: int
    retry_after: str
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


def read(route: Route, answer: Answer) -> Any:
    """The payload of an answer, or the error it amounts to."""
    if 200 <= answer.status < 300:
        return _accepted(route, answer)
    _refuse_contradictions(route, answer)
    if 300 <= answer.status < 400:
        raise redirected(answer.status)
    payload = _json(answer.body)
    code, message = _error(payload)
    if not 400 <= answer.status < 500:
        raise lost(route, f"it answered HTTP {answer.status}", code=code)
    if answer.status == 429:
        raise _throttled(answer, code)
    if code is None and isinstance(payload, dict) and payload.get("is_valid") is False and route.data:
        return payload
    return _refused(route, answer, payload, code, message)


def _accepted(route: Route, answer: Answer) -> Any:
    if route.answer == "nothing" and not answer.body:
        return {}
    # What is handed out once is read as far as it can be.
    payload = _json(answer.body, lenient=route.answer == "array")
    if isinstance(payload, dict):
        code, message = _error(payload)
        if code is not None:
            _refuse_contradictions(route, answer, code)
            return _refused(route, answer, payload, code, message)
    wanted = list if route.answer == "array" else dict
    if not isinstance(payload, wanted):
        raise lost(route, "its answer could not be read", body=answer.body)
    return payload


def _refuse_contradictions(route: Route, answer: Answer, code: int | None = None) -> None:
    """A «no» that also names what was sent may be either: nothing of it is sent again."""
    payload = _json(answer.body, lenient=True)
    if route.billable and tells_of_a_send(answer.text if payload is _NO_WAY else payload):
        raise lost(route, f"its answer (HTTP {answer.status}) is a refusal and a success", code=code, body=answer.body)


def _refused(route: Route, answer: Answer, payload: Any, code: int | None, message: str) -> Any:
    if code in route.data:
        return payload
    row = errors.describe(code)
    if row is None and answer.status < 400:
        raise lost(route, "its answer holds an error that is not documented", code=code or None, body=answer.body)
    if row and row.again == "maybe":
        raise lost(route, f"it answered {code} ({row.message})", code=code)
    # To wait for an unknown error to pass is a guess, unless JSMS says how long.
    own = route.cool_down if row else None
    refusal = errors.refusal(code or None, message, answer.status, retry_after=_wait(answer.retry_after) or own)
    if row is None:
        logger.error("%s %s: %s", route.method, route.path, refusal)
    raise refusal


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


def _json(body: bytes, *, lenient: bool = False) -> Any:
    """Strict JSON in UTF-8; ``_NO_WAY`` for anything else. Integers stay integers."""
    try:
        return loads(body.decode("utf-8", "replace" if lenient else "strict"), str if lenient else _no_number)
    except _UNREADABLE:
        return _NO_WAY


def _error(payload: Any) -> tuple[int | None, str]:
    if not isinstance(payload, dict):
        return None, ""
    error = payload.get("error")
    message = error.get("message") if isinstance(error, Mapping) else None
    return error_code(payload), message if isinstance(message, str) else ""


def _throttled(answer: Answer, code: int | None) -> Refused:
    """429 is not in JSMS's tables; a gateway in front of it may say it all the same."""
    wait = _wait(answer.retry_after) or 60
    return Refused(
        f"Too many requests (HTTP 429); nothing was sent. Try again in {wait} s.",
        code=code,
        http_status=429,
        retry_after=wait,
        reason="throttled",
        who="platform",
        zh=f"请求过于频繁（HTTP 429），短信未发送。请在 {wait} 秒后重试。",
    )


def _wait(header: str) -> int | None:
    """Retry-After in seconds, given as such or as a date; None where it is absent or nonsense."""
    if header.isascii() and header.isdigit() and len(header) < 10:
        return min(int(header), _LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(header)
    except (TypeError, ValueError, OverflowError):
        return None
    return max(0, min(int((moment - datetime.now(moment.tzinfo)).total_seconds()), _LONGEST_WAIT))


def redirected(status: int) -> NotSent:
    """Following a redirection would carry the number to another host (semantics 4)."""
    return NotSent(
        f"The address answered with a redirection (HTTP {status}), which is never followed. Check BASE_URL.",
        reason="redirected",
        who="account",
        zh=f"服务地址返回了重定向（HTTP {status}），出于安全不会跟随。请检查 BASE_URL。",
    )


_UNSENT = {
    "unreachable": ("JSMS could not be reached", "无法连接极光服务"),
    "handshake": ("The TLS handshake did not finish", "TLS 握手未完成"),
    "tls_untrusted": (
        "The TLS certificate is not trusted: check BASE_URL and the machine's CA certificates",
        "TLS 证书不受信任：请检查 BASE_URL 与本机 CA 证书",
    ),
}


def unsent(reason: str) -> NotSent:
    """Not one byte of the request was written. An untrusted certificate is for a person to put right."""
    en, zh = _UNSENT[reason]
    return NotSent(
        f"{en}; nothing was sent.",
        reason=reason,
        who="account" if reason == "tls_untrusted" else "platform",
        zh=f"{zh}，短信未发送。",
    )


def lost(route: Route, why: str, *, code: int | None = None, body: bytes = b"") -> JSMSError:
    """The request was written and came to no trustworthy end: ``MaybeSent`` where that can mean an SMS.

    Of what could be an SMS ``body`` is what came all the same.
    """
    if not route.billable:
        return NoAnswer(f"JSMS got the request, but {why}.", code=code, zh="请求已提交，但没有得到可信的应答。")
    error = MaybeSent(
        f"JSMS got the request, but {why}: the SMS may have been sent.",
        code=code,
        zh="请求已提交，但没有得到可信的应答：短信可能已发出，请勿直接重发。",
    )
    error.body = Withheld(body)
    return error
