"""One call on its way through the steps: what was asked, what is known so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from .frequency import Lane
from .records import App, Message, Recipient, Schedule, Signature, Template
from .state import State
from .wire import Field

KINDS: Final = {1: "code", 2: "notice", 3: "market"}


@dataclass(frozen=True)
class Route:
    """An endpoint as data: what it takes, which checks it skips, and the work it does at the end."""

    method: str
    path: str
    work: Callable[[Call], Any]
    fields: tuple[Field, ...] = ()
    many: bool = False
    generates: bool = False
    types: tuple[int, ...] = (1, 2, 3)
    form: bool = False
    developer: bool = False
    skips: frozenset[str] = frozenset()

    @property
    def sends(self) -> bool:
        """Whether a text will come of it, now or at its time."""
        return self.takes("mobile") or self.many

    def takes(self, name: str) -> bool:
        return any(each.name == name for each in self.fields)


@dataclass(slots=True)
class Call:
    """``fields`` holds parsed members; ``recipients`` one entry per number, one only where a call has one."""

    state: State
    method: str
    path: str
    body: bytes | None
    content_type: str
    authorization: str | None
    remote: str
    route: Route
    args: dict[str, str] = field(default_factory=dict)
    app: App | None = None
    owner: Any = None
    fields: dict[str, Any] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    recipients: list[Recipient] = field(default_factory=list)
    template: Template | None = None
    signature: Signature | None = None
    schedule: Schedule | None = None
    #: Numbers that the frequency rules counted.
    noted: list[str] = field(default_factory=list)
    sent: list[Message] = field(default_factory=list)
    schedule_id: str | None = None
    #: When its checks began.
    now: float = 0.0

    @property
    def live(self) -> list[Recipient]:
        """The recipients nothing has been found against."""
        return [each for each in self.recipients if each.refusal is None]

    @property
    def the_app(self) -> App:
        assert self.app is not None
        return self.app

    @property
    def lane(self) -> Lane:
        """Where the frequency rules count it."""
        kind = KINDS[self.template.type] if self.template else "voice"
        return self.state.frequency.lane(self.the_app.key, kind, newer=self.state.options.notice_other_content)
