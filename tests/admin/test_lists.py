"""Every change list × every lookup × every value that no database takes: the plain list or a plain no, and no more
than its own page asks for."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.databases]
LISTS = [model for model in admin.site._registry if model._meta.app_label == "django_jsms"]
#: PostgreSQL takes no NUL, SQLite no number of more than 63 bits, and MariaDB has its own first and last day.
ODD = ["\0", "9" * 30, "9999-12-31"]


#: What asks for more than a filter does: «mobile__startswith» would tell a masked number digit by digit.
NO_FILTERS = ["__in", "__range", "__startswith", "__regex", "__year", "__bogus"]
each_list = pytest.mark.parametrize("model", LISTS, ids=lambda model: model._meta.model_name)


def address(model: Any) -> str:
    return reverse(f"admin:django_jsms_{model._meta.model_name}_changelist")


def filters(model: Any) -> list[str]:
    listed = [each[0] if isinstance(each, tuple) else each for each in admin.site._registry[model].list_filter]
    return [each if isinstance(each, str) else each.parameter_name for each in listed]


@each_list
def test_no_value_in_its_address_breaks_a_list(admin_client: Client, model: Any) -> None:
    path = address(model)
    for name in ("q", *filters(model)):
        for lookup in ("", "__exact", "__isnull", "__isempty"):
            for value in ODD:
                answer = admin_client.get(path, {f"{name}{lookup}": value})
                assert answer.status_code in (200, 400) or answer["Location"] == f"{path}?e=1", (name, lookup, value)
    assert admin_client.get(path, {"e": "1"}).status_code == 200


@each_list
def test_a_list_is_asked_for_nothing_but_its_filters(admin_client: Client, model: Any) -> None:
    columns = [field.name for field in model._meta.concrete_fields]
    odd = {f"{name}{lookup}" for name in columns for lookup in NO_FILTERS}
    odd |= {f"{name}{lookup}" for name in {*columns} - {*filters(model), "template_id"} for lookup in ("", "__exact")}
    for lookup in sorted(odd):
        assert admin_client.get(address(model), {lookup: "1"}).status_code == 400, lookup


@each_list
def test_each_filter_on_its_page_works(admin_client: Client, model: Any) -> None:
    links = re.findall(r'href="(\?[^"]+)"', admin_client.get(address(model)).content.decode())
    for link in links:
        assert admin_client.get(address(model) + html.unescape(link)).status_code == 200, link
    assert links or not filters(model)


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("message", "chunk__batch=1"),
        ("message", "app__exact=default&template_id__exact=1"),
        ("verificationcode", "app__exact=default&template_id__exact=1"),
        ("verificationcode", "app__exact=default&channel__exact=voice"),
    ],
)
def test_each_link_to_a_list_works(admin_client: Client, name: str, asked: str) -> None:
    assert admin_client.get(f"{reverse(f'admin:django_jsms_{name}_changelist')}?{asked}").status_code == 200


@each_list
@pytest.mark.parametrize("key", ["abc", "\0", "9" * 30, "9" * 5000, "-", "1.5", ""])
def test_a_key_that_no_row_has_chooses_nothing(admin_client: Client, model: Any, key: str) -> None:
    for action in admin.site._registry[model].actions or ():
        answer = admin_client.post(address(model), {"action": action, "_selected_action": [key], "_confirmed": "1"})
        assert (answer.status_code, answer["Location"]) == (302, address(model)), action
