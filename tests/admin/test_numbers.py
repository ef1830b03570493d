"""A number at the desk: looked up without standing in any address, everything about it on one page."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from django_jsms.exceptions import LimitExceeded
from django_jsms.models import ActionLog, Reply, VerificationCode
from django_jsms.models.base import mobile_hash, now
from django_jsms.services import opt_out, send_code, send_message
from tests.conftest import MOBILE

pytestmark = pytest.mark.django_db
OTHER = "13900139000"
LOOKUP = "admin:django_jsms_number_lookup"


@pytest.fixture
def known(jsms_sandbox):
    jsms_sandbox.template(1250, "订单{{no}}已发货", "notice")
    send_code(MOBILE, purpose="login")
    send_message(MOBILE, template=1250, params={"no": "42"})
    send_message(OTHER, template=1250, params={"no": "43"})
    Reply.objects.create(mobile=MOBILE, mobile_hash=mobile_hash(MOBILE), content="<b>几点到</b>", replied_at=now())
    opt_out(MOBILE, evidence="by phone")
    return jsms_sandbox


def page(client, language="en", mobile=MOBILE):
    return client.get(address(mobile), headers={"Accept-Language": language}).content.decode()


def address(mobile=MOBILE):
    return reverse("admin:django_jsms_number", args=[mobile_hash(mobile)])


@pytest.mark.core
def test_a_number_is_looked_up_and_stands_in_no_address(admin_client, known):
    for noun in ("verificationcode", "message"):
        listed = admin_client.get(reverse(f"admin:django_jsms_{noun}_changelist")).content.decode()
        assert f'href="{reverse(LOOKUP)}"' in listed
    assert "Look up a number" in admin_client.get(reverse(LOOKUP)).content.decode()
    answer = admin_client.post(reverse(LOOKUP), {"mobile": " 138-0013-8000 "})
    assert answer.status_code == 302 and answer["Location"] == address() and MOBILE not in answer["Location"]


@pytest.mark.core
def test_everything_about_it_is_on_one_page(admin_client, known):
    shown = page(admin_client)
    assert "Number 138****8000" in shown and MOBILE not in shown and "139****9000" not in shown
    for text in ("login", "1250", "&lt;b&gt;几点到&lt;/b&gt;", "by phone", "1/60s", "1/1"):
        assert text in shown
    for row in (VerificationCode.objects.get(), Reply.objects.get()):
        assert reverse(f"admin:django_jsms_{row._meta.model_name}_change", args=[row.pk]) in shown
    assert "号码 138****8000" in page(admin_client, "zh-hans")


def test_a_number_that_nobody_knows_has_a_page_too(admin_client, known):
    shown = page(admin_client, mobile="13700137000")
    assert shown.count("None.") == 4 and "Lift the limits" not in shown
    assert admin_client.get(reverse("admin:django_jsms_number", args=["x" * 32])).status_code == 404
    assert admin_client.get(reverse("admin:django_jsms_number", args=[MOBILE])).status_code == 404


def test_what_is_no_number_is_said(admin_client, known):
    answer = admin_client.post(reverse(LOOKUP), {"mobile": "1380013"})
    assert answer.status_code == 200 and "errorlist" in answer.content.decode()
    assert admin_client.post(reverse(LOOKUP), {}).status_code == 200


@pytest.mark.core
def test_its_limits_are_lifted_with_a_reason(admin_client, admin_user, known):
    with pytest.raises(LimitExceeded):
        send_code(MOBILE, purpose="login")
    assert "Lift the limits" in page(admin_client)
    assert "This field is required" in admin_client.post(address(), {"reason": ""}).content.decode()
    answer = admin_client.post(address(), {"reason": "she called"}, follow=True)
    assert "lifted" in answer.content.decode()
    line = ActionLog.objects.get(action="reset_limits")
    assert (line.actor, line.target_id, line.reason) == (admin_user, "138****8000", "she called")
    assert send_code(MOBILE, purpose="login").status == "sent"


def test_one_sees_what_one_may(client, known, django_user_model):
    user = django_user_model.objects.create_user("clerk", is_staff=True)
    client.force_login(user)
    assert client.get(reverse(LOOKUP)).status_code == 403 and client.get(address()).status_code == 403
    user.user_permissions.set(Permission.objects.filter(codename="view_message"))
    shown = page(client)
    assert "1250" in shown and "几点到" not in shown and "by phone" not in shown and "Lift the limits" not in shown
    assert (
        client.post(address(), {"reason": "x"}).status_code == 403
        and not ActionLog.objects.filter(reason="x").exists()
    )


def test_only_the_newest_are_shown(admin_client, known):
    number = mobile_hash(MOBILE)
    for n in range(25):
        Reply.objects.create(mobile=MOBILE, mobile_hash=number, content=f"reply-{n:02d}", replied_at=now())
    shown = page(admin_client)
    assert "reply-24" in shown and "reply-04" not in shown and "The newest 20 are shown." in shown
