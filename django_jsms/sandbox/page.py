"""The three pages, phones, console and log: HTML files in one frame, filled with words, style sheets, scripts."""

from __future__ import annotations

import json
import re
from html import escape
from pathlib import Path
from typing import Final

from werkzeug.wrappers import Request, Response

from .state import Seed
from .texts import LANGUAGES, texts

_FILES: Final = Path(__file__).parent / "static"
_MEDIA: Final = {".css": "text/css", ".js": "text/javascript"}
_TYPES: Final = {path.name: _MEDIA[path.suffix] for path in _FILES.iterdir() if path.suffix in _MEDIA}
#: Path → the page's name, that of its files and of its words.
_PAGES: Final = {"": "phones", "console": "console", "log": "log"}
_WORD: Final = re.compile(r"\[\[(\w+)\]\]")
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Page:
    """Serves ``/_sandbox/``, the other pages and their files, and leaves everything else alone."""

    def __init__(self, seed: Seed) -> None:
        given = (seed.app_key, seed.master_secret)
        # Keys of a real app stay off the page.
        self._login = "sandbox:sandbox" if given == ("sandbox", "sandbox") else "$APP_KEY:$MASTER_SECRET"

    def respond(self, request: Request) -> Response | None:
        """None when the path is not the page's, or this is no reading."""
        if request.method not in ("GET", "HEAD"):
            return None
        name = request.path.removeprefix("/_sandbox").removeprefix("/")
        if name in _PAGES:
            return _response(self._html(request, _PAGES[name]), "text/html")
        if name in _TYPES:
            return _response((_FILES / name).read_text("utf-8"), _TYPES[name])
        return None

    def _html(self, request: Request, page: str) -> str:
        language = _language(request)
        words = texts(language)
        other = "en" if language == "zh" else "zh"
        base = request.host_url.rstrip("/")
        filled = {
            **words,
            **{f"is_{each}": "page" if each == page else "false" for each in _PAGES.values()},
            "page": page,
            "name": words[page],
            "lang": LANGUAGES[language],
            "other": other,
            "other_tag": LANGUAGES[other],
            # What somebody chose stays chosen on the other pages.
            "query": f"?lang={language}" if request.args.get("lang") == language else "",
            "words": json.dumps(words, ensure_ascii=False),
            "api": f"{base}/v1",
            "sample": _sample(self._login, base),
        }
        frame, content = ((_FILES / f"{name}.html").read_text("utf-8") for name in ("frame", page))
        return _WORD.sub(lambda found: escape(filled[found[1]]), frame.replace("[[[content]]]", content))


def _language(request: Request) -> str:
    asked = request.args.get("lang", "")
    if asked in LANGUAGES:
        return asked
    return "en" if request.accept_languages.best_match(["zh", "en"], default="zh") == "en" else "zh"


def _sample(login: str, base: str) -> str:
    body = '{"mobile": "13800138000", "temp_id": 1}'
    return f"curl -u {login} -H 'Content-Type: application/json' \\\n  -d '{body}' \\\n  {base}/v1/codes"


def _response(text: str, media: str) -> Response:
    return Response(text, headers=_HEADERS, content_type=f"{media}; charset=utf-8")
