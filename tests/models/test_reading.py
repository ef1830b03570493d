"""A row read by hand is the row that the ORM reads."""

import uuid

import pytest
from django.db import router

from django_jsms.models import VerificationCode
from django_jsms.models.base import now
from django_jsms.models.limits import Counter, Held
from django_jsms.models.reading import first

pytestmark = [pytest.mark.django_db, pytest.mark.core]


def test_every_column_is_what_the_orm_makes_of_it(jsms_sandbox):
    using = router.db_for_write(VerificationCode)
    times = ("lease_until", "not_before", "expires_at", "sent_at", "verified_at", "proof_used_at", "reported_at")
    values = {**dict.fromkeys(times, now()), "attempt": uuid.uuid4(), "is_test": True, "ip": "2400::1"}
    VerificationCode.objects.create(mobile="13800138000", mobile_hash="h", purpose="login", **values)
    VerificationCode.objects.create(mobile_hash="h", purpose="reset")
    names = [field.attname for field in VerificationCode._meta.concrete_fields]
    for expected in VerificationCode.objects.all():
        found, _ = first(using, VerificationCode, "WHERE id = %s", [expected.pk])
        assert found == expected and found._state.db == using and not found._state.adding
        assert [getattr(found, name) for name in names] == [getattr(expected, name) for name in names]
    assert first(using, VerificationCode, "WHERE id = %s", [0]) == (None, {})


@pytest.mark.parametrize("columns", [{"status": "sent"}, {"status": "sent", "token": "no-such"}])
def test_counters_are_read_beside_it(jsms_sandbox, columns):
    """Each that exists, and none twice; none if there is no row."""
    using = router.db_for_write(VerificationCode)
    code = VerificationCode.objects.create(mobile_hash="h", purpose="login", status="sent")
    for key, total in ("check:h", 3), ("check_ip:1.2.3.4", 5), ("check:H", 7):
        Counter.objects.create(key=key, total=total, expires_at=now())
    where = " AND ".join(f"{name} = %s" for name in columns)
    found, held = first(
        using, VerificationCode, f"WHERE {where} LIMIT 1", [*columns.values()], ["check:h", "check_ip:1.2.3.4", "no"]
    )
    known = {"check:h": Held(total=3), "check_ip:1.2.3.4": Held(total=5)}
    assert (found, held) == ((code, known) if "token" not in columns else (None, {}))
