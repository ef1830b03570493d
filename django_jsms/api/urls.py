"""What anybody may call: ``path("api/", include("django_jsms.api.urls"))``."""

from django.urls import path

from .codes import Check, Codes, Resend

app_name = "jsms_api"
urlpatterns = [
    path("codes/", Codes.as_view(), name="codes"),
    path("codes/resend/", Resend.as_view(), name="resend"),
    path("codes/check/", Check.as_view(), name="check"),
]
