"""The least Django project that can send: the app, a database of its own, and the stub for JSMS."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import django
from django.conf import settings
from django.db import connection

DATABASES: Final = ("sqlite", "postgresql")
#: What django-phone-verify, a peer of ``bench storm``, wants to know.
PHONE_VERIFICATION: Final = {
    "BACKEND": "bench.storm_phone_verify.Backend",
    "OPTIONS": {},
    "TOKEN_LENGTH": 6,
    "MESSAGE": "{app}: {security_code}",
    "APP_NAME": "bench",
    "SECURITY_CODE_EXPIRATION_SECONDS": 300,
    "VERIFY_SECURITY_CODE_ONLY_ONCE": True,
}


@contextmanager
def project(database: str) -> Iterator[None]:
    """Django set up on a new database, which is gone when the block ends. Once per process."""
    with tempfile.TemporaryDirectory() as folder:
        set_up(_database(database, Path(folder)))
        name = connection.creation.create_test_db(verbosity=0, autoclobber=True)
        try:
            yield
        finally:
            connection.creation.destroy_test_db(name, verbosity=0)


def set_up(database: dict[str, Any]) -> None:
    """Django on that database, which is left as it is. Once per process."""
    apps = ["django.contrib.contenttypes", "django.contrib.auth", "django_jsms"]
    if database["ENGINE"].endswith("mysql"):
        _stand_in_for_mysqlclient()
    settings.configure(
        SECRET_KEY="bench-only",
        INSTALLED_APPS=[*apps, *(peer for peer in ("post_office", "phone_verify") if find_spec(peer))],
        DATABASES={"default": database},
        ROOT_URLCONF="bench.urls",
        ALLOWED_HOSTS=["testserver", "127.0.0.1"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        USE_TZ=True,
        POST_OFFICE={"BACKENDS": {"default": "django.core.mail.backends.dummy.EmailBackend"}},
        PHONE_VERIFICATION=PHONE_VERIFICATION,
    )
    django.setup()


def _stand_in_for_mysqlclient() -> None:
    import pymysql

    pymysql.version_info = (2, 2, 7, "final", 0)  # what Django's version check of mysqlclient reads
    pymysql.install_as_MySQLdb()


def _database(name: str, folder: Path) -> dict[str, Any]:
    own = "bench_django_jsms" + os.environ.get("JSMS_TEST_SUFFIX", "")
    if name == "mariadb":
        return {
            "ENGINE": "django.db.backends.mysql",
            "NAME": "test",
            "USER": "root",
            "HOST": os.environ.get("MYSQL_HOST", "127.0.0.1"),
            "CONN_MAX_AGE": None,
            "OPTIONS": {"charset": "utf8mb4"},
            "TEST": {"NAME": own, "CHARSET": "utf8mb4"},
        }
    if name == "postgresql":
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": os.environ.get("PGDATABASE", "test"),
            "USER": os.environ.get("PGUSER", "postgres"),
            "HOST": os.environ.get("PGHOST", "127.0.0.1"),
            "CONN_MAX_AGE": None,
            "TEST": {"NAME": own},
        }
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": folder / "bench.sqlite3",
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;",
        },
        # A file: the threads of one process cannot share a database in memory.
        "TEST": {"NAME": folder / "bench_test.sqlite3"},
    }


def jsms(url: str, *, limits: tuple[str, ...] = ()) -> dict[str, Any]:
    """A value of ``settings.JSMS``: the stub at ``url``, and no limit unless one is given."""
    return {"SANDBOX": url, "LIMITS": {"mobile": limits, "voice": ()}, "DISPATCH": "django_jsms.dispatch.none"}
