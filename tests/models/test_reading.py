"""A row read by hand is the row that the ORM reads."""

import uuid

import pytest
from django.db import router

from django_jsms.models import VerificationCode
from django_jsms.models.base import now
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
        found = first(using, VerificationCode, "WHERE id = %s", [expected.pk])
        assert found == expected and found._state.db == using and not found._state.adding
        assert [getattr(found, name) for name in names] == [getattr(expected, name) for name in names]
    assert first(using, VerificationCode, "WHERE id = %s", [0]) is None
