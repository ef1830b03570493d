"""The snippets about what JSMS holds for us: balances, templates, signatures."""

import pytest

from tests.docs.snippets import named

BALANCES = named("docs/balances.md")


@pytest.mark.django_db
def test_asking_for_the_balance(jsms_sandbox, capsys):
    jsms_sandbox._server.balance(of="app", balance=None, voice=None, industry=None, market=None)
    jsms_sandbox._server.balance(of="account", balance=7, industry=42)
    BALANCES["ask"].run()
    assert capsys.readouterr().out == "42 7\n"
