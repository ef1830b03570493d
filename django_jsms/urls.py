"""The address JSMS calls back: ``path("jsms/", include("django_jsms.urls"))``."""

from django.urls import re_path

from .views import callback

app_name = "django_jsms"
urlpatterns = [re_path(r"^callback/(?P<token>[^/]{1,128})/?$", callback, name="callback")]
