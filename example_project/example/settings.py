"""Settings of the example project. The environment decides what differs between a laptop and a server.

``JSMS_APP_KEY`` and ``JSMS_MASTER_SECRET`` send real texts; without them, or with ``JSMS_SANDBOX_URL``, texts
go to a sandbox. With ``JSMS_CALLBACK_TOKEN`` reports and replies come to /jsms/callback/. ``EXAMPLE_DEBUG=0`` turns
debugging off, and then wants ``EXAMPLE_SECRET_KEY`` and ``EXAMPLE_HOSTS`` (with commas). ``EXAMPLE_DATABASE`` is the
path of the SQLite file. ``EXAMPLE_CAPTCHA=1`` (the default where debugging is off) has a picture captcha asked,
with django-simple-captcha. ``EXAMPLE_BROKER`` has Celery send what is queued: ``celery -A example worker -P threads
-Q jsms.codes,jsms.notices,jsms.bulk``.
"""

import os
from pathlib import Path

import django_jsms.conf

BASE_DIR = Path(__file__).resolve().parent.parent
DEBUG = os.environ.get("EXAMPLE_DEBUG", "1") == "1"
SECRET_KEY = os.environ.get("EXAMPLE_SECRET_KEY", "django-insecure-on-your-own-machine-only" if DEBUG else "")
ALLOWED_HOSTS = os.environ.get("EXAMPLE_HOSTS", "127.0.0.1,localhost,[::1]").split(",")

JSMS: django_jsms.conf.Settings = {
    "APP_KEY": os.environ.get("JSMS_APP_KEY", ""),
    "MASTER_SECRET": os.environ.get("JSMS_MASTER_SECRET", ""),
    "PURPOSES": {"login": {"template": 1}},
    "TEMPLATES": {
        "order-shipped": {"id": 1250, "text": "您的订单{{no}}已发货，请留意查收。", "type": "notice"},
        "new-season": {"id": 1251, "text": "春季新品已到店，欢迎选购。", "type": "marketing"},
    },
}
if os.environ.get("JSMS_CALLBACK_TOKEN"):
    JSMS["CALLBACK_TOKENS"] = [os.environ["JSMS_CALLBACK_TOKEN"]]
if os.environ.get("JSMS_SANDBOX_URL"):
    JSMS["SANDBOX"] = os.environ["JSMS_SANDBOX_URL"]

CAPTCHA = os.environ.get("EXAMPLE_CAPTCHA", "0" if DEBUG else "1") == "1"
if CAPTCHA:
    JSMS["CAPTCHA"] = "accounts.captcha.passes"
CAPTCHA_FONT_SIZE = 34

CELERY_BROKER_URL = os.environ.get("EXAMPLE_BROKER", "")
CELERY_BEAT_SCHEDULE = {
    "jsms": {"task": "django_jsms.tick", "schedule": 30.0, "options": {"queue": "jsms.notices"}},
}
if CELERY_BROKER_URL:
    JSMS["DISPATCH"] = "django_jsms.dispatch.celery"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_jsms",
    "accounts",
    *(["captcha"] if CAPTCHA else []),
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.i18n",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context.phones",
            ]
        },
    }
]
ROOT_URLCONF = "example.urls"
WSGI_APPLICATION = "example.wsgi.application"

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("EXAMPLE_DATABASE") or BASE_DIR / "db.sqlite3",
        "ATOMIC_REQUESTS": os.environ.get("EXAMPLE_ATOMIC_REQUESTS") == "1",
        # Readers do not wait for a writer, and writers wait for each other instead of failing.
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;",
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend", "accounts.backends.PhoneBackend"]
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "accounts:home"
LOGOUT_REDIRECT_URL = "accounts:home"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Asia/Shanghai"

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "collected"
