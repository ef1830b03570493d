"""A caller who tries again has the first answer, whatever became known meanwhile; and texts to search by are texts."""

import datetime as dt

import pytest
from django.utils import timezone

from django_jsms.exceptions import InvalidInput
from django_jsms.models import Message, Schedule, Signature, Template
from django_jsms.services import (
    adopt_template,
    create_batch,
    queue_message,
    read_list,
    run_pending,
    schedule_message,
    send_message,
    update_schedule,
)
from tests.conftest import MOBILE

pytestmark = pytest.mark.django_db
AT = timezone.now() + dt.timedelta(hours=3)


def send(**more):
    return send_message(MOBILE, **{"template": "order-shipped", "params": {"no": "1"}, **more})


def queue(**more):
    return queue_message(MOBILE, **{"template": "order-shipped", "params": {"no": "1"}, **more})


def schedule(**more):
    return schedule_message(MOBILE, **{"template": "order-shipped", "params": {"no": "1"}, "send_at": AT, **more})


DOORS = [send, queue, schedule]


def mirrored(shop):
    adopt_template(1250)


def mirrored_as_marketing(shop):
    Template.objects.create(text="优惠{{no}}", type=3, remote_id=1250, status="approved", app="default")


def withdrawn(shop):
    Template.objects.create(text="订单{{no}}已发货", type=2, remote_id=1250, status="rejected", app="default")


def changed(shop):
    Template.objects.create(text="{{other}}" * 20, type=2, remote_id=1250, status="approved", app="default")


def signed(shop):
    mirrored(shop)
    Signature.objects.create(text="一个很长的签名", remote_id=1, status="approved", app="default", is_default=True)


LEARNED = [mirrored, mirrored_as_marketing, withdrawn, changed, signed]


@pytest.mark.parametrize("learn", LEARNED, ids=lambda each: each.__name__)
@pytest.mark.parametrize("door", DOORS, ids=lambda each: each.__name__)
@pytest.mark.core
def test_what_is_learned_between_two_tries_makes_no_other_request(shop, door, learn):
    first = door(idempotency_key="order-42")
    learn(shop)
    assert door(idempotency_key="order-42") == first
    with pytest.raises(InvalidInput) as caught:
        door(idempotency_key="order-42", reference="another")
    assert caught.value.reason == "idempotency_conflict"
    run_pending()
    assert Message.objects.count() == 1 and Schedule.objects.count() == (door is schedule)


@pytest.mark.parametrize("door", DOORS, ids=lambda each: each.__name__)
def test_one_moment_and_one_number_may_be_written_in_two_ways(shop, door):
    more = {"send_at": AT.astimezone(dt.timezone(dt.timedelta(hours=8)))} if door is schedule else {}
    assert door(idempotency_key="k") == door(idempotency_key="k", **more)


def test_the_settings_may_change_too(shop):
    first = send(idempotency_key="k", template=1250)
    with shop.settings(TEMPLATES={"other": {"id": 1250, "type": "marketing", "text": "{{x}}"}}):
        assert send(idempotency_key="k", template=1250) == first


# -- texts beside the message -----------------------------------------------------------------------------------------

NO_TEXTS = ["\0", "a\0", "\ud83d", "好\udc00", 12, None, [], {}, b"x", "x" * 5000]
EVERY = [
    (door, name) for door in DOORS for name in ("tag", "reference", "message_class", "idempotency_key", "template")
]


@pytest.mark.parametrize(("door", "name"), EVERY, ids=lambda each: getattr(each, "__name__", each))
@pytest.mark.parametrize("text", NO_TEXTS, ids=lambda text: repr(text)[:12])
@pytest.mark.core
def test_what_no_column_holds_is_refused_by_name(shop, door, name, text):
    if (text is None and name in ("message_class", "idempotency_key")) or (text == 12 and name == "template"):
        return  # nothing is given, or a number of JSMS
    with pytest.raises(InvalidInput) as caught:
        door(**{name: text})
    assert caught.value.field == name and not Message.objects.exists()


@pytest.mark.parametrize("text", NO_TEXTS, ids=lambda text: repr(text)[:12])
def test_nor_does_a_batch_take_it(shop, text):
    for name in ("tag", "name", "source", "message_class"):
        if text is None and name == "message_class":
            continue
        with pytest.raises(InvalidInput) as caught:
            create_batch(template="order-shipped", recipients=[], **{name: text})
        assert caught.value.field == name
    if text == 12:
        return
    for call in (lambda: create_batch(template=text, recipients=[]), lambda: read_list("1", template=text)):
        with pytest.raises(InvalidInput):
            call()


@pytest.mark.parametrize("recipients", [12, True, object(), b"13800138000"])
def test_nor_a_schedule_what_is_no_list(shop, recipients):
    made = schedule()
    with pytest.raises(InvalidInput):
        update_schedule(made, recipients=recipients)
