"""The site's addresses."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("accounts.urls")),
    path("admin/", admin.site.urls),
    path("jsms/", include("django_jsms.urls")),
    path("api/", include("django_jsms.api.urls")),
    *([path("captcha/", include("captcha.urls"))] if settings.CAPTCHA else []),
    path("i18n/", include("django.conf.urls.i18n")),
]
