"""Phone login: type a number, then the code that was sent to it.

Every number gets the same answers, whether somebody has an account with it or not: the account is made at
the first login with a right code.
"""

from __future__ import annotations

import json
import time

from django.conf import settings
from django.contrib import auth, messages
from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from django_jsms.exceptions import CaptchaRequired, JSMSError, LimitExceeded
from django_jsms.services import Verification, client_ip, redeem_proof, send_code, send_voice_code, verify_code

from . import words
from .forms import CodeForm, NumberForm
from .models import Phone
from .waiting import KEY, Waiting

PURPOSE = "login"
#: Seconds before the same number may be sent another code, by django_jsms's own default.
COOL_DOWN = 60


@require_safe
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/home.html")


# send_code and verify_code talk to JSMS, which no rollback undoes: they refuse to run in a transaction, so
# their views stay out of ATOMIC_REQUESTS.


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters()
@never_cache
@transaction.non_atomic_requests
def login(request: HttpRequest) -> HttpResponse:
    """Step one: the number."""
    if request.user.is_authenticated:
        return _onward(request, request.GET.get("next"))
    if request.method != "POST":
        form = NumberForm(initial={"next": request.GET.get("next", "")})
        return render(request, "accounts/login.html", {"form": form, "purpose": PURPOSE})
    form, seconds = NumberForm(request.POST), 0
    if form.is_valid():
        try:
            _send(request, form.cleaned_data["mobile"], form.cleaned_data["next"], form.answer)
        except CaptchaRequired as error:
            form.ask_captcha(error.message)
        except JSMSError as error:
            if _already_waiting(request, error, form.cleaned_data["mobile"]):
                messages.warning(request, words.of_error(error))
                return redirect("accounts:code")
            seconds = _seconds(error)
            form.add_error("mobile", words.of_error(error, seconds))
        else:
            return redirect("accounts:code")
    return render(request, "accounts/login.html", {"form": form, "seconds": seconds, "purpose": PURPOSE})


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters()
@never_cache
@transaction.non_atomic_requests
def code(request: HttpRequest) -> HttpResponse:
    """Step two: the code."""
    waiting = Waiting.of(request.session)
    if waiting is None:
        return redirect("accounts:login")
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        user = _check(request, form, waiting)
        if user:
            # A new session key, so that one planted before the login is worth nothing.
            auth.login(request, user, backend="django.contrib.auth.backends.ModelBackend")
            request.session.pop(KEY, None)
            return _onward(request, waiting.next)
    return render(request, "accounts/code.html", {"form": form, "waiting": waiting})


@require_POST
@never_cache
@transaction.non_atomic_requests
def again(request: HttpRequest) -> HttpResponse:
    """Another code to the same number. Until it is sent, the one before stays good."""
    waiting = Waiting.of(request.session)
    if waiting is None:
        return redirect("accounts:login")
    try:
        _send(request, waiting.mobile, waiting.next, voice="voice" in request.POST)
    except CaptchaRequired:
        messages.warning(request, _("Please type your number again: a captcha is wanted now."))
        return redirect("accounts:login")
    except JSMSError as error:
        seconds = _seconds(error)
        messages.error(request, words.of_error(error, seconds))
        waiting.again_in(seconds)
        waiting.keep(request.session)
    else:
        messages.success(request, _("A new code is on its way."))
    return redirect("accounts:code")


def _send(request: HttpRequest, mobile: str, target: str, captcha: str | None = None, *, voice: bool = False) -> None:
    send = send_voice_code if voice else send_code
    sent = send(mobile, purpose=PURPOSE, ip=client_ip(request), captcha=captcha)
    waiting = Waiting(mobile, sent.token, sent.masked_mobile, target, time.time() + COOL_DOWN)
    waiting.keep(request.session)


@require_POST
@sensitive_post_parameters()
@never_cache
def proof(request: HttpRequest) -> JsonResponse:
    """The end of a login over the REST endpoints: they answered a proof, and it is spent here, once."""
    try:
        given = json.loads(request.body)
        proof, target = str(given["proof"]), given.get("next")
    except (ValueError, TypeError, KeyError, AttributeError):
        return JsonResponse({"code": "malformed", "message": _("Please log in again.")}, status=400)
    user = auth.authenticate(request, proof=proof, purpose=PURPOSE)
    if user is None:
        return JsonResponse({"code": "invalid_proof", "message": _("Please log in again.")}, status=410)
    auth.login(request, user)
    return JsonResponse({"next": _onward(request, str(target or "")).url})


def _already_waiting(request: HttpRequest, error: JSMSError, mobile: str) -> bool:
    """Asked twice, by a double click or the back button: the code of a moment ago is still good."""
    waiting = Waiting.of(request.session)
    return isinstance(error, LimitExceeded) and waiting is not None and waiting.mobile == mobile


def _seconds(error: JSMSError) -> int:
    """How long to wait: as the error says; else, where a row was written, its cool-down runs."""
    return getattr(error, "retry_after", None) or (COOL_DOWN if error.row else 0)


def _check(request: HttpRequest, form: CodeForm, waiting: Waiting) -> AbstractUser | None:
    """The user who may come in; else the form says why not."""
    try:
        result = verify_code(form.cleaned_data["code"], token=waiting.token, purpose=PURPOSE, ip=client_ip(request))
        user = _user(result) if result else None
    except JSMSError as error:
        form.add_error("code", words.of_error(error))
        return None
    if user is None:
        form.add_error("code", words.of_check(result))
    elif not user.is_active:
        form.add_error("code", _("This account is closed."))
    return user if user and user.is_active else None


@transaction.atomic
def _user(result: Verification) -> AbstractUser:
    """Spend the proof and find its user together: if one fails, neither happened."""
    return Phone.objects.user_of(redeem_proof(result.proof, purpose=PURPOSE))


def _onward(request: HttpRequest, target: str | None) -> HttpResponseRedirect:
    """To where the visitor was going, if that is a page of this site; else home."""
    ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return HttpResponseRedirect(target if ours else resolve_url(settings.LOGIN_REDIRECT_URL))
