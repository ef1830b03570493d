"""Settings of the test suite.

``JSMS_TEST_DATABASE`` = sqlite (default), postgresql or mariadb; ``JSMS_TEST_SUFFIX`` keeps the databases
of two runs on one server apart. ``JSMS_TEST_OWN_DATABASE=1`` gives the app a database of its own.
"""

import os
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

BASE = Path(__file__).parent
SECRET_KEY = "tests-only-" + "x" * 50
DEBUG = False
ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
USE_TZ = os.environ.get("JSMS_TEST_USE_TZ", "1") == "1"
TIME_ZONE = "Asia/Shanghai"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
USE_I18N = True
ROOT_URLCONF = "tests.urls"
STATIC_URL = "/static/"
#: Read since Django 6.1, where EMAIL_BACKEND is deprecated.
MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
REST_FRAMEWORK = {"DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema"}
SPECTACULAR_SETTINGS = {"TITLE": "django-jsms", "VERSION": "1"}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
    "django_jsms",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

SUFFIX = os.environ.get("JSMS_TEST_SUFFIX", "")

# The SQLite test database is a file: threads of one test fail on the in-memory one.
_SQLITE: dict[str, Any] = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": BASE / "db.sqlite3",
    "OPTIONS": {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;",
    },
    "TEST": {"NAME": Path(tempfile.gettempdir()) / f"django_jsms_{os.getpid()}{SUFFIX}.sqlite3"},
}
_POSTGRESQL: dict[str, Any] = {
    "ENGINE": "django.db.backends.postgresql",
    "NAME": os.environ.get("PGDATABASE", "test"),
    "USER": os.environ.get("PGUSER", "postgres"),
    "HOST": os.environ.get("PGHOST", "127.0.0.1"),
    "TEST": {"NAME": f"test_django_jsms{SUFFIX}"},
}
# At +08:00, as most servers in China stand: a zone mistake shows only there.
_MARIADB: dict[str, Any] = {
    "ENGINE": "django.db.backends.mysql",
    "NAME": "test",
    "USER": "root",
    "HOST": os.environ.get("MYSQL_HOST", "127.0.0.1"),
    "OPTIONS": {"charset": "utf8mb4", "ssl_disabled": True, "init_command": "SET time_zone='+08:00'"},
    "TEST": {"NAME": f"test_django_jsms{SUFFIX}", "CHARSET": "utf8mb4"},
}
_NAME = os.environ.get("JSMS_TEST_DATABASE", "sqlite")
if _NAME == "mariadb" and find_spec("MySQLdb") is None:  # mysqlclient, where it is installed
    import pymysql

    pymysql.version_info = (2, 2, 7, "final", 0)  # what Django's version check of mysqlclient reads
    pymysql.install_as_MySQLdb()
DATABASES: dict[str, dict[str, Any]] = {
    "default": {"sqlite": _SQLITE, "postgresql": _POSTGRESQL, "mariadb": _MARIADB}[_NAME]
}
if os.environ.get("JSMS_TEST_ATOMIC_REQUESTS") == "1":
    DATABASES["default"]["ATOMIC_REQUESTS"] = True
if os.environ.get("JSMS_TEST_OWN_DATABASE") == "1":
    test = DATABASES["default"]["TEST"]
    own = {"NAME": f"{test['NAME']}_sms"}
    DATABASES["default"]["ATOMIC_REQUESTS"] = True
    DATABASES["sms"] = {**DATABASES["default"], "TEST": {**test, **own}}
    DATABASE_ROUTERS = ["tests.routers.OwnDatabase"]
