"""The contract as cases: the files of ``endpoints/`` and ``common.json``, spelled out. README.md describes them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LOGINS = {"app": "appKey:masterSecret", "developer": "devKey:apiDevSecret"}

with (HERE / "codes.tsv").open(encoding="utf-8", newline="") as _table:
    #: Section 4 of jsms-api: number → http, message, reason, pages.
    CODES: dict[int, dict[str, str]] = {int(row["number"]): row for row in csv.DictReader(_table, delimiter="\t")}


@dataclass(frozen=True)
class Request:
    """One request on the wire; of ``json``, ``form`` and ``raw`` one at most is set."""

    method: str
    path: str
    login: str | None
    headers: dict[str, str] = field(default_factory=dict)
    json: Any = None
    form: dict[str, Any] | None = None
    raw: str | None = None


@dataclass(frozen=True)
class Answer:
    """``json`` holds placeholders; ``raw`` is an answer that is no JSON, the empty one of a deletion too."""

    status: int
    json: Any = None
    raw: str | None = None


@dataclass(frozen=True)
class Case:
    """One exchange, and what the client must make of it: ``result`` or ``raises``.

    ``arguments`` are the client's, ``usual`` those of an accepted call; ``sends``: it makes exactly this
    request; ``never``: it refuses the arguments itself, by this field. ``ordered``: why no request brings
    this answer about, so that the sandbox is told to give it. ``item_code`` stands in an item of a list.
    """

    endpoint: str
    id: str
    source: str
    request: Request
    answer: Answer
    given: tuple[dict[str, Any], ...]
    method: str
    arguments: dict[str, Any]
    usual: dict[str, Any]
    sends: bool
    never: str | None
    result: Any
    raises: dict[str, Any] | None
    ordered: str | None
    code: int | None
    item_code: int | None

    def __str__(self) -> str:
        return f"{self.endpoint} — {self.id}"


@dataclass(frozen=True)
class Endpoint:
    """One file, as it was written."""

    data: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.data["endpoint"])

    @property
    def page(self) -> str:
        return str(self.data["page"])

    @property
    def kinds(self) -> set[str]:
        """What ``for`` of a common case may name."""
        base = self.data["request"]
        body = "json" if "json" in base else "form" if "form" in base else "bodiless"
        return {"all", body, *({"body"} if body != "bodiless" else ()), base.get("login", "app")}

    @property
    def absent(self) -> dict[int, str]:
        """Codes of its page that it cannot answer, and why not."""
        rows = [row for row in COMMON["not_here"] if row["for"] in self.kinds] + self.data.get("not_here", [])
        return {code: row["why"] for row in rows for code in row["codes"]}

    def cases(self) -> Iterator[Case]:
        """Exchanges that hold for both sides."""
        own = [_case(self, given) for given in self.data["cases"]]
        shared = [given for given in COMMON["cases"] if given["for"] in self.kinds]
        written = {given["id"] for given in self.data["cases"]}
        return iter([*own, *(_case(self, given) for given in shared if given["id"] not in written)])

    def readings(self) -> Iterator[Case]:
        """Answers that the sandbox does not give and the client has to understand (jsms-api 1.3, 1.4, 6.1)."""
        shared = [given for given in COMMON["readings"] if given["for"] in self.kinds]
        return iter([_case(self, given) for given in [*self.data.get("readings", []), *shared]])


def _case(endpoint: Endpoint, given: dict[str, Any]) -> Case:
    data, code = endpoint.data, given.get("code")
    raises = _raises(data, given)
    changed = any(name in given for name in ("change", "request"))
    return Case(
        endpoint=endpoint.name,
        id=given["id"],
        source=given.get("source", f"jsms-api {data['section']}, page {data['page_name']}"),
        request=_request(data, given),
        answer=_answer(data, given),
        given=(*COMMON["given"], *data.get("given", ()), *given.get("given", ())),
        method=data["method"],
        arguments=_merged(data.get("arguments", {}), given.get("arguments", {})),
        usual=data.get("arguments", {}),
        sends=not given.get("never") and ("arguments" in given or not changed),
        never=given.get("never"),
        result=None if raises else given.get("result", data.get("result")),
        raises=raises,
        ordered=given.get("ordered"),
        code=code,
        item_code=given.get("item_code"),
    )


def _request(data: dict[str, Any], given: dict[str, Any]) -> Request:
    base = {"login": "app", **data["request"], **given.get("request", {})}
    method, _, path = data["endpoint"].partition(" ")
    kind = "form" if "form" in base else "json"
    if "change" in given:
        base[kind] = _merged(base[kind], given["change"])
    if "raw" in base:
        base.pop(kind, None)
    return Request(
        base.get("method", method),
        base.get("path", path),
        LOGINS.get(base["login"], base["login"]),
        base.get("headers", {}),
        base.get("json"),
        base.get("form"),
        base.get("raw"),
    )


def _answer(data: dict[str, Any], given: dict[str, Any]) -> Answer:
    if "answer" in given:
        return Answer(**{"status": 200, **given["answer"]})
    code = given.get("code")
    if code is None:
        answer = {"status": 200, **data["answer"]}
        return Answer(**answer | ({"json": {**answer["json"], **given["more"]}} if "more" in given else {}))
    row = CODES[code]
    error = {"code": code, "message": given.get("message", row["message"])}
    return Answer(int(row["http"]), {**given.get("beside_error", {}), "error": error})


def _raises(data: dict[str, Any], given: dict[str, Any]) -> dict[str, Any] | None:
    """As written, or what a code means; after 50019 a send may have gone out (jsms-api 4.1)."""
    code, lost = given.get("code"), LOST["send" if data.get("billable") else "other"]
    if given.get("raises") == "lost":
        return lost
    if code == 50019:
        return lost | {"code": code}
    if code is None or "result" in given:
        return given.get("raises")
    wait = {"retry_after": data["wait"]} if code == 50009 and "wait" in data else {}
    return {"error": "Refused", "code": code, "reason": CODES[code]["reason"], "maybe_sent": False, **wait}


LOST = {
    "send": {"error": "MaybeSent", "code": None, "reason": "maybe_sent", "maybe_sent": True},
    "other": {"error": "NoAnswer", "code": None, "reason": "no_answer", "maybe_sent": False},
}


def _merged(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """Null takes a member out; ``{"$null": true}`` puts a null in."""
    merged = {name: value for name, value in {**base, **change}.items() if value is not None}
    return {name: None if value == {"$null": True} else value for name, value in merged.items()}


def _read(path: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"), object_hook=_repeated)
    return data


def _repeated(value: dict[str, Any]) -> Any:
    """``{"$repeat": 500, "item": "长"}``, so that nobody has to scroll past it."""
    return value["item"] * value["$repeat"] if "$repeat" in value else value


COMMON = _read(HERE / "common.json")
ENDPOINTS = sorted(
    (Endpoint(_read(path)) for path in HERE.glob("endpoints/*.json")),
    key=lambda each: [int(part) for part in each.data["section"].split(".")],
)
CASES = [case for endpoint in ENDPOINTS for case in endpoint.cases()]
READINGS = [case for endpoint in ENDPOINTS for case in endpoint.readings()]
