"""The app as Django sees it."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DjangoJsmsConfig(AppConfig):
    name = "django_jsms"
    verbose_name = _("JSMS")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import checks  # noqa: F401  (registers the checks; the registry is there only now)
