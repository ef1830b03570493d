"""A sandbox that remembers: what the console holds goes to a file, and is there again after a restart."""

from __future__ import annotations

import json
import os
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from .control.audits import shown as shown_draft
from .control.reports import shown as shown_outcomes
from .records import App, Signature, Template
from .seeds import apply_seed, read_seed
from .state import State

_PAUSE: Final = 1.0


class Keeper:
    """Reads the file at the start; writes it within a second of a change, and at the stop."""

    def __init__(self, state: State, path: str | os.PathLike[str]) -> None:
        self._state = state
        self._path = Path(path)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._kept = ""

    def start(self) -> None:
        """Take in what was kept, and keep it up to date; raises ``BadSeed`` and OSError."""
        if self._path.exists():
            seed = read_seed(self._path)
            with self._state.lock:
                apply_seed(self._state, seed, name=str(self._path))
        self._write()
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="jsms-sandbox-keeper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write once more, and end; a second call does nothing."""
        if self._thread is None:
            return
        self._stopping.set()
        self._thread.join(5)
        self._thread = None
        self._try()

    def _run(self) -> None:
        while not self._stopping.wait(_PAUSE):
            self._try()

    def _try(self) -> None:
        try:
            self._write()
        except OSError as error:  # a full disk may not end the sandbox
            print(f"cannot write {self._path}: {error.strerror or error}", file=sys.stderr)

    def _write(self) -> None:
        with self._state.lock:
            now = json.dumps(snapshot(self._state), ensure_ascii=False, indent=1)
        if now == self._kept:
            return
        fresh = self._path.with_name(f"{self._path.name}.new")
        fresh.touch(0o600)  # it holds the apps' secrets
        with fresh.open("w", encoding="utf-8") as file:
            file.write(now)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        self._kept = now


def snapshot(state: State) -> dict[str, Any]:
    """Everything that ``apply_seed`` can take; the caller holds the lock."""
    options = asdict(state.options)
    del options["keep"]
    return {
        "accounts": [
            {"dev_key": each.key, "dev_secret": each.secret, "balances": dict(each.pools)}
            for each in state.accounts.values()
        ],
        "apps": [_app_shown(each) for each in state.apps.values()],
        "options": options,
    }


def _app_shown(app: App) -> dict[str, Any]:
    return {
        "app_key": app.key,
        "master_secret": app.secret,
        "dev_key": app.account.key,
        "enabled": app.enabled,
        "blacklisted": app.blacklisted,
        "balances": dict(app.pools),
        "templates": [_draft_shown(app, each) for each in app.templates.values()],
        "signatures": [_draft_shown(app, each) for each in app.signatures.values()],
        "optouts": sorted(app.opted_out),
        "ips": sorted(app.allowed_ips),
        "outcomes": shown_outcomes(app),
        "callbacks": dict(app.callback_urls),
    }


def _draft_shown(app: App, draft: Template | Signature) -> dict[str, Any]:
    shown = shown_draft(app, draft)
    del shown["app_key"]
    return shown
