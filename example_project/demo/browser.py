"""A visitor's browser, as far as a walk over HTTP needs one: cookies, redirects, and the forms of a page."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urljoin

import requests

#: Seconds for one page; much longer than the longest wait for JSMS, as the machine may be busy.
TIMEOUT = 60


class Forms(HTMLParser):
    """The forms of a page: where each goes, and its fields with their values."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append((given.get("action", ""), {}))
        elif tag == "input" and self.found and "name" in given:
            self.found[-1][1][given["name"]] = given.get("value", "")


class Browser:
    """Stands on one page at a time."""

    def __init__(self, language: str) -> None:
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy stands between a machine and itself
        self._session.headers["Accept-Language"] = language
        self.page = requests.Response()

    def open(self, url: str) -> requests.Response:
        """Go to an address, and on to where it leads."""
        self.page = self._session.get(url, timeout=TIMEOUT)
        return self.page

    def submit(self, **typed: str) -> requests.Response:
        """Fill in the form of this page that has these fields, with its hidden ones, and send it."""
        for action, fields in Forms(self.page.text).found:
            if typed.keys() <= fields.keys():
                url = urljoin(self.page.url, action)
                self.page = self._session.post(url, {**fields, **typed}, timeout=TIMEOUT)
                return self.page
        raise LookupError(f"{self.page.url} has no form with {', '.join(typed)}")

    def close(self) -> None:
        self._session.close()
