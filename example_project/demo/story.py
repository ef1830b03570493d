"""The story of ``demo --check``, one function a step. A new part of the project adds its steps to STORY."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

import requests
from django.conf import settings
from django.core.management import call_command
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from django_jsms.client import mask
from django_jsms.exceptions import LimitExceeded, Refused
from django_jsms.models import Batch, Message, OptOut, Report, VerificationCode
from django_jsms.services import export_batch, match_reports, send_message

from . import batch
from .browser import TIMEOUT, Browser
from .stage import ADMIN, Stage

MOBILE = "13800138000"
#: Somebody who wants no advertising.
READER = "13900139000"
#: Somebody whose message is sent while its answer gets lost.
BUYER = "13700137000"
DELIVERED = 4001
#: JSMS posts one report after another; 2500 take 15 s on two busy cores.
REPORTS_SECONDS = 90


class Failed(Exception):
    """A step did not end as it should; the text says how it did."""


@dataclass
class Walk:
    """What the steps share: the stage, a visitor with a phone, an operator, the code on the phone, and a batch."""

    stage: Stage
    roll: batch.Roll = field(default_factory=batch.Roll)
    visitor: Browser = field(default_factory=lambda: Browser(get_language() or "en"))
    operator: Browser = field(default_factory=lambda: Browser(get_language() or "en"))
    code: str = ""
    batch: Batch | None = None

    def url(self, name: str) -> str:
        return self.stage.site + reverse(name)

    def close(self) -> None:
        self.visitor.close()
        self.operator.close()


@dataclass(frozen=True)
class Step:
    """``title`` tells the reader what ``act`` shows."""

    title: str
    act: Callable[[Walk], None]


def tell(walk: Walk) -> Iterator[str]:
    """Walk the story; answers the title of each step that is done. Raises Failed, titled, at the first that is not."""
    for step in STORY:
        try:
            step.act(walk)
        except Exception as error:
            raise Failed(f"{step.title}: {error or type(error).__name__}") from error
        yield str(step.title)


def expect(page: requests.Response, *texts: str) -> None:
    """The page was served, and a reader finds these on it."""
    if page.status_code != 200:
        raise Failed(f"{page.url} → {page.status_code}")
    for text in texts:
        if text not in page.text:
            raise Failed(_("%(url)s does not show “%(text)s”") % {"url": page.url, "text": text})


def expect_at(page: requests.Response, url: str) -> None:
    """The visitor was led to this address."""
    expect(page)
    if page.url != url:
        raise Failed(_("led to %(page)s instead of %(url)s") % {"page": page.url, "url": url})


def site_opens(walk: Walk) -> None:
    expect(walk.visitor.open(walk.url("accounts:home")), reverse("accounts:login"))
    expect(walk.visitor.open(f"{walk.stage.site}{settings.STATIC_URL}accounts/site.css"))


def number_is_taken(walk: Walk) -> None:
    walk.visitor.open(walk.url("accounts:login"))
    expect_at(walk.visitor.submit(mobile=MOBILE), walk.url("accounts:code"))
    expect(walk.visitor.page, mask(MOBILE))


def code_arrives(walk: Walk) -> None:
    messages = control(walk, f"phones/{MOBILE}")["messages"]
    if not messages or not messages[0]["code"]:
        raise Failed(_("the phone holds no code"))
    walk.code = messages[0]["code"]


def wrong_code_is_refused(walk: Walk) -> None:
    wrong = f"{(int(walk.code) + 1) % 10 ** len(walk.code):0{len(walk.code)}d}"
    expect(walk.visitor.submit(code=wrong), "errorlist")


def right_code_logs_in(walk: Walk) -> None:
    expect_at(walk.visitor.submit(code=walk.code), walk.url("accounts:home"))
    expect(walk.visitor.page, reverse("accounts:logout"), mask(MOBILE))


def report_follows(walk: Walk) -> None:
    control(walk, "clock", {"advance": 1})
    reports = control(walk, "events")["reports"]
    if (MOBILE, DELIVERED) not in [(each["mobile"], each["status"]) for each in reports]:
        raise Failed(_("there is no delivery report"))


def phone_answers(walk: Walk) -> None:
    control(walk, "reply", {"mobile": READER, "content": "TD"})
    if READER not in control(walk, "optouts")["optouts"]:
        raise Failed(_("the number has not opted out"))


def control(walk: Walk, name: str, members: dict[str, Any] | None = None) -> Any:
    """The sandbox's control API: docs, «The sandbox»."""
    url = f"{walk.stage.phones}{name}"
    answer = requests.post(url, json=members, timeout=TIMEOUT) if members else requests.get(url, timeout=TIMEOUT)
    expect(answer)
    return answer.json()


def admin_shows_the_row(walk: Walk) -> None:
    codes = walk.url("admin:django_jsms_verificationcode_changelist")
    walk.operator.open(codes)
    expect_at(walk.operator.submit(username=ADMIN, password=ADMIN), codes)
    expect(walk.operator.page, mask(MOBILE), str(VerificationCode.Status.VERIFIED.label))
    for secret in (MOBILE, walk.code):
        if secret in walk.operator.page.text:
            raise Failed(_("the admin shows a full number or a code"))


def balance_lasts(walk: Walk) -> None:
    shown = StringIO()
    call_command("jsms_balance", "--json", stdout=shown)
    pools = json.loads(shown.getvalue())[0]["pools"]
    if not pools["industry"]["left"] or not pools["industry"]["days_left"]:
        raise Failed(_("jsms_balance does not say what is left, and for how many days"))


def list_is_taken_in(walk: Walk) -> None:
    walk.batch = batch.take_in(walk.roll)
    if (walk.batch.total, walk.batch.rejected) != (walk.roll.good, walk.roll.rows - walk.roll.good):
        raise Failed(f"{walk.batch.total} + {walk.batch.rejected}")


def list_is_sent(walk: Walk) -> None:
    assert walk.batch
    *__, last = batch.send(walk.batch, walk.stage)
    if last.sent != walk.roll.good:
        raise Failed(f"{last.sent}/{walk.roll.good}")


def each_phone_has_one(walk: Walk) -> None:
    """The first number comes twice in the list, and its phone gets one text."""
    for mobile in batch.AGAIN[0], walk.roll.last:
        texts = [message["text"] for message in control(walk, f"phones/{mobile}")["messages"]]
        if len(texts) != 1:
            raise Failed(_("the phone holds %(count)d messages") % {"count": len(texts)})
    sent = [message.mobile for message in walk.stage.sandbox.outbox if message.mobile.startswith("137")]
    if len(sent) != walk.roll.good or len(set(sent)) != walk.roll.good:
        raise Failed(f"{len(sent)}/{walk.roll.good}")


def list_is_delivered(walk: Walk) -> None:
    control(walk, "clock", {"advance": 1})
    delivered = Message.objects.filter(chunk__batch=walk.batch, delivery="delivered")
    wait_for(lambda: delivered.count() == walk.roll.good, _("not every message was delivered"), REPORTS_SECONDS)


def advertising_stays_away(walk: Walk) -> None:
    """At night in Beijing advertising goes to nobody, so then it is refused for that."""
    wait_for(OptOut.objects.filter(mobile=READER).exists, _("the site does not know of the opt-out"))
    with suppress(Refused, LimitExceeded):
        send_message(READER, template="new-season")
        raise Failed(_("advertising was sent"))
    if control(walk, f"phones/{READER}")["messages"]:
        raise Failed(_("advertising was sent"))


def lost_answer_settles(walk: Walk) -> None:
    """JSMS sends a message and its answer is lost: nobody sends it again, and a report says what became of it."""
    walk.stage.sandbox.fault("close", when="after", route="/v1/messages")
    row = send_message(BUYER, template="order-shipped", params={"no": "42"})
    if row.status != Message.Status.UNKNOWN:
        raise Failed(_("the answer was not lost"))
    control(walk, "clock", {"advance": 1})
    wait_for(Report.objects.filter(mobile_hash=row.mobile_hash).exists, _("there is no delivery report"))
    match_reports()
    row.refresh_from_db()
    if (row.status, row.delivery) != ("sent", "delivered") or len(control(walk, f"phones/{BUYER}")["messages"]) != 1:
        raise Failed(_("the message is still in doubt"))


def wait_for(condition: Callable[[], bool], otherwise: str, seconds: float = TIMEOUT) -> None:
    """What JSMS tells the site comes after a while, not at once."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise Failed(otherwise)
        time.sleep(0.1)


def export_tells(walk: Walk) -> None:
    assert walk.batch
    lines = list(export_batch(walk.batch))
    if len(lines) != 1 + walk.roll.rows or any(walk.roll.last in line for line in lines):
        raise Failed(_("the export does not hold each row once, masked"))


STORY: list[Step] = [
    Step(gettext_lazy("The site opens"), site_opens),
    Step(gettext_lazy("Its form takes a number and asks for the code"), number_is_taken),
    Step(gettext_lazy("The code arrives on the virtual phone"), code_arrives),
    Step(gettext_lazy("A wrong code is refused"), wrong_code_is_refused),
    Step(gettext_lazy("The right code logs in"), right_code_logs_in),
    Step(gettext_lazy("Its delivery report follows"), report_follows),
    Step(gettext_lazy("A phone answers TD, and has opted out of advertising"), phone_answers),
    Step(gettext_lazy("The site hears of it, and sends no advertising there"), advertising_stays_away),
    Step(gettext_lazy("The admin shows what became of it, masked"), admin_shows_the_row),
    Step(gettext_lazy("jsms_balance shows what is left, and for how many days"), balance_lasts),
    Step(gettext_lazy("A list is taken in, its bad and repeated rows kept apart"), list_is_taken_in),
    Step(gettext_lazy("The workers send it"), list_is_sent),
    Step(gettext_lazy("Each of its phones holds one text"), each_phone_has_one),
    Step(gettext_lazy("JSMS reports to the site, and all of it is delivered"), list_is_delivered),
    Step(gettext_lazy("The export says what became of each row, masked"), export_tells),
    Step(
        gettext_lazy("A message whose answer was lost is not sent again, and its report settles it"),
        lost_answer_settles,
    ),
]
