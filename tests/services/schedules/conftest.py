"""A shop with templates at JSMS."""

import pytest

from tests.services.schedules.life import opened


@pytest.fixture
def shop(jsms_sandbox):
    with opened(jsms_sandbox) as shop:
        yield shop
