"""What an import loads, held by a fresh interpreter."""

import subprocess
import sys

import pytest

HEAVY = ("requests", "urllib3", "celery", "rest_framework", "werkzeug")


def loaded(program):
    code = f"{program}\nimport sys\nprint(*[m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.core
def test_the_app_loads_nothing_heavy():
    apps = ["contenttypes", "auth", "admin", "messages", "sessions"]
    installed = [*(f"django.contrib.{app}" for app in apps), "django_jsms"]
    configured = f"from django.conf import settings; settings.configure(INSTALLED_APPS={installed!r})"
    setup = f"import django; {configured}; django.setup()"
    assert loaded(f"{setup}; import django_jsms.services, django_jsms.admin, django_jsms.checks") == []


def test_the_client_needs_no_django():
    block = "import sys; sys.modules['django'] = None"
    assert loaded(f"{block}; from django_jsms.client import JSMSClient, Timeout; JSMSClient('k', 's')") == []


def test_the_sandbox_needs_no_django():
    assert loaded("import sys; sys.modules['django'] = None; import django_jsms.sandbox") in (
        ["werkzeug"],
        [],
    )


def test_the_pytest_plugin_needs_nothing_of_ours_until_used():
    program = (
        "import sys; sys.modules['werkzeug'] = None; sys.modules['django'] = None; import django_jsms.pytest_plugin"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
