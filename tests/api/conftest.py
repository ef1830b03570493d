"""A client that speaks JSON, as a front end does."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client


class Api:
    def __init__(self, client, prefix="/api/"):
        self.client, self.prefix = client, prefix

    def post(self, path, body=None, *, raw=None, content_type="application/json", method="POST", **headers):
        data = json.dumps(body) if raw is None else raw
        data = data if isinstance(data, bytes) else data.encode()
        extra = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.generic(method, self.prefix + path, data, content_type=content_type, headers=extra)

    def get(self, path, **query):
        return self.client.get(self.prefix + path, query)

    def patch(self, path, body, **headers):
        return self.post(path, body, method="PATCH", **headers)

    def delete(self, path):
        return self.client.delete(self.prefix + path)


@pytest.fixture
def api(db):
    return Api(Client(REMOTE_ADDR="8.8.8.8"))


@pytest.fixture
def staff(db):
    """``staff("view_template")``: a client of somebody who has these permissions and no other."""

    def log_in(*permissions):
        user = get_user_model().objects.create_user(f"somebody-{get_user_model().objects.count()}")
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        client = Client()
        client.force_login(user)
        return Api(client, "/api/staff/")

    return log_in


@pytest.fixture
def boss(admin_client):
    """Who may everything."""
    return Api(admin_client, "/api/staff/")
