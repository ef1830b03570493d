"""REST endpoints for front ends and staff, on Django REST framework.

``include("django_jsms.api.urls")`` has what anybody may call, ``django_jsms.api.staff_urls`` the rest. For views of
your own: ``REST_FRAMEWORK = {"EXCEPTION_HANDLER": "django_jsms.api.exception_handler"}``.
"""

from .errors import exception_handler

__all__ = ["exception_handler"]
