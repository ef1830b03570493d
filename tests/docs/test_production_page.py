"""The snippets of «In production», and the figures it gives."""

from __future__ import annotations

import sys
import threading
from types import ModuleType
from typing import Any

import pytest
from celery import current_app
from django import VERSION
from django.apps import apps
from django.test import RequestFactory

from django_jsms import conf, tasks
from django_jsms.dispatch.thread import THREADS
from django_jsms.models.base import LEASE
from django_jsms.services import queue_code, run_pending, tick
from django_jsms.services.messages import QUEUES
from django_jsms.services.worker import EXIT_SECONDS
from tests.conftest import MOBILE
from tests.docs.snippets import ROOT, named
from tests.routers import OwnDatabase

PAGE = (ROOT / "docs/production.md").read_text(encoding="utf-8")
SNIPPETS = named("docs/production.md")


def test_every_thread_publishes_to_that_app() -> None:
    before = current_app._get_current_object()
    app: Any = SNIPPETS["celery"].run()["app"]
    found: list[str] = []
    try:
        other = threading.Thread(target=lambda: found.append(current_app.main))
        other.start()
        other.join()
    finally:
        app.close()
        before.set_default()
        before.set_current()
    assert found == ["shop"]


def test_the_router_sends_our_rows_alone_to_a_database_of_their_own() -> None:
    router = SNIPPETS["router"].run()["JSMSRouter"]()
    suite = OwnDatabase()
    for model in apps.get_models():
        assert router.db_for_read(model) == router.db_for_write(model) == suite.db_for_write(model)
        for db in ("default", "sms"):
            label = model._meta.app_label
            assert router.allow_migrate(db, label) == suite.allow_migrate(db, label)


def test_the_settings_name_what_exists() -> None:
    known = SNIPPETS["settings"].run()
    settings, beat = known["JSMS"], known["CELERY_BEAT_SCHEDULE"]
    assert isinstance(settings, dict) and settings.keys() <= conf.KEYS
    assert isinstance(beat, dict)
    assert beat["jsms"]["task"] == tasks.tick.name and beat["jsms"]["options"]["queue"] in THREADS


@pytest.mark.skipif(VERSION < (6, 0), reason="django.tasks came with Django 6.0")
@pytest.mark.django_db(transaction=True)
def test_tasks_of_django_carry_the_wake_ups(jsms_sandbox: Any, monkeypatch: Any, settings: Any) -> None:
    backend = "django.tasks.backends.immediate.ImmediateBackend"
    settings.TASKS = {"default": {"BACKEND": backend, "QUEUES": list(THREADS)}}
    module = ModuleType("shop_wake")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    vars(module).update(SNIPPETS["tasks"].run(__name__=module.__name__))
    with jsms_sandbox.settings(DISPATCH=module.__name__):
        code = queue_code(MOBILE, purpose="login")
    code.refresh_from_db()
    assert code.status == "sent" and len(jsms_sandbox.outbox) == 1


def test_the_figures_are_those_of_the_code() -> None:
    assert set(QUEUES.values()) == set(THREADS) and all(f"| `{queue}` |" in PAGE for queue in THREADS)
    assert f"{sum(THREADS.values()) + 1}: 2 for codes, 2 for notices, 8 for batches, 1 for the sweep" in PAGE
    assert f"within {EXIT_SECONDS:.0f} s" in PAGE and f"its row for {LEASE.total_seconds():.0f} s" in PAGE


@pytest.mark.django_db(transaction=True)
def test_the_health_view(jsms_sandbox: Any) -> None:
    health: Any = SNIPPETS["heartbeat"].run()["jsms_health"]
    request = RequestFactory().get("/")
    assert health(request).status_code == 503
    run_pending()
    assert health(request).status_code == 503
    tick()
    assert health(request).status_code == 200
