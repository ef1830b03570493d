"""Codes and limits of numbers over REST, for staff: found, explained, let in again; never a code, token or number."""

import pytest

from django_jsms.exceptions import LimitExceeded
from django_jsms.models import ActionLog, VerificationCode
from django_jsms.services import send_code, verify_code
from tests.conftest import MOBILE

from .test_codes import problem

pytestmark = pytest.mark.django_db
OTHER = "13900139000"


@pytest.mark.core
def test_a_code_is_found_and_nobody_sees_what_it_is(shop, boss):
    code = send_code(MOBILE, purpose="login", ip="8.8.8.8")
    send_code(OTHER, purpose="pay")
    verify_code("000000", token=code.token, purpose="login")
    number = boss.post("numbers/lookup/", {"mobile": MOBILE}).json()["id"]
    answer = boss.get("codes/", number=number, purpose="login", status="sent")
    (row,) = answer.json()["results"]
    assert (row["id"], row["mobile"], row["checks"], row["ip"]) == (str(code.pk), "138****8000", 1, "8.8.8.8")
    assert boss.get(f"codes/{code.pk}/").json() == row
    text = answer.content.decode()
    assert code.token not in text and MOBILE not in text
    assert [each["number"] == number for each in boss.get("codes/").json()["results"]] == [False, True]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"status": "gone"}, "status"),
        ({"channel": "fax"}, "channel"),
        ({"number": MOBILE}, "number"),
        ({"mobile": MOBILE}, "mobile"),
        ({"token": "x"}, "token"),
        ({"limit": "201"}, "limit"),
    ],
)
def test_what_is_asked_wrongly_is_named(shop, boss, query, field):
    assert problem(boss.get("codes/", **query), 400)[1] == field


@pytest.mark.core
def test_why_a_number_has_to_wait_and_that_it_need_not(shop, boss, admin_user):
    send_code(MOBILE, purpose="login")
    answer = boss.post("numbers/limits/", {"mobile": "138 0013 8000"})
    body = answer.json()
    assert body["mobile"] == "138****8000" and MOBILE not in answer.content.decode()
    waits = {(each["scope"], each["rule"]): each["retry_after"] for each in body["limits"]}
    assert 0 < waits["mobile", "1/60s"] <= 60
    with pytest.raises(LimitExceeded):
        send_code(MOBILE, purpose="login")
    reset = boss.post("numbers/reset/", {"mobile": MOBILE, "reason": "they called"})
    assert reset.status_code == 200 and not any(each["used"] for each in reset.json()["limits"])
    send_code(MOBILE, purpose="login")
    line = ActionLog.objects.get(action="reset_limits")
    assert (line.actor, line.reason, line.target_id) == (admin_user, "they called", "138****8000")
    assert VerificationCode.objects.count() == 2


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"mobile": "1"}, "mobile"),
        ({"mobile": 13800138000}, "mobile"),
        ({"mobile": MOBILE}, "reason"),
        ({"mobile": MOBILE, "reason": "  "}, "reason"),
        ({"mobile": MOBILE, "reason": "x", "app": "nobody"}, "app"),
        ({"mobile": MOBILE, "reason": "x", "purpose": "login"}, "purpose"),
    ],
)
def test_bad_input_names_its_field_and_lifts_nothing(shop, boss, given, field):
    answer = boss.post("numbers/reset/", given)
    assert problem(answer, 400)[1] == field and MOBILE not in answer.content.decode()
    assert not ActionLog.objects.exists()


def test_to_look_is_not_to_lift(shop, staff):
    looks = staff("view_verificationcode", "view_message")
    assert looks.post("numbers/limits/", {"mobile": MOBILE}).status_code == 200
    assert problem(looks.post("numbers/reset/", {"mobile": MOBILE, "reason": "x"}), 403)
    assert problem(staff("reset_limits").post("numbers/limits/", {"mobile": MOBILE}), 403)
