"""One request, one prepared answer: what went over the wire and what became of it."""

import json

from django_jsms.client import JSMSClient
from tests.faults.faults import answer
from tests.faults.server import FaultServer
from tests.waiting import PATIENT


class Stub:
    """A server that gives the same answer to everything, and a client for it."""

    def __init__(self, body=b"", status=200):
        self.server = FaultServer([answer(body, status)] * 50)

    def __enter__(self):
        self.server.__enter__()
        self.client = JSMSClient(
            "key", "secret", self.server.url, dev_key="dev", dev_secret="devsecret", timeout=PATIENT
        )
        return self

    def __exit__(self, *exc_info):
        self.server.__exit__(*exc_info)

    @property
    def request_line(self):
        return self.server.heads[-1].split(b"\r\n")[0].decode()

    @property
    def headers(self):
        lines = self.server.heads[-1].decode().split("\r\n")[1:]
        return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}

    @property
    def body(self):
        return self.server.bodies[-1]

    @property
    def json(self):
        return json.loads(self.body)
