"""What the site of the benchmarks answers to."""

from django.urls import include, path

urlpatterns = [path("", include("django_jsms.api.urls")), path("jsms/", include("django_jsms.urls"))]
