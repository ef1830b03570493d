"""An app's default limits: no send counts them, and a look from time to time tells that they are near."""

import pytest

from django_jsms import conf
from django_jsms.exceptions import NotSent
from django_jsms.models import Counter
from django_jsms.services import send_code
from django_jsms.services.near import watch_limits
from tests.conftest import MOBILE

pytestmark = pytest.mark.django_db


@pytest.fixture
def default(monkeypatch):
    return lambda *rules: monkeypatch.setattr(conf, "SANDBOX_LIMITS", {**conf.SANDBOX_LIMITS, "app": rules})


def test_it_tells_once_and_does_not_stop(jsms_sandbox, default, heard):
    default("5/1h")
    for each in range(8):
        send_code(f"1390013000{each}", purpose="login")
        assert watch_limits() == (each == 3)
    assert [name for name, _ in heard].count("limit_near") == 1 and len(jsms_sandbox.ledger) == 8
    jsms_sandbox.clock.advance(3600)
    assert watch_limits() == 0


def test_a_send_counts_nothing(jsms_sandbox, default, count_statements):
    def statements(mobile):
        with count_statements() as found:
            send_code(mobile, purpose="login", ip="8.8.8.8")
        return found

    without = statements(MOBILE)
    default("1/1h", "5000/24h")
    assert len(statements("13900139000")) == len(without)
    assert not Counter.objects.filter(key__startswith="app").exists()


def test_what_was_not_sent_does_not_bring_a_limit_nearer(jsms_sandbox, default, settings):
    default("1/1h")
    with jsms_sandbox.settings(APPS={"default": {"SANDBOX": "http://127.0.0.1:9"}}), pytest.raises(NotSent):
        send_code(MOBILE, purpose="login")
    assert watch_limits() == 0
    settings.DEBUG, settings.JSMS = False, {}  # an app without keys sends nothing, and stops no job
    assert watch_limits() == 0
