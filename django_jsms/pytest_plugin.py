"""The fixture ``jsms_sandbox``: a JSMS of its own for each test. Needs the extra ``django-jsms[sandbox]``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="session")
def _jsms_server() -> Iterator[Any]:
    """One server a run; starting it takes longer than emptying it."""
    from django_jsms.test import running  # imports Django, which is configured only now

    with running() as server:
        yield server


@pytest.fixture
def jsms_sandbox(_jsms_server: Any) -> Iterator[Any]:
    """An empty sandbox with the settings pointed at it; see ``django_jsms.test.Sandbox``."""
    from django_jsms.test import serve

    with serve(_jsms_server) as sandbox:
        yield sandbox
