"""The admin over HTTP: read-only, masked, and nothing happens on GET."""

import pytest
from django.contrib.admin import site
from django.urls import reverse

from django_jsms.models import VerificationCode
from django_jsms.services import adopt_template, queue_message, send_code, send_message, tick
from tests.conftest import MOBILE

pytestmark = pytest.mark.django_db
CODES = "admin:django_jsms_verificationcode"


@pytest.fixture
def code(jsms_sandbox):
    return send_code(MOBILE, purpose="login")


def test_the_list_is_masked_and_readable(admin_client, code):
    page = admin_client.get(reverse(f"{CODES}_changelist")).content.decode()
    assert "138****8000" in page and "login" in page and MOBILE not in page


def test_one_row_shows_why_and_never_the_number(admin_client, code):
    page = admin_client.get(reverse(f"{CODES}_change", args=[code.pk])).content.decode()
    assert "138****8000" in page and code.msg_id in page and MOBILE not in page


@pytest.mark.parametrize(("language", "words"), [("en", "Verification codes"), ("zh-hans", "验证码")])
def test_it_speaks_both_languages(admin_client, code, language, words):
    page = admin_client.get(reverse(f"{CODES}_changelist"), headers={"Accept-Language": language}).content.decode()
    assert words.lower() in page.lower()


@pytest.mark.parametrize("page", ["add", "change", "delete"])
def test_nothing_can_be_added_changed_or_deleted(admin_client, code, page):
    arguments = [] if page == "add" else [code.pk]
    answer = admin_client.post(reverse(f"{CODES}_{page}", args=arguments), {"status": "verified"})
    code.refresh_from_db()
    assert answer.status_code == 403 and code.status == "sent"


def test_a_search_finds_by_msg_id_and_the_box_says_so(admin_client, code):
    address = reverse(f"{CODES}_changelist")
    assert "138****8000" in admin_client.get(address, {"q": code.msg_id}).content.decode()
    nothing = admin_client.get(address, {"q": "nothing"}).content.decode()
    assert "138****8000" not in nothing and "Search by msg_id" in nothing


def test_rows_explain_their_code(admin_client, jsms_sandbox):
    VerificationCode.objects.create(
        mobile=MOBILE, purpose="login", status="failed", error_code=50009, reason="too_frequent"
    )
    page = admin_client.get(reverse(f"{CODES}_changelist")).content.decode()
    assert "frequen" in page or "often" in page


def test_messages_are_masked_and_found_by_reference(admin_client, jsms_sandbox):
    jsms_sandbox.template(1250, "订单{{no}}已发货", "notice")
    message = send_message(MOBILE, template=1250, params={"no": "42"}, reference="order-42")
    address = reverse("admin:django_jsms_message_changelist")
    page = admin_client.get(address, {"q": "order-42"}).content.decode()
    assert "138****8000" in page and MOBILE not in page
    one = admin_client.get(reverse("admin:django_jsms_message_change", args=[message.pk])).content.decode()
    assert message.msg_id in one and MOBILE not in one


def test_templates_are_listed(admin_client, jsms_sandbox):
    jsms_sandbox.template(1250, "订单{{no}}已发货", "notice")
    adopt_template(1250)
    page = admin_client.get(reverse("admin:django_jsms_template_changelist")).content.decode()
    assert "订单{{no}}已发货" in page and "approved" in page


def test_it_says_that_nobody_sends(admin_client, jsms_sandbox):
    jsms_sandbox.template(1250, "订单已发货", "notice")
    address = reverse("admin:django_jsms_message_changelist")
    with jsms_sandbox.settings(DISPATCH="django_jsms.dispatch.none"):
        queue_message(MOBILE, template=1250)
        assert "no worker has looked" not in admin_client.get(address).content.decode()
        jsms_sandbox.clock.advance(301)
        assert "no worker has looked" in admin_client.get(address).content.decode()
        assert "没有 worker" in admin_client.get(address, headers={"Accept-Language": "zh-hans"}).content.decode()
        tick()
        assert "no worker has looked" not in admin_client.get(address).content.decode()


def test_no_list_is_in_a_transaction_where_requests_are():
    ours = [each for model, each in site._registry.items() if model._meta.app_label == "django_jsms"]
    assert len(ours) > 10
    for each in ours:
        assert "default" in each.changelist_view._non_atomic_requests, each
