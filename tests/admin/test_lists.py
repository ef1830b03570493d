"""Every change list × every column × every value that no database takes: the plain list, never an error."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.databases]
LISTS = [model for model in admin.site._registry if model._meta.app_label == "django_jsms"]
#: PostgreSQL takes no NUL, SQLite no number of more than 63 bits, and MariaDB has its own first and last day.
ODD = ["\0", "9" * 30, "9999-12-31"]


@pytest.mark.parametrize("model", LISTS, ids=lambda model: model._meta.model_name)
def test_no_value_in_its_address_breaks_a_list(admin_client: Client, model: Any) -> None:
    path = reverse(f"admin:django_jsms_{model._meta.model_name}_changelist")
    for name in ("q", *(field.attname for field in model._meta.concrete_fields)):
        for lookup in ("", "__in"):
            for value in ODD:
                answer = admin_client.get(path, {f"{name}{lookup}": value})
                assert answer.status_code == 200 or answer["Location"] == f"{path}?e=1", (name, lookup, value)
    assert admin_client.get(path, {"e": "1"}).status_code == 200
