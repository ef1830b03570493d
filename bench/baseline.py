"""The least that Python needs for the same call: pooled urllib3, the same bytes out, the same JSON in."""

from __future__ import annotations

import json
from typing import Any

import urllib3

from .remote import Remote

MOST_CONNECTIONS = 32
MOBILE, TEMPLATE, PARAMS = "13800138000", 1250, {"no": "42"}


class Bare:
    """What somebody would write who needs one POST and trusts everything."""

    def __init__(self, remote: Remote, latency: int, *, tls: bool = False) -> None:
        self._url = remote.url(latency, tls=tls) + "/v1"
        self._pool = urllib3.PoolManager(
            maxsize=MOST_CONNECTIONS,
            retries=False,
            timeout=urllib3.Timeout(3, 10),
            ca_certs=remote.authorities,
        )
        self._headers = {
            **urllib3.make_headers(basic_auth="sandbox:sandbox", user_agent="bench"),
            "Accept": "application/json",
            "Content-Type": "application/json",
        }

    def post(self, path: str, body: dict[str, Any]) -> Any:
        answer = self._pool.request("POST", self._url + path, body=json.dumps(body), headers=self._headers)
        return json.loads(answer.data)

    def send_message(self) -> Any:
        return self.post("/messages", {"mobile": MOBILE, "temp_id": TEMPLATE, "temp_para": PARAMS})
