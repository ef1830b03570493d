"""Celery, where ``EXAMPLE_BROKER`` names a broker; without one nothing here is imported."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example.settings")

app = Celery("example")
# Without this, threads other than the first would publish to Celery's own default broker.
app.set_default()
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
