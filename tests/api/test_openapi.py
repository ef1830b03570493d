"""The OpenAPI document: clean, complete, and true under whatever schemathesis thinks of."""

import re
import subprocess
import sys
from base64 import b64encode

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is in the extra «dev»")

BUSY = {502, 503}
#: Not that what the schema allows is always taken: whether a code is right no schema tells.
schemathesis.checks.load_all_checks()
CHECKS = schemathesis.checks.CHECKS.get_by_names(
    [
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
        "response_headers_conformance",
    ]
)


def test_it_validates_without_a_warning(tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml"))


def test_every_operation_says_what_it_takes_answers_and_refuses():
    document = SchemaGenerator().get_schema(request=None, public=True)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["description"] and operation["operationId"], (method, path)
            assert {"400", "406"} <= set(operation["responses"]) or method == "get", (method, path)
            placed = [each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"]
            assert placed == re.findall(r"\{(\w+)\}", path), (method, path)


def test_without_drf_spectacular_everything_works():
    code = (
        "import sys; sys.modules['drf_spectacular'] = None; import importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'drf_spectacular' else find(name, *rest)\n"
        "import django; from django.conf import settings\n"
        "settings.configure(INSTALLED_APPS=['django.contrib.auth', 'django.contrib.contenttypes', 'django_jsms'])\n"
        "django.setup(); import django_jsms.api.urls; print('fine')"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "fine\n"


def operations():
    document = SchemaGenerator().get_schema(request=None, public=True)
    schema = schemathesis.openapi.from_dict(document)
    return [found.ok() for found in schema.get_all_operations()]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("operation", operations(), ids=lambda operation: operation.label)
def test_schemathesis_finds_nothing(jsms_sandbox, operation):
    operation.app = operation.schema.app = get_wsgi_application()
    get_user_model().objects.create_superuser("boss", password="x")
    boss = {"Authorization": f"Basic {b64encode(b'boss:x').decode()}"} if "/staff/" in operation.path else {}

    @given(case=operation.as_strategy())
    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    def run(case):
        response = case.call(headers=boss)
        assert response.status_code < 500 or response.status_code in BUSY, response.content[:500]
        case.validate_response(response, checks=CHECKS)

    run()
