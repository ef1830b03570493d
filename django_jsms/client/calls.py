"""How a client makes one call: what it holds, and the way from a body to a parsed answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ..exceptions import InvalidInput
from . import answers, inputs, shapes
from .routes import Route

if TYPE_CHECKING:
    from .transport import Transport

BASE_URL = "https://api.sms.jpush.cn/v1"
T = TypeVar("T")
#: The name of a path's id and its value, or None for a path without one.
Where = tuple[str, object] | None


@dataclass(frozen=True, slots=True)
class Timeout:
    """Seconds: to connect (TLS included, per address), to wait for the next bytes, and for the whole call.

    Looking up the host's name is outside all three: Python cannot interrupt it.
    """

    connect: float = 3.0
    read: float = 10.0
    total: float = 15.0

    def __post_init__(self) -> None:
        for name in ("connect", "read", "total"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= 600:
                raise inputs.invalid("timeout", f"{name} must be 0 to 600 seconds", f"{name} 须为 0 至 600 秒")


#: For codes inside a web request 2, 5, 7 suit better: a person waits.
DEFAULT_TIMEOUT = Timeout(3, 10, 15)


class Caller:
    """The part of a client that is the same for every endpoint."""

    def __init__(
        self,
        app_key: str,
        master_secret: str,
        base_url: str = BASE_URL,
        dev_key: str | None = None,
        dev_secret: str | None = None,
        timeout: Timeout = DEFAULT_TIMEOUT,
        *,
        ca_bundle: str | None = None,
    ) -> None:
        self.base_url = inputs.base_url(base_url)
        self.timeout = timeout
        self._app = inputs.login("app_key", app_key, "master_secret", master_secret)
        self._developer = _developer(dev_key, dev_secret)
        self._ca_bundle = inputs.ca_bundle(ca_bundle)
        self._opened: Transport | None = None

    def __repr__(self) -> str:
        return f"<JSMSClient {self.base_url}>"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_opened": None}

    def _call(
        self,
        route: Route,
        parse: Callable[[shapes.Payload], T],
        timeout: Timeout | None,
        body: dict[str, Any] | None = None,
        where: Where = None,
    ) -> T:
        if body is None:
            return self._parsed(route, parse, timeout, where)
        return self._parsed(route, parse, timeout, where, _encoded(body), "application/json")

    def _submit(
        self,
        route: Route,
        parse: Callable[[shapes.Payload], T],
        timeout: Timeout | None,
        form: dict[str, str | inputs.File],
        where: Where = None,
    ) -> T:
        body, content_type = self._transport().form(form)
        return self._parsed(route, parse, timeout, where, body, content_type)

    def _parsed(
        self,
        route: Route,
        parse: Callable[[shapes.Payload], T],
        timeout: Timeout | None,
        where: Where,
        body: bytes | None = None,
        content_type: str = "",
    ) -> T:
        answer, payload = self._exchange(route, timeout, where, body, content_type)
        try:
            return parse(payload)
        except shapes.WrongShape as wrong:
            member = str(wrong)
        # Raised here and not in the except clause, so that no error drags the answer along as its context.
        raise answers.lost(route, f"its answer has no usable {member}", body=answer.body)

    def _exchange(
        self,
        route: Route,
        timeout: Timeout | None,
        where: Where = None,
        body: bytes | None = None,
        content_type: str = "",
        keep: Callable[[bytes], object] | None = None,
    ) -> tuple[answers.Answer, Any]:
        path = route.path.format(inputs.in_path(*where)) if where else route.path
        login = self._login(route)
        answer = self._transport().exchange(route, path, login, body, content_type, timeout or self.timeout)
        if keep and 200 <= answer.status < 300:
            keep(answer.body)
        return answer, answers.read(route, answer)

    def _login(self, route: Route) -> str:
        if not route.developer:
            return self._app
        if self._developer:
            return self._developer
        raise inputs.invalid(
            "dev_key",
            "and dev_secret are needed for the balance of the account: copy them from the console",
            "与 dev_secret 未设置：查询账号余量需要开发者密钥，请从控制台复制",
            "developer_key_missing",
        )

    def _transport(self) -> Transport:
        """Made at the first call: only then is the HTTP library loaded, the one late import of the package."""
        if self._opened is None:
            from .transport import Transport

            self._opened = Transport(self.base_url, self._ca_bundle)
        return self._opened


def _developer(key: str | None, secret: str | None) -> str | None:
    if key is None and secret is None:
        return None
    return inputs.login("dev_key", key, "dev_secret", secret)


def _encoded(body: dict[str, Any]) -> bytes:
    given = {name: value for name, value in body.items() if value is not None}
    try:
        return json.dumps(given, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        pass
    raise InvalidInput(
        "A text holds half a character (a lone surrogate): decode it again from its source.",
        field="body",
        reason="invalid_text",
        zh="文本含有不完整的字符（孤立的代理项），请重新解码。",
    )
