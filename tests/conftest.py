"""What the whole suite shares."""

from __future__ import annotations

import gc
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.utils import translation

from django_jsms import signals
from django_jsms.sandbox.breaking import Breaker
from django_jsms.services import repeating
from tests.waiting import PATIENCE

HERE = Path(__file__).parent
#: What `.ci/run` runs again with each Django, and with ATOMIC_REQUESTS.
DOORS = (HERE / "admin", HERE / "api", HERE / "test_views.py")

MOBILE = "13800138000"
#: The real wait between two tries, for the test that measures it.
PAUSE = repeating.pause


def pytest_configure(config: pytest.Config) -> None:
    """A hundred processes of these tests share what the first of them compiles, and leave the tree as it is."""
    if hasattr(config, "workerinput"):
        return  # it has the environment of the process that distributes the tests
    compiled = tempfile.TemporaryDirectory(prefix="django_jsms_pycache_", ignore_cleanup_errors=True)
    config.add_cleanup(compiled.cleanup)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = compiled.name


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """One process if only files are named: to start more takes longer than to run a few tests.

    Else one more than there are cores: many tests wait for a timeout, a process or a broker.
    """
    named = [Path(argument.partition("::")[0]) for argument in config.args]
    return 0 if all(path.is_file() for path in named) else (os.cpu_count() or 1) + 1


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)  # the last to end are quick ones
    for item in items:
        if any(item.path.is_relative_to(door) for door in DOORS) and not item.get_closest_marker("databases"):
            item.add_marker(pytest.mark.doors)
        marker = item.get_closest_marker("django_db")
        if len(settings.DATABASES) > 1 and (marker or "db" in item.fixturenames):
            given = marker.kwargs if marker else {}
            item.add_marker(pytest.mark.django_db(**{**given, "databases": "__all__"}), append=False)


def pytest_collection_finish() -> None:
    """What 6000 tests are made of stays: without this, each collection of garbage looks through all of it again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that would have been waited between tries: noted, not waited for."""
    noted: list[float] = []
    monkeypatch.setattr(repeating, "pause", noted.append)
    return noted


@pytest.fixture(autouse=True)
def own_language() -> Iterator[None]:
    """A request by Django's test client leaves its language active in this thread."""
    yield
    translation.deactivate()


@pytest.fixture
def heard() -> Iterator[list[tuple[str, Any]]]:
    """Every signal of django_jsms that was sent: its name, and the status of its instance."""
    calls: list[tuple[str, Any]] = []
    names = {signal: name for name, signal in vars(signals).items() if isinstance(signal, signals.Signal)}

    def listen(signal: Any, instance: Any = None, **kwargs: Any) -> None:
        calls.append((names[signal], getattr(instance, "status", None)))

    for signal in names:
        signal.connect(listen, weak=False)
    yield calls
    for signal in names:
        signal.disconnect(listen)


@pytest.fixture
def shop(jsms_sandbox: Any) -> Iterator[Any]:
    """A sandbox and settings that know the template ``order-shipped``."""
    jsms_sandbox.template(1250, "订单{{no}}已发货", "notice")
    names = {"order-shipped": {"id": 1250, "type": "notice", "text": "订单{{no}}已发货"}}
    with jsms_sandbox.settings(TEMPLATES=names):
        yield jsms_sandbox


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """What a sandbox of this process delays is held until ``held.set()``, not for a number of seconds."""
    go_on = threading.Event()
    monkeypatch.setattr(Breaker, "_wait", lambda breaker: go_on.wait(PATIENCE))
    yield go_on
    go_on.set()


@pytest.fixture
def race() -> Callable[[int, Callable[[], Any]], list[Any]]:
    """``race(50, call)`` makes 50 calls in threads that start at once; answers results and errors."""

    def run(count: int, call: Callable[[], Any]) -> list[Any]:
        start, outcomes = threading.Barrier(count), []

        def body() -> None:
            try:
                start.wait()
                outcomes.append(call())
            except Exception as error:
                outcomes.append(error)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=body) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert len(outcomes) == count
        return outcomes

    return run


@pytest.fixture
def count_statements() -> Callable[[], Any]:
    """``with count_statements() as statements:`` collects SQL, BEGIN, COMMIT and SAVEPOINT not counted."""
    from contextlib import contextmanager

    from django.db import connection

    frame = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")

    @contextmanager
    def collect() -> Iterator[list[str]]:
        statements: list[str] = []

        def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            if not sql.upper().startswith(frame):
                statements.append(sql)
            return execute(sql, params, many, context)

        connection.ensure_connection()  # what it takes to connect is not counted
        with connection.execute_wrapper(note):
            yield statements

    return collect
