"""Opt-outs: who wants no more marketing, and why we think so."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Final

from django.db import IntegrityError, router, transaction
from django.db.models import Exists, OuterRef

from .. import conf, signals
from ..client.mobile import number_in, parse
from ..client.shapes import storable
from ..exceptions import Refused
from ..models.base import mobile_hash, now
from ..models.callbacks import OptOut
from .language import service

#: What people write, alone or with each other; nothing else may stand beside it. T and TD historically, R since 2025
#: (jsms-api 3.5). T alone is a shirt or a name, too.
_PARTS: Final = {
    "word": "(?:(?:TD){1,3}|R{1,3}|UNSUBSCRIBE|STOP)",
    "verb": "(?:退订|退訂|拒收|取消订阅|取消訂閱|停止发送|停止推送|拒绝接收|不再接收)",
    "what": "(?:(?:所有|全部|此类|这类|此|该|本)?(?:营销|推广|广告)?(?:短信|信息|消息|服务|业务|推送|广告))",
    # They repeat what they were told to do («回复R»), ask («请退订») and close politely.
    "hello": "(?:你好|您好|谢谢)",
    "yes": "(?:你好|您好|谢谢|好的|是的)",
    "asks": "(?:(?:请|請|麻烦)[您你]?)?(?:我|要|想|需要|申请|确认|给我|帮我|帮忙|帮|立即|马上){0,3}",
    "reply": "(?:回复|回覆|回|发送|发)",
    "never": "(?:不要|别|勿)再?(?:给我|向我)?(?:发送|发|打扰)",
}
_FORMS: Final = (
    "{hello}?{asks}{reply}?{word}(?:{verb}{what}?|短信)?",
    "(?:{asks}{reply})?T(?:{verb}{what}?)?",
    "{yes}?{asks}{reply}?(?:所有|全部)?{what}?{verb}{{1,3}}(?:{what}|申请|{asks}{reply}?(?:{word}|T))?",
    "{asks}{never}{what}?",
)
_ENDS: Final = "(?:一下)?(?:吧|了|啊)?(?:谢谢)?"
_STOPS: Final = re.compile(f"(?:{'|'.join(_FORMS).format(**_PARTS)}){_ENDS}", re.ASCII)
#: They turn the meaning round: a question, and marks of «no».
_TURNS: Final = frozenset("?¿؟❓❔≠×✕✖✗✘❌❎🚫⛔🙅")
#: A colon in front makes a face of a letter.
_FACE: Final = re.compile("(?<=.):")
#: White letters on black, which NFKC leaves as they are.
_BLACK: Final = {first + place: chr(65 + place) for first in (0x1F150, 0x1F170) for place in range(26)}
#: The signature of the message, repeated with the rest of it.
_SIGNATURE: Final = re.compile("【[^【】]{2,16}】")
#: Letters and digits of a reply that may be one of them.
_LONGEST: Final = 24

#: What JSMS answers for a number on its own list.
REFUSED: Final = 50024
#: Our word for both: that, and what we did not even ask JSMS about.
OPTED_OUT: Final = "opted_out"


def asks_to_stop(content: str) -> bool:
    """Whether a reply is an opt-out and nothing else, however it was typed."""
    return any(_is_stop(text) for text in (content, _SIGNATURE.sub("", content)))


def _is_stop(text: str) -> bool:
    typed = "".join(islice(_letters(text), _LONGEST + 1))
    return len(typed) <= _LONGEST and bool(_STOPS.fullmatch(_FACE.sub("", typed)))


def _letters(text: str) -> Iterator[str]:
    """Without blanks, quotes, emoji, and what stands for what could not be stored. Each sign is put into one form by
    itself: thousands of marks at once would take the square of their number."""
    for sign in text.translate(_BLACK):
        for each in unicodedata.normalize("NFKC", sign).upper():
            if each.isalnum() or each == ":" or each in _TURNS:
                yield each


@service
def opt_out(mobile: str, *, app: str = "default", message_class: str = "marketing", evidence: str = "") -> OptOut:
    """Send a number no more marketing; answers the row, also where it stood already. Raises InvalidInput."""
    alias, number = conf.app(app).alias, parse(mobile)
    note(
        alias, [number], OptOut.Source.PERSON, at=now(), evidence=storable(str(evidence)), message_class=message_class
    )
    row: OptOut = OptOut.objects.primary().get(app=alias, mobile_hash=mobile_hash(number), message_class=message_class)
    return row


@service
def opt_in(mobile: str, *, app: str = "default", message_class: str = "marketing") -> bool:
    """Forget an opt-out on the person's own wish; answers whether there was one. JSMS keeps a list of its own."""
    rows = OptOut.objects.primary().filter(app=app, mobile_hash=mobile_hash(parse(mobile)))
    return bool(rows.filter(message_class=message_class).delete()[0])


def opted_out(mobile: str, *, app: str = "default", message_class: str = "marketing") -> bool:
    """Whether a number (canonical, 11 digits) wants no messages of that class."""
    rows = OptOut.objects.primary().filter(app=app, mobile_hash=mobile_hash(mobile), message_class=message_class)
    return bool(rows.exists())


def stopped() -> Exists:
    """For a query of messages: whether the number wants no more of their class."""
    same = {name: OuterRef(name) for name in ("app", "mobile_hash", "message_class")}
    return Exists(OptOut.objects.filter(**same))


def note(
    app: str,
    mobiles: Iterable[str],
    source: OptOut.Source,
    *,
    at: datetime,
    evidence: str = "",
    message_class: str = "marketing",
) -> list[OptOut]:
    """Remember those that are not remembered yet; answers the new ones. The first evidence stays."""
    using, new = router.db_for_write(OptOut), []
    for mobile in mobiles:
        known = {"app": app, "mobile_hash": mobile_hash(mobile), "message_class": message_class}
        values = {"mobile": mobile, "source": source, "evidence": evidence[:100], "since": at}
        try:
            with transaction.atomic(using=using):
                new.append(OptOut.objects.primary().create(**known, **values))
        except IntegrityError:
            continue
    return new


def learn(app: str, mobiles: Iterable[str]) -> None:
    """JSMS refused these with 50024: it knows of an opt-out that we did not hear of."""
    numbers = [number for mobile in mobiles if (number := number_in(mobile))]
    announce(note(app, numbers, OptOut.Source.REFUSAL, at=now(), evidence=str(REFUSED)))


def refusal() -> Refused:
    """What is said instead of asking JSMS."""
    return Refused(
        "The number has opted out of marketing messages; nothing was sent.",
        reason=OPTED_OUT,
        who="recipient",
        zh="该号码已退订营销短信，未发送。",
    )


def announce(rows: Iterable[OptOut]) -> None:
    for row in rows:
        signals.opted_out.send_robust(sender=OptOut, instance=row)
