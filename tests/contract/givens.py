"""What a case takes for granted, done to a sandbox: one function for each word of ``given``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django_jsms.sandbox import SandboxServer
from django_jsms.sandbox.events import announce
from django_jsms.sandbox.records import Signature
from django_jsms.sandbox.state import seeded_template
from tests.contract.cases import LOGINS, Case, Request
from tests.contract.samples import filled
from tests.contract.wire import Sent, encoded

STATUS = {"in audit": 0, "approved": 1, "rejected": 2}
Exchange = Callable[[Sent], tuple[int, dict[str, str], Any]]


class Given:
    """Brings a sandbox into the state of a case; ``names`` are what its placeholders stand for there."""

    def __init__(self, server: SandboxServer, exchange: Exchange) -> None:
        self.server = server
        self.exchange = exchange
        self.names: dict[str, Any] = {}

    @property
    def app(self) -> Any:
        return self.server.state.app()

    def prepare(self, case: Case) -> None:
        for step in case.given:
            (name, value), *more = step.items()
            WORDS[name](self, value, case, **dict(more))
        if case.ordered:
            self.server.fault("status", code=case.code)

    def post(self, path: str, json: Any) -> Any:
        status, _, answer = self.exchange(encoded(Request("POST", path, LOGINS["app"], json=json), self.names))
        assert status == 200, answer
        return answer

    # --- the words ---

    def template(self, value: Any, case: Case) -> None:
        status = STATUS[value.get("status", "approved")]
        template = seeded_template(value["id"], {"ttl": 300, **value, "status": status})
        template.remark = value.get("remark", "")
        self.app.templates[value["id"]] = template

    def signature(self, value: Any, case: Case) -> None:
        self.app.signatures[value["id"]] = Signature(value["id"], value["text"], STATUS[value["status"]])

    def no_signature(self, value: Any, case: Case) -> None:
        self.app.signatures.clear()
        self.app.default_sign = None

    def service_off(self, value: Any, case: Case) -> None:
        self.app.enabled = False

    def black_listed(self, value: Any, case: Case) -> None:
        self.app.blacklisted = True

    def allowed_ips(self, value: Any, case: Case) -> None:
        self.app.allowed_ips = frozenset(value)

    def opted_out(self, value: Any, case: Case) -> None:
        self.app.opted_out.add(value)

    def option(self, value: Any, case: Case) -> None:
        for name, switch in value.items():
            setattr(self.server.state.options, name, switch)

    def balance(self, value: Any, case: Case) -> None:
        self.server.balance(**value)

    def account_balance(self, value: Any, case: Case) -> None:
        self.server.balance(of="account", **value)

    def clock(self, value: Any, case: Case) -> None:
        self.server.clock.set(datetime.fromisoformat(value))

    def clock_stands(self, value: Any, case: Case) -> None:
        self.server.clock.stop()
        self.server.clock.set(self.server.clock.now().replace(microsecond=0))

    def seconds_pass(self, value: Any, case: Case) -> None:
        self.server.clock.stop()
        self.server.clock.advance(value)

    def code_sent(self, value: Any, case: Case) -> None:
        self.names["msg_id"] = self.post("/codes", {"temp_id": 1, **value})["msg_id"]
        self.names["code"] = self.server.last_code(value["mobile"])

    def voice_code_sent(self, value: Any, case: Case) -> None:
        self.server.clock.stop()
        self.names["msg_id"] = self.post("/voice_codes", value)["msg_id"]
        self.names["code"] = value["code"]

    def code_checked(self, value: Any, case: Case) -> None:
        request = Request("POST", "/codes/<msg_id>/valid", LOGINS["app"], json={"code": value})
        self.exchange(encoded(request, self.names))

    def message_sent(self, value: Any, case: Case, times: int = 1) -> None:
        for _ in range(times):
            self.names |= {"msg_id": self.post("/messages", value)["msg_id"], "code": "741627"}

    def scheduled(self, value: Any, case: Case) -> None:
        path = "/schedule/batch" if "recipients" in value else "/schedule"
        self.names["schedule_id"] = self.post(path, value)["schedule_id"]

    def schedule_deleted(self, value: Any, case: Case) -> None:
        request = Request("DELETE", "/schedule/<schedule_id>", LOGINS["app"])
        assert self.exchange(encoded(request, self.names))[0] == 200

    def sent_already(self, value: Any, case: Case) -> None:
        self.server.clock.stop()
        for _ in range(value):
            assert self.exchange(encoded(case.request, self.names))[0] == 200

    def report(self, value: Any, case: Case, times: int = 1) -> None:
        self._announce("SMS_REPORT", value, times)

    def reply(self, value: Any, case: Case, times: int = 1) -> None:
        self._announce("SMS_REPLY", value, times)

    def _announce(self, kind: str, value: Any, times: int) -> None:
        now = int(self.server.clock.time() * 1000)
        for _ in range(times):
            announce(self.app, kind, filled(value, {"milliseconds": now}))

    def callback(self, value: Any, case: Case) -> None:
        kind = {"report": "SMS_REPORT", "reply": "SMS_REPLY"}[value]
        self.app.callback_urls[kind] = "http://127.0.0.1:9/"


WORDS: dict[str, Callable[..., None]] = {
    name: word
    for name, word in vars(Given).items()
    if callable(word) and name[0] != "_" and name not in ("prepare", "post")
}
