"""What all endpoints for staff keep: who may what, lists by cursor, one shape of errors."""

import pytest
from django.test import Client
from django.urls import reverse

from django_jsms.api import staff_urls
from django_jsms.models import Template
from django_jsms.services import draft_template

from .test_codes import problem

pytestmark = pytest.mark.django_db
METHODS = ("get", "post", "put", "patch", "delete")


def doors():
    """Every address for staff with every method that its view has."""
    for pattern in staff_urls.urlpatterns:
        view = pattern.callback.view_class
        path = str(pattern.pattern).replace("<str:id>", "1")
        yield from (pytest.param(path, method, id=f"{method} {path}") for method in METHODS if hasattr(view, method))


def test_they_are_where_the_project_puts_them():
    assert reverse("jsms_staff:templates") == "/api/staff/templates/"


@pytest.mark.parametrize(("path", "method"), list(doors()))
def test_nobody_and_who_has_no_permission_are_kept_out(jsms_sandbox, staff, api, path, method):
    every = {name for pattern in staff_urls.urlpatterns for name in pattern.callback.view_class.needs.values()}
    view = next(each.callback.view_class for each in staff_urls.urlpatterns if path == _plain(each))
    others = every - {view.needs[method.upper()]}
    strangers = [(api, "not_authenticated"), (staff(), "permission_denied"), (staff(*others), "permission_denied")]
    for client, word in strangers:
        client.prefix = "/api/staff/"
        response = client.post(path, {}, method=method.upper())
        assert problem(response, 403) == (word, None)
    assert jsms_sandbox.ledger == []


def _plain(pattern):
    return str(pattern.pattern).replace("<str:id>", "1")


def test_a_page_of_somebody_else_cannot_use_a_session(jsms_sandbox, admin_user):
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)
    response = client.post("/api/staff/balances/", "{}", "application/json")
    assert problem(response, 403) == ("permission_denied", None) and jsms_sandbox.ledger == []


def test_what_no_view_names_is_no_method(boss):
    for method in ("PUT", "DELETE", "OPTIONS", "TRACE"):
        assert problem(boss.post("templates/", {}, method=method), 405) == ("method_not_allowed", None)


@pytest.mark.parametrize("pk", ["0", "999", "x", "-1", "1" * 40, "٣", "1%00", "1e3", " 1"])
def test_an_id_that_is_none(boss, pk):
    assert problem(boss.get(f"templates/{pk}/"), 404) == ("not_found", None)


def test_a_list_goes_on_where_it_ended_whatever_comes_meanwhile(jsms_sandbox, boss):
    old = [str(draft_template(f"第{n}", type="notice").pk) for n in range(5)]
    first = boss.get("templates/", limit=2).json()
    draft_template("新的", type="notice")
    second = boss.get("templates/", limit=2, cursor=first["next"]).json()
    last = boss.get("templates/", limit=2, cursor=second["next"]).json()
    found = [row["id"] for answer in (first, second, last) for row in answer["results"]]
    assert found == old[::-1] and last["next"] is None


def test_a_list_is_narrowed_by_words_that_are_known(jsms_sandbox, boss):
    kept, gone = draft_template("留下", type="notice"), draft_template("删除", type="notice")
    Template.objects.filter(pk=gone.pk).update(status="deleted")
    (row,) = boss.get("templates/", status="draft").json()["results"]
    assert row["id"] == str(kept.pk)
    assert boss.get("templates/", app="other").json() == {"next": None, "results": []}


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ({"state": "draft"}, "unknown_field", "state"),
        ({"mobile": "13912345678"}, "unknown_field", "mobile"),
        ({"status": "13912345678"}, "invalid_choice", "status"),
        ({"cursor": "abc"}, "invalid_id", "cursor"),
        ({"cursor": "9" * 30}, "max_length", "cursor"),
        ({"limit": "0"}, "min_value", "limit"),
        ({"limit": "1000000"}, "max_value", "limit"),
    ],
    ids=str,
)
def test_a_query_that_means_nothing_is_an_error(boss, query, code, field):
    response = boss.get("templates/", **query)
    assert problem(response, 400) == (code, field) and "13912345678" not in response.content.decode()
