"""What a number has used, and letting it try again: by service, command and admin."""

import io
import json

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.urls import reverse

from django_jsms.exceptions import InvalidInput, LimitExceeded
from django_jsms.models import ActionLog, Counter
from django_jsms.models.base import now
from django_jsms.services import limits, limits_of, reset_limits, send_code, verify_code
from django_jsms.services.purge import purge_counters
from tests.admin.test_confirmed import token_of
from tests.conftest import MOBILE

pytestmark = pytest.mark.django_db
OWN = {"mobile": ["1/1h", "150/24h"], "purpose": ["2/24h"], "check": ["30/24h"]}
LIMITS = {**OWN, "prefix": ["60/1h"], "ip": ["9/1h"]}


@pytest.fixture
def used(jsms_sandbox):
    with jsms_sandbox.settings(LIMITS=LIMITS):
        send_code(MOBILE, purpose="login", ip="8.8.8.8")
        verify_code("000000", mobile=MOBILE, purpose="login")
        yield jsms_sandbox


@pytest.mark.core
def test_a_number_is_shown_and_let_in_again(used, admin_user):
    shown = {(each.scope, each.rule): (each.used, each.allowed) for each in limits_of(MOBILE)}
    assert shown == {(scope, rule): (1, int(rule.split("/")[0])) for scope, rules in OWN.items() for rule in rules}
    assert [each.purpose for each in limits_of(MOBILE) if each.scope == "purpose"] == ["login"]
    with pytest.raises(LimitExceeded):
        send_code(MOBILE, purpose="login")
    assert reset_limits("138 0013 8000", reason="support call", actor=admin_user) == 4
    send_code(MOBILE, purpose="login")
    log = ActionLog.objects.get()
    assert (log.action, log.target_id, log.reason, log.actor) == (
        "reset_limits",
        "138****8000",
        "support call",
        admin_user,
    )
    assert (
        Counter.objects.filter(key__startswith="prefix").exists()
        and Counter.objects.filter(key__startswith="ip").exists()
    )


def test_it_wants_a_reason_and_a_number(used):
    for mobile, reason, field in ((MOBILE, " ", "reason"), (MOBILE, None, "reason"), ("1", "x", "mobile")):
        with pytest.raises(InvalidInput) as caught:
            reset_limits(mobile, reason=reason)
        assert caught.value.field == field
    assert not ActionLog.objects.exists()


@pytest.mark.core
def test_without_its_line_in_the_log_nothing_is_cleared(used, monkeypatch):
    def full(**values):
        raise DatabaseError

    monkeypatch.setattr(ActionLog.objects.primary().__class__, "create", lambda self, **values: full())
    with pytest.raises(DatabaseError):
        reset_limits(MOBILE, reason="support call")
    assert len(limits_of(MOBILE)) == 4 and any(each.used for each in limits_of(MOBILE))


@pytest.mark.core
def test_counters_are_deleted_once_they_count_nothing(used):
    assert purge_counters() == 0
    used.clock.advance(86400)
    assert purge_counters() == 0
    used.clock.advance(2 * 3600)
    assert purge_counters() == 3  # of an hour: number, address, prefix
    used.clock.advance(86400)
    count = Counter.objects.count()
    assert count == 3 and purge_counters() == count and not Counter.objects.exists()


def test_one_that_is_used_again_meanwhile_is_kept(used, monkeypatch):
    used.clock.advance(3 * 86400)
    delete = limits.delete

    def late(keys, **given):
        Counter.objects.filter(key=keys[0]).update(expires_at=now())
        return delete(keys, **given)

    monkeypatch.setattr(limits, "delete", late)
    count = Counter.objects.count()
    assert purge_counters() == count - 1 and Counter.objects.count() == 1


@pytest.mark.parametrize("resets", [1, 2, 31])
def test_a_reset_makes_no_limit_stricter(jsms_sandbox, resets):
    """A slice that lay in the future would be counted an hour from there."""
    with jsms_sandbox.settings(LIMITS={"mobile": [], "check": ["101/1h"], "check_ip": []}):
        for _ in range(resets):
            check()
            reset_limits(MOBILE, reason="test")
        for _ in range(101):
            check()
        assert check().reason == "throttled"
        jsms_sandbox.clock.advance(3600 + 60)
        assert check().reason == "wrong"


def check():
    send_code(MOBILE, purpose="login")
    return verify_code("000000", mobile=MOBILE, purpose="login")


def run(*arguments):
    out = io.StringIO()
    call_command("jsms_limits", *arguments, stdout=out)
    return out.getvalue()


def test_the_command(used):
    assert "1/1h" in run("show", MOBILE) and MOBILE not in run("show", MOBILE)
    assert json.loads(run("show", MOBILE, "--json"))[0]["allowed"] == 1
    assert "Counters cleared: 4" in run("reset", MOBILE, "--reason", "test")
    assert json.loads(run("reset", MOBILE, "--reason", "test", "--json")) == {"cleared": 0}
    with pytest.raises(CommandError) as caught:
        run("reset", "1", "--reason", "test")
    assert caught.value.returncode == 2


def lift(client, code, **given):
    address = reverse("admin:django_jsms_verificationcode_changelist")
    data = {"action": "reset_limits", "_selected_action": [code.pk]}
    asked = client.post(address, data, follow=True)
    if asked.status_code != 200 or b"_confirmed" not in asked.content:
        return asked.content.decode()
    return client.post(address, {**data, "_confirmed": token_of(asked), **given}, follow=True).content.decode()


def test_the_action_needs_a_permission_and_a_reason(used, admin_client, client):
    from django_jsms.models import VerificationCode

    code = VerificationCode.objects.get()
    staff = get_user_model().objects.create_user("staff", password="x", is_staff=True)
    client.force_login(staff)
    lift(client, code, reason="me")
    lift(admin_client, code)
    assert any(each.used for each in limits_of(MOBILE))
    assert "1 done" in lift(admin_client, code, reason="support call")
    assert not any(each.used for each in limits_of(MOBILE))
    log = ActionLog.objects.get()
    assert "mobile 1/1h" in log.before and log.reason == "support call" and MOBILE not in str(vars(log))
