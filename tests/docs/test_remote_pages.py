"""The snippets about what JSMS holds for us: balances, templates, signatures."""

import pytest

from django_jsms.checks import check_settings
from django_jsms.services import get_balance
from django_jsms.signals import balance_low
from tests.docs.snippets import named

BALANCES = named("docs/balances.md")
TEMPLATES = named("docs/templates.md")
SIGNATURES = named("docs/signatures.md")


@pytest.mark.django_db
def test_asking_for_the_balance(jsms_sandbox, capsys):
    jsms_sandbox._server.balance(of="app", balance=None, voice=None, industry=None, market=None)
    jsms_sandbox._server.balance(of="account", balance=7, industry=42)
    BALANCES["ask"].run()
    assert capsys.readouterr().out == "42 7\n"


@pytest.mark.django_db
def test_a_low_pool_is_told(jsms_sandbox, capsys):
    thresholds = BALANCES["low"].run()["JSMS"]
    listener = BALANCES["listen"].run()["tell_the_team"]
    jsms_sandbox._server.balance(of="app", balance=None, voice=None, industry=4999, market=None)
    try:
        with jsms_sandbox.settings(**{name: thresholds[name] for name in ("BALANCE_LOW", "BALANCE_EMAILS")}):
            assert check_settings() == []
            get_balance()
    finally:
        balance_low.disconnect(listener)
    assert capsys.readouterr().out == "default app industry 4999 None\n"


@pytest.mark.django_db
def test_what_a_month_cost(capsys):
    BALANCES["spend"].run()
    assert capsys.readouterr().out == ""


@pytest.mark.django_db
def test_a_template_is_created(jsms_sandbox, capsys):
    TEMPLATES["create"].run()
    assert capsys.readouterr().out == "auditing 1\n"


@pytest.mark.django_db
def test_a_signature_is_applied_for(jsms_sandbox, capsys, tmp_path):
    picture = tmp_path / "card.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    person = {"name": "某某", "id": "1" * 18, "company": "9" * 18}
    SIGNATURES["create"].run()["apply_for"]("某某商城", picture, picture, person)
    assert capsys.readouterr().out.endswith(" True\n") and jsms_sandbox.ledger[-1].status == 200
