"""What JSMS tells, at random: no 5xx, no record lost, none left unread.

``JSMS_FUZZ_RECORDS=200000 python -m pytest tests/outside/test_told_fuzz.py`` runs it at length, and
``JSMS_FUZZ_SEED`` another one.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from django.test import Client

from django_jsms.client.callbacks import sign
from django_jsms.models import Callback, JobLease, Message, OptOut, Reply, Report
from django_jsms.models.base import mobile_hash
from django_jsms.services import match_reports, pull_replies, pull_reports, records, told
from tests.notices import FORM, TOKEN, URL

from .values import VALUES

pytestmark = [pytest.mark.django_db, pytest.mark.databases]
RECORDS = int(os.environ.get("JSMS_FUZZ_RECORDS", "500"))
SEED = os.environ.get("JSMS_FUZZ_SEED", "1")
#: The pulls are filled with so many at a time, as JSMS does.
FULL = 500
#: Once in so many, a record that must come through whatever stands around it.
GOOD = 20
MEMBERS = {
    "SMS_REPORT": ("msgId", "phone", "receiveTime", "status"),
    "SMS_REPLY": ("phone", "replyTime", "content"),
    "SMS_TEMPLATE": ("tempId", "status", "refuseReason"),
    "SMS_SIGN": ("signId", "status", "refuseReason"),
}
USUAL = {
    "msgId": '"288193860302"', "phone": '"13900139000"', "receiveTime": "1575015093000", "status": "4001",
    "replyTime": "1575015093000", "content": '"好的"', "tempId": "1250", "signId": "5", "refuseReason": "null",
}  # fmt: skip
SIGNS = ["\0", "\ud83d", "\ude00", "😀", "字", "\u202e", "\r", "\n", "'", "{", "%", "\x1b", "\ufeff", "１", "T", "D"]
#: The 100 000 characters take most of the time and say no more than the 300.
ODD = [value for value in VALUES.values() if len(value) < 10_000]


class Fuzz:
    """Records of one kind, and what must have become of the good ones."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)
        self.good: list[str] = []

    def record(self, kind: str) -> bytes:
        if kind in ("SMS_REPORT", "SMS_REPLY") and not self.random.randrange(GOOD):
            return self.expected(kind)
        pairs = {name: self.value(name) for name in MEMBERS[kind] if self.random.random() < 0.97}
        text = "{" + ", ".join(f'"{name}": {value}' for name, value in pairs.items()) + "}"
        if not self.random.randrange(10):  # cut, or with a byte that is no UTF-8
            cut = self.random.randrange(len(text))
            return self.random.choice([text.encode()[:cut], text.encode()[:cut] + b"\xff" + text.encode()[cut:]])
        return text.encode()

    def value(self, name: str) -> str:
        pick = self.random.random()
        if pick < 0.6:
            return USUAL[name]
        if pick < 0.85:
            return self.random.choice(ODD)
        if pick < 0.95:
            return json.dumps("".join(self.random.choices(SIGNS, k=self.random.randrange(1, 200))))
        return str(self.random.randrange(-(2**70), 2**70))

    def expected(self, kind: str) -> bytes:
        mobile = f"138{len(self.good):08d}"
        self.good.append(mobile)
        if kind == "SMS_REPLY":
            return json.dumps({"phone": mobile, "replyTime": 1575015093000, "content": "TD\ud800"}).encode()
        Message.objects.create(
            mobile=mobile, mobile_hash=mobile_hash(mobile), msg_id=mobile, status="sent", template_id=1250
        )
        return json.dumps({"msgId": mobile, "phone": mobile, "receiveTime": None, "status": 4001}).encode()

    def lost(self) -> set[str]:
        delivered = Message.objects.filter(delivery="delivered").values_list("msg_id", flat=True)
        return set(self.good) - set(delivered) - set(OptOut.objects.values_list("mobile", flat=True))


@pytest.fixture
def site(shop: Any) -> Any:
    with shop.settings(APPS={"default": {"SANDBOX": shop.url, "CALLBACK_TOKENS": [TOKEN]}}):
        yield shop


def none_is_left(fuzz: Fuzz) -> None:
    assert fuzz.good and not fuzz.lost()
    assert not Callback.objects.filter(error__in=("unread", ""), applied_at=None).exists()
    assert not Callback.objects.filter(error__startswith="failed").exists()
    assert told.apply_unread() == 0 and match_reports() == 0


def bodies(fuzz: Fuzz) -> Iterator[bytes]:
    at = str(int(time.time() * 1000))
    for nonce in range(RECORDS):
        kind = fuzz.random.choice(list(MEMBERS))
        data = quote_from_bytes(fuzz.record(kind))
        used = nonce if fuzz.random.random() < 0.9 else fuzz.random.randrange(nonce + 1)
        signature = sign("sandbox", "sandbox", str(used), at)
        yield f"nonce={used}&timestamp={at}&signature={signature}&type={kind}&data={data}".encode()


@pytest.mark.usefixtures("site")
def test_whatever_is_posted_is_answered_and_kept(monkeypatch: Any) -> None:
    fuzz, client = Fuzz(f"posted {SEED}"), Client()
    heard: list[tuple[str, int | None]] = []

    def listen(event: str, said: Any) -> None:
        if event == "callback":
            heard.append((said["verdict"], said.get("id")))

    monkeypatch.setattr(records, "listeners", [listen])
    for body in bodies(fuzz):
        status = client.post(URL, body, content_type=FORM).status_code
        assert status in (200, 400, 403), body
    assert len(heard) == RECORDS
    assert {pk for _, pk in heard if pk} == set(Callback.objects.values_list("pk", flat=True))
    assert {verdict for verdict, pk in heard if not pk} <= {"repeated"}
    none_is_left(fuzz)


@pytest.mark.parametrize(("kind", "route"), [("SMS_REPORT", "/report"), ("SMS_REPLY", "/reply")])
def test_whatever_is_pulled_is_applied_or_kept(site: Any, kind: str, route: str) -> None:
    fuzz, pull = Fuzz(f"pulled {SEED}"), pull_reports if kind == "SMS_REPORT" else pull_replies
    for start in range(0, RECORDS, FULL):
        count = min(FULL, RECORDS - start)
        entries = []
        while len(entries) < count:
            entry = fuzz.record(kind)
            with suppress(ValueError):  # what is cut is no entry of a list
                json.loads(entry.decode("utf-8", "replace"), parse_int=str)
                entries.append(entry)
        body = b"[" + b",".join(entries) + b"]"
        site.fault("status", status=200, body=body.decode("utf-8", "replace"), route=f"/v1{route}")
        pulled = pull()
        assert pulled and pulled.records + pulled.unreadable == count
        JobLease.objects.all().delete()
    stored = Report.objects.count() if kind == "SMS_REPORT" else Reply.objects.count()
    kept = sum(len(list(told.entries(each))) for each in Callback.objects.filter(applied_at=None))
    assert stored + kept == RECORDS
    none_is_left(fuzz)
