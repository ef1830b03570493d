"""The doors of REST, as its own tests have them."""

from tests.api.conftest import api, boss, staff

__all__ = ["api", "boss", "staff"]
