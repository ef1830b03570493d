"""Everything the sandbox knows, under one lock."""

from __future__ import annotations

import itertools
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from .clock import Clock
from .faults import Faults
from .frequency import Frequency
from .jobs import Jobs
from .ledger import Entry, Ledger
from .records import CODE, Account, App, Code, Message, Reply, Schedule, Signature, Template
from .rendering import placeholders
from .requests import Requests

#: Every app has it, approved (templates page, 2018-11); its text and ttl are printed nowhere.
TEMPLATE_1: Final = Template(1, "您的验证码是{{code}}，5分钟内有效。", CODE)
SIGNATURE_1: Final = "短信沙箱"
_CODES_KEPT: Final = 200_000
#: Recipients of schedules that were sent or deleted.
_FINISHED_KEPT: Final = 100_000
TYPE_NAMES: Final = {"code": 1, "notice": 2, "marketing": 3}


@dataclass
class Options:
    """Switches: frequency rules, the newer message texts, /messages' number, words that are refused."""

    frequency: bool = True
    newer_messages: bool = False
    msg_id_as_text: bool = False
    black_words: tuple[str, ...] = ("敏感词",)
    keep: int = 50_000
    wrong_tries: int | None = None
    country_codes: bool = True
    legacy_signatures: bool = False
    app_name_signatures: bool = False
    audit_after: float | None = None
    audit_refusal: str | None = None
    notice_other_content: bool = True
    marketing_hours: str = "send"
    report_after: float | None = 1.0
    callback_nulls: bool = False
    callback_fresh_retries: bool = False
    callback_timeout: float = 5.0


@dataclass
class Seed:
    """What a reset goes back to: one app, its account, its templates and signatures; then what ``more`` adds.

    Without an ``app_key`` everything is left to ``more``.
    """

    app_key: str | None
    master_secret: str
    dev_key: str
    dev_secret: str
    templates: Mapping[int, str | Mapping[str, object]] = field(default_factory=dict)
    signatures: Mapping[int, str] = field(default_factory=dict)
    #: Further apps of the same account, with the same templates and signatures: key → secret.
    apps: Mapping[str, str] = field(default_factory=dict)
    more: Callable[[State], object] = lambda state: None


class State:
    """Hold ``lock`` while reading or changing more than one thing."""

    def __init__(self, seed: Seed, *, options: Options | None = None, ledger: Ledger | None = None) -> None:
        self.lock = threading.RLock()
        self.seed = seed
        self._options = options or Options()
        self.options = replace(self._options)
        self.clock = Clock()
        self.jobs = Jobs(self.clock)
        self.ledger = ledger or Ledger()
        self.faults = Faults()
        self.requests = Requests()
        self.on_messages: Callable[[list[Message]], None] = lambda messages: None
        self.on_call: Callable[[Entry], None] = lambda entry: None
        self.on_notice: Callable[[App, str, dict[str, Any]], None] = lambda app, kind, data: None
        self.on_reset: Callable[[], None] = lambda: None
        self.epoch = 0
        # Hundredths of a second: twelve digits, as in the samples, and new ones after a restart.
        self._ids = itertools.count(int(time.time() * 100))
        self.last_seq = 0
        self._temp_ids = itertools.count(37_582)
        self._sign_ids = itertools.count(4_582)
        self._empty()

    def reset(self) -> None:
        """Back to the seed; ids go on, so that an old one never means something new."""
        with self.jobs.running, self.lock:
            self.epoch += 1
            self.jobs.clear()
            self.on_reset()
            self.options = replace(self._options)
            self.clock.reset()
            self.faults.clear()
            self.requests.clear()
            self.ledger.clear()
            self._empty()

    def _empty(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.apps: dict[str, App] = {}
        self.codes: dict[str, Code] = {}
        self.schedules: dict[str, Schedule] = {}
        self._finished: deque[Schedule] = deque()
        self._finished_held = 0
        self.frequency = Frequency()
        self.messages: deque[Message] = deque(maxlen=self.options.keep)
        self.replies: deque[Reply] = deque(maxlen=self.options.keep)
        #: The fields of ``Report``: plain tuples, which the garbage collector leaves alone.
        self.reports: deque[tuple[Any, ...]] = deque(maxlen=self.options.keep)
        #: Messages whose report is still to come.
        self.unreported = 0
        seed = self.seed
        if seed.app_key is not None:
            account = self.add_account(seed.dev_key, seed.dev_secret)
            for key, secret in {seed.app_key: seed.master_secret, **seed.apps}.items():
                self.add_app(key, secret, account=account, templates=seed.templates, signatures=seed.signatures)
        seed.more(self)

    def add_account(self, key: str, secret: str) -> Account:
        """A developer account with generous pools."""
        self.accounts[key] = account = Account(key, secret)
        return account

    def add_app(
        self,
        key: str,
        secret: str,
        *,
        account: Account | None = None,
        templates: Mapping[int, str | Mapping[str, object]] | None = None,
        signatures: Mapping[int, str] | None = None,
    ) -> App:
        """An app with template 1, the given ones (all approved), and an approved default signature."""
        with self.lock:
            app = App(key, secret, account or self._first_account())
            for temp_id, given in {1: TEMPLATE_1.text, **(templates or {})}.items():
                app.templates[temp_id] = seeded_template(temp_id, given)
            for sign_id, text in (signatures or {1: SIGNATURE_1}).items():
                app.signatures[sign_id] = Signature(sign_id, text)
            app.default_sign = next(iter(app.signatures))
            app.callbacks = self._notify
            self.apps[key] = app
            return app

    def _first_account(self) -> Account:
        found = next(iter(self.accounts.values()), None)
        return found or self.add_account(self.seed.dev_key, self.seed.dev_secret)

    def app(self, key: str | None = None) -> App:
        """The app with this key, or the first."""
        return self.apps[key] if key is not None else next(iter(self.apps.values()))

    def _notify(self, app: App, kind: str, data: dict[str, Any]) -> None:
        self.on_notice(app, kind, data)

    def entry(self, event: str, **known: Any) -> Entry:
        """A ledger entry with the sandbox's time on it."""
        return Entry(event, self.clock.now().isoformat(timespec="milliseconds"), **known)

    def record(self, entry: Entry, messages: list[Message] | None = None) -> None:
        """Write it down, then tell those who watch; not while holding the lock."""
        entry.msg_ids = [each.msg_id for each in messages or ()]
        entry.mobiles = [each.mobile for each in messages or ()]
        self.ledger.write(entry)
        self.on_call(entry)
        # Marketing that waits for its hours has no number yet, and is told of when it arrives.
        if messages and messages[0].seq:
            self.on_messages(messages)

    def new_seq(self, count: int = 1) -> int:
        """Number whatever happens on the phones; of several the first. The caller holds the lock."""
        self.last_seq += count
        return self.last_seq - count + 1

    def new_msg_id(self) -> str:
        return str(next(self._ids))

    def new_msg_ids(self, count: int) -> Iterable[str]:
        return map(str, itertools.islice(self._ids, count))

    def new_temp_id(self) -> int:
        """One that no app has: the numbers are the platform's."""
        return next(each for each in self._temp_ids if not any(each in app.templates for app in self.apps.values()))

    def new_sign_id(self) -> int:
        """One that no app has."""
        return next(each for each in self._sign_ids if not any(each in app.signatures for app in self.apps.values()))

    def new_digits(self) -> str:
        """Six random ones, as in every sample."""
        return f"{secrets.randbelow(1_000_000):06d}"

    def finish(self, schedule: Schedule, status: str) -> None:
        """It was sent or deleted, and can still be asked for until too many were; the caller holds the lock."""
        schedule.status = status
        self._finished.append(schedule)
        self._finished_held += len(schedule.recipients)
        while self._finished_held > _FINISHED_KEPT and len(self._finished) > 1:
            oldest = self._finished.popleft()
            self._finished_held -= len(oldest.recipients)
            del self.schedules[oldest.schedule_id]

    def remember_code(self, app: App, msg_id: str, digits: str, ttl: int) -> None:
        """From now until its ttl has run out it may be checked, once."""
        self.codes[msg_id] = Code(app.key, digits, self.clock.time() + ttl)
        if len(self.codes) > _CODES_KEPT:
            del self.codes[next(iter(self.codes))]


def seeded_template(temp_id: int, given: str | Mapping[str, object]) -> Template:
    """From ``{1250: "text"}`` or ``{1250: {"text", "type", "ttl", "status"}}``; the type may be a name."""
    if isinstance(given, str):
        given = {"text": given}
    text = str(given["text"])
    kind = given.get("type") or ("code" if placeholders(text) == ("code",) else "notice")
    ttl, status = given.get("ttl", 300), given.get("status", 1)
    return Template(temp_id, text, TYPE_NAMES.get(str(kind)) or int(str(kind)), int(str(ttl)), int(str(status)))
