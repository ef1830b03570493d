"""Codes that nobody uses: told, asked for a captcha, and stopped where the project wants it."""

from datetime import timedelta

import pytest

from django_jsms.exceptions import CaptchaRequired, LimitExceeded
from django_jsms.models import VerificationCode
from django_jsms.models.base import now
from django_jsms.services import send_code
from django_jsms.services.conversion import LEAST, watch_conversion
from tests.conftest import MOBILE

pytestmark = pytest.mark.django_db


def codes(count, status="sent", *, over=True, **more):
    at = now()
    ends = at - timedelta(minutes=1) if over else at + timedelta(minutes=4)
    row = {"mobile_hash": "x", "purpose": "login", "sent_at": at, "expires_at": ends, "status": status, **more}
    VerificationCode.objects.bulk_create([VerificationCode(**row) for _ in range(count)])


def app(sandbox, **more):
    return sandbox.settings(APPS={"default": {"SANDBOX": sandbox.url, **more}})


@pytest.mark.core
def test_few_used_codes_are_told_once_a_day(jsms_sandbox, heard):
    codes(LEAST - 1)
    assert watch_conversion() == 0
    codes(1)
    assert watch_conversion() == watch_conversion() == 1 and heard == [("conversion_low", None)]
    send_code(MOBILE, purpose="login")  # it is told, and nothing is stopped
    codes(LEAST, "verified")
    assert watch_conversion() == 0


def test_what_tells_nothing_does_not_count(jsms_sandbox):
    codes(LEAST, "verified")
    codes(300, over=False)
    codes(300, is_test=True)
    codes(300, policy="system")
    assert watch_conversion() == 0


@pytest.mark.core
def test_it_stops_where_the_project_asked_for_it(jsms_sandbox):
    codes(97)
    codes(3, "verified")
    with app(jsms_sandbox, CONVERSION_STOP=0.05):
        watch_conversion()
        with pytest.raises(LimitExceeded) as caught:
            send_code(MOBILE, purpose="login")
        assert caught.value.limit == "conversion" and jsms_sandbox.ledger == []
        send_code(MOBILE, purpose="login", policy="system")
    with app(jsms_sandbox, CONVERSION_STOP=0.02):
        send_code("13900139000", purpose="login")


def passed(answer, ip, mobile, purpose):
    return answer == "right"


def test_the_captcha_is_wanted_of_everybody(jsms_sandbox):
    with jsms_sandbox.settings(CAPTCHA=f"{__name__}.passed", LIMITS={"captcha": ["9/1h"]}):
        send_code(MOBILE, purpose="login", ip="8.8.8.8")
        codes(100)
        watch_conversion()
        with pytest.raises(CaptchaRequired):
            send_code("13900139000", purpose="login", ip="8.8.4.4")
        send_code("13900139000", purpose="login", ip="8.8.4.4", captcha="right")
