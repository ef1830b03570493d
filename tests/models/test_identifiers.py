"""Keys, tokens, ids and names are compared byte for byte, on every database."""

from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from django.core.checks import run_checks
from django.db import connection, models

from django_jsms import migrations
from django_jsms.models import Batch, IdempotencyKey, JobLease, Message, Pause, Report, VerificationCode
from django_jsms.models.base import now
from django_jsms.models.identifiers import Identifier, folding, identifiers, make_exact
from django_jsms.services import pause_app, queue_code, queue_message, verify_code
from django_jsms.services.idempotency import Claim
from tests.conftest import MOBILE

OURS = list(apps.get_app_config("django_jsms").get_models())
#: What a person reads, or what is one of a few words of our own.
TEXTS = {
    *("actor_name", "before", "after", "reason", "answer", "remark", "refusal", "error", "evidence", "value", "text"),
    *("message_class", "mobile", "Batch.name"),
}
#: Each is one text for a collation that folds case, accents, widths or trailing spaces.
ALIKE = [("pay-aB3xQ", "pay-Ab3xq"), ("order-1", "order-1 "), ("caf\u00e9", "cafe"), ("ss", "\u00df"), ("1", "\uff11")]


def test_every_column_of_text_is_an_identifier_or_one_of_the_texts():
    assert [
        f"{model.__name__}.{field.name}"
        for model in OURS
        for field in model._meta.local_concrete_fields
        if type(field) is models.CharField
        and not field.choices
        and not TEXTS & {field.name, f"{model.__name__}.{field.name}"}
    ] == []


@pytest.mark.core
@pytest.mark.django_db
def test_no_database_folds_an_identifier():
    assert folding(connection, OURS) == []


def queued(values):
    return queue_message(MOBILE, template="order-shipped", params={"no": "42"}, **values)


def keyed(key):
    return queued({"idempotency_key": key}).pk


def found_by(name):
    def door(value):
        queued({name: value})
        return Message.objects.get(**{name: value}).pk

    return door


def asked(key):
    assert Claim("user:1", key, "f" * 64).begin() is None
    return IdempotencyKey.objects.get(scope="user:1", key=key).pk


def scoped(scope):
    assert Claim(scope, "k", "f" * 64).begin() is None
    return IdempotencyKey.objects.get(scope=scope, key="k").pk


def leased(name):
    assert JobLease.objects.take(name, every=timedelta(hours=1))
    return JobLease.objects.get(name=name).pk


def reported(msg_id):
    Report.objects.create(msg_id=msg_id, mobile_hash="", status=4001, received_at=now())
    return Report.objects.get(msg_id=msg_id).pk


def listed(digest):
    Batch.objects.create(template_id=1, source_digest=digest)
    return Batch.objects.get(source_digest=digest).pk


VISIBLE = ALIKE[:1]
DOORS = [
    *((keyed, pair) for pair in VISIBLE),
    *((asked, pair) for pair in VISIBLE),
    *((door, pair) for door in (found_by("reference"), scoped, leased, reported, listed) for pair in ALIKE),
    *((found_by("tag"), pair) for pair in ALIKE),
]


@pytest.mark.core
@pytest.mark.django_db
@pytest.mark.parametrize(("door", "pair"), DOORS)
def test_what_looks_alike_is_not_the_same(shop, door, pair):
    first, second = map(door, pair)
    assert first != second


@pytest.mark.core
@pytest.mark.django_db
def test_a_token_is_found_as_it_was_given(jsms_sandbox):
    code = queue_code(MOBILE, purpose="login")
    VerificationCode.objects.update(token="aBcD")
    assert code and verify_code("123456", token="AbCd", purpose="login").reason == "not_found"


@pytest.mark.core
@pytest.mark.django_db
def test_an_app_is_not_paused_by_another_ones_name(jsms_sandbox, settings):
    settings.JSMS = {"APPS": dict.fromkeys(("default", "Shop", "shop"), settings.JSMS["APPS"]["default"])}
    pause_app(app="Shop")
    assert Pause.objects.standing("Shop", 0) and not Pause.objects.standing("shop", 0)


# -- databases that folded -----------------------------------------------------------------------------------


def fold(*, exactly=False):
    """As the tables were before, or back."""
    for model in filter(identifiers, OURS):
        statement = make_exact(connection, model)
        if not exactly:
            statement = statement.replace("utf8mb4_nopad_bin", "utf8mb4_general_ci")
        with connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.fixture
def folded(transactional_db):
    if connection.vendor != "mysql":
        pytest.skip("only MySQL and MariaDB fold")
    fold()
    yield
    fold(exactly=True)


def migrate():
    """The step of the migration, whatever number it has and whatever came after it."""
    migration = import_module(
        f"django_jsms.migrations.{next(Path(migrations.__path__[0]).glob('*_identifiers.py')).stem}"
    )
    with connection.schema_editor(atomic=False) as editor:
        migration.compare_exactly(apps, editor)


@pytest.mark.core
def test_the_migration_takes_tables_with_rows(folded, shop):
    kept = queued({"idempotency_key": "pay-aB3xQ", "reference": "order-1"})
    assert queued({"idempotency_key": "pay-Ab3xq", "reference": "order-1"}) == kept
    migrate()
    migrate()  # what was broken off is done again
    assert queued({"idempotency_key": "pay-aB3xQ", "reference": "order-1"}) == kept
    assert queued({"idempotency_key": "pay-Ab3xq", "reference": "order-1"}) != kept


@pytest.mark.core
def test_the_check_names_the_table_and_the_cure(folded):
    said = [m for m in run_checks(databases=["default"]) if m.id == "jsms.W086"]
    assert len(said) == len(list(filter(identifiers, OURS)))
    assert all(m.hint.startswith("ALTER TABLE `django_jsms_") for m in said)
    for message in said:
        with connection.cursor() as cursor:
            cursor.execute(message.hint)
    assert folding(connection, OURS) == []


def test_the_columns_keep_what_they_were():
    """MODIFY says all of a column anew; what it does not say is lost."""
    for field in (field for model in OURS for field in identifiers(model)):
        assert isinstance(field, Identifier) and not field.has_db_default()
