"""Home, and the way in and out."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from . import views

app_name = "accounts"
urlpatterns = [
    path("", views.home, name="home"),
    path("login/", views.login, name="login"),
    path("login/code/", views.code, name="code"),
    path("login/again/", views.again, name="again"),
    path("login/proof/", views.proof, name="proof"),
    path("logout/", LogoutView.as_view(), name="logout"),
]
