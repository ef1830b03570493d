from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("jsms/", include("django_jsms.urls")),
    path("api/", include("django_jsms.api.urls")),
    path("api/staff/", include("django_jsms.api.staff_urls")),
]
