"""send_message and queue_message: through the public functions and the sandbox."""

import datetime as dt

import pytest
from django.db import transaction

from django_jsms.exceptions import AppPaused, InTransaction, InvalidInput, LimitExceeded, NotSent, Refused
from django_jsms.models import IdempotencyKey, Message, Template
from django_jsms.models.base import now
from django_jsms.services import adopt_template, hours, messages, queue_message, run_pending, send_message, tick
from tests.conftest import MOBILE

pytestmark = pytest.mark.django_db
OTHER = "13900139000"
SHIPPED = {"order-shipped": {"id": 1250, "type": "notice", "text": "订单{{no}}已发货"}}


@pytest.fixture
def shop(jsms_sandbox):
    """A sandbox that knows template 1250, as the settings do."""
    jsms_sandbox.template(1250, "订单{{no}}已发货", "notice")
    with jsms_sandbox.settings(TEMPLATES=SHIPPED):
        yield jsms_sandbox


def send(**more):
    return send_message(MOBILE, template="order-shipped", params={"no": "42"}, **more)


def queue(**more):
    return queue_message(MOBILE, template="order-shipped", params={"no": "42"}, **more)


@pytest.mark.core
def test_a_message_reaches_a_phone(shop, heard):
    message = send(reference="order-42", tag="shop")
    assert (message.status, message.template_id, message.message_class) == ("sent", 1250, "notice")
    assert "订单42已发货" in shop.outbox[-1].text and shop.outbox[-1].msg_id == message.msg_id
    assert Message.objects.get(reference="order-42") == message
    assert heard == [("message_sent", "sent")]


def test_what_is_returned_is_what_is_committed(shop):
    message = send()
    for name, value in Message.objects.values().get(pk=message.pk).items():
        assert getattr(message, name) == value, name


def test_an_id_that_is_not_known_here_is_sent_as_it_is(shop):
    assert send_message(MOBILE, template=1250, params={"no": "7"}).segments == 1
    assert "订单7已发货" in shop.outbox[-1].text


def test_a_logged_message_is_five_statements_at_most(shop, count_statements):
    with count_statements() as statements:
        send()
    assert len(statements) == 4, statements  # template, gate, row, outcome


# -- bad input ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"template": "unknown"}, "template", "invalid_template"),
        ({"template": "1250"}, "template", "invalid_template"),
        ({"template": 0}, "template", "invalid_template"),
        ({"params": None}, "params", "params_mismatch"),
        ({"params": {}}, "params", "params_mismatch"),
        ({"params": {"no": "42", "x": "1"}}, "params", "params_mismatch"),
        ({"params": {"number": "42"}}, "params", "params_mismatch"),
        ({"params": {"no": ""}}, "params", "params_empty"),
        ({"params": {"no": 42}}, "params", "invalid_param"),
        ({"params": {"no": None}}, "params", "invalid_param"),
        ({"params": {"no": ["42"]}}, "params", "invalid_param"),
        ({"params": {"no": float("nan")}}, "params", "invalid_param"),
        ({"params": {"no": "4\0"}}, "params", "invalid_param"),
        ({"params": {"no": "【假】"}}, "params", "invalid_param"),
        ({"params": {"no": "4\r\n2"}}, "params", "invalid_param"),
        ({"params": {"no": "4\u200b2"}}, "params", "invalid_param"),
        ({"params": {"no": "长" * 500}}, "params", "content_too_long"),
        ({"params": [("no", "42")]}, "params", "invalid_param"),
        ({"params": {1: "42"}}, "params", "invalid_param"),
        ({"params": {"no\0": "42"}}, "params", "invalid_param"),
        ({"params": {"no": "\ud800"}}, "params", "invalid_param"),
        ({"signature": 0}, "signature", "invalid_signature"),
        ({"signature": True}, "signature", "invalid_signature"),
        ({"signature": 2**31}, "signature", "invalid_signature"),
        ({"tag": "x" * 11}, "tag", "invalid_tag"),
        ({"tag": None}, "tag", "invalid_tag"),
        ({"reference": "x" * 65}, "reference", "invalid_reference"),
        ({"reference": "a\0"}, "reference", "invalid_reference"),
        ({"message_class": "critical"}, "message_class", "invalid_message_class"),
        ({"idempotency_key": ""}, "idempotency_key", "invalid_idempotency_key"),
        ({"idempotency_key": "x" * 256}, "idempotency_key", "invalid_idempotency_key"),
        ({"idempotency_key": "鍵"}, "idempotency_key", "invalid_idempotency_key"),
        ({"idempotency_key": "a\r\nb"}, "idempotency_key", "invalid_idempotency_key"),
    ],
)
@pytest.mark.parametrize("function", [send_message, queue_message])
def test_bad_input_names_its_field_and_writes_nothing(shop, function, changes, field, reason):
    given = {"template": "order-shipped", "params": {"no": "42"}, **changes}
    with pytest.raises(InvalidInput) as caught:
        function(MOBILE, **given)
    assert (caught.value.field, caught.value.reason) == (field, reason)
    assert not Message.objects.exists() and not shop.outbox


def test_parameters_alone_can_be_too_long(shop):
    """Of a template that is not mirrored, too: JSMS would refuse it."""
    for params in ({"no": "x" * 501}, {f"n{i}": "1" for i in range(501)}):
        with pytest.raises(InvalidInput) as caught:
            send_message(MOBILE, template=99, params=params)
        assert caught.value.reason == "content_too_long"
    assert shop.ledger == []


@pytest.mark.parametrize("value", ["{{7*7}}", "%s", "${jndi:x}", "<b>", "'; DROP"])
def test_a_value_is_sent_literally(shop, value):
    send_message(MOBILE, template="order-shipped", params={"no": value})
    assert f"订单{value}已发货" in shop.outbox[-1].text


# -- segments -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("characters", "expected"), [(1, 1), (55, 1), (56, 2), (119, 2), (120, 3)])
def test_segments_count_the_signature_too(shop, characters, expected):
    message = send_message(MOBILE, template="order-shipped", params={"no": "字" * characters})
    assert message.segments == expected


# -- the mirror -------------------------------------------------------------------------------------------------


def test_a_template_is_adopted_and_brought_up_to_date(shop):
    first = adopt_template(1250)
    again = adopt_template(1250)
    assert (first.pk, first.text, first.message_class) == (again.pk, "订单{{no}}已发货", "notice")
    assert Template.objects.count() == 1 and first.names == ("no",)


def test_a_template_that_is_not_there_is_refused(shop):
    with pytest.raises(Refused) as caught:
        adopt_template(999)
    assert caught.value.code == 50013 and not Template.objects.exists()


def test_a_mirrored_template_that_is_not_approved_is_refused_before_the_call(shop):
    Template.objects.create(remote_id=1250, text="x", type=2, status="rejected")
    with pytest.raises(InvalidInput) as caught:
        send()
    assert caught.value.reason == "template_unavailable" and not shop.ledger


def test_the_mirror_knows_better_than_the_settings(shop):
    Template.objects.create(remote_id=1250, text="订单{{number}}已发货", type=2, status="approved")
    with pytest.raises(InvalidInput) as caught:
        send()
    assert "number" in str(caught.value)


# -- idempotency --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", [send, queue])
def test_the_same_key_and_payload_is_the_same_row(shop, call):
    first, again = call(idempotency_key="order-42"), call(idempotency_key="order-42")
    assert first == again and Message.objects.count() == 1
    run_pending()
    assert len(shop.outbox) == 1


@pytest.mark.parametrize("call", [send, queue])
def test_the_same_key_with_another_payload_is_an_error(shop, call):
    call(idempotency_key="order-42")
    with pytest.raises(InvalidInput) as caught:
        call(idempotency_key="order-42", reference="another")
    assert (caught.value.field, caught.value.reason) == ("idempotency_key", "idempotency_conflict")


def test_a_rollback_forgets_the_key(shop):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        queue(idempotency_key="order-42")
        raise ZeroDivisionError
    assert not IdempotencyKey.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.databases
def test_many_with_one_key_are_one_message(shop, race):
    rows = race(12, lambda: send(idempotency_key="order-42").pk)
    assert len(set(rows)) == 1 and len(shop.outbox) == 1


# -- outcomes -------------------------------------------------------------------------------------------------


def test_a_maybe_sent_message_comes_back_as_unknown(shop, heard):
    shop.fault("close", when="after")
    message = send()
    assert (message.status, len(shop.outbox)) == ("unknown", 1)
    assert heard == [("message_unknown", "unknown")]
    assert run_pending() == 0


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        ({"fault": "status", "status": 403, "code": 50009}, Refused),
        ({"fault": "status", "status": 403, "code": 50024}, Refused),
        ({"fault": "status", "status": 401, "code": 50002}, Refused),
    ],
)
def test_a_refused_message_is_failed(shop, heard, fault, raised):
    shop.fault(**fault)
    with pytest.raises(raised) as caught:
        send()
    assert caught.value.row.status == Message.objects.get().status == "failed"
    assert ("message_failed", "failed") in heard


def test_a_paused_app_writes_no_row(shop):
    shop.fault("status", status=401, code=50002)
    with pytest.raises(Refused):
        send()
    with pytest.raises(AppPaused):
        send()
    assert Message.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_sending_inside_a_transaction_is_refused(shop):
    with transaction.atomic(), pytest.raises(InTransaction):
        send()
    assert not Message.objects.exists() and not shop.outbox


def test_unreachable_is_not_sent(shop):
    with shop.settings(APPS={"default": {"SANDBOX": "http://127.0.0.1:9"}}), pytest.raises(NotSent):
        send()
    assert Message.objects.get().status == "failed"


# -- the queue ------------------------------------------------------------------------------------------------


@pytest.mark.core
def test_a_queued_message_is_sent_by_a_worker(shop):
    with transaction.atomic():
        message = queue()
    assert message.status == "pending" and not shop.outbox
    assert run_pending() == 1
    message.refresh_from_db()
    assert message.status == "sent" and len(shop.outbox) == 1


def test_it_waits_for_its_time(shop):
    queue(not_before=now() + dt.timedelta(hours=1))
    assert run_pending() == 0
    shop.clock.advance(3601)
    assert run_pending() == 1 and len(shop.outbox) == 1


def test_it_expires(shop):
    message = queue(expires_in=dt.timedelta(minutes=5))
    shop.clock.advance(301)
    assert run_pending() == 0
    message.refresh_from_db()
    assert message.status == "expired" and not shop.outbox


@pytest.mark.parametrize("value", ["2026-01-01", 5, dt.datetime(2027, 1, 1)])
def test_its_time_must_be_aware(shop, settings, value):
    settings.USE_TZ = True
    with pytest.raises(InvalidInput) as caught:
        queue(not_before=value)
    assert caught.value.field == "not_before"


def test_too_often_waits_three_times_and_then_fails(shop):
    message = queue()
    for _ in range(4):
        shop.fault("status", status=403, code=50009)
        assert run_pending() == 1
        message.refresh_from_db()
        assert message.status == ("pending" if message.deferrals < 3 or _ < 3 else "failed")
        assert run_pending() == 0
        shop.clock.advance(901)
    assert (message.status, message.deferrals, message.error_code) == ("failed", 3, 50009)


def test_a_tick_is_taken_once(shop):
    queue()
    assert [tick(), tick()] == [1, 0]
    queue()
    shop.clock.advance(31)
    assert tick() == 1


# -- classes --------------------------------------------------------------------------------------------------

NIGHT, DAY = dt.datetime(2026, 6, 1, 14, 30, tzinfo=dt.UTC), dt.datetime(2026, 6, 1, 2, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("hour", "minute", "opens"), [(7, 59, "08:00"), (8, 0, None), (20, 59, None), (21, 0, "08:00"), (0, 0, "08:00")]
)
def test_marketing_has_its_hours_in_beijing(hour, minute, opens):
    at = dt.datetime(2026, 6, 1, hour, minute, tzinfo=hours.BEIJING).astimezone(dt.UTC)
    stored = hours.next_window(at)
    found = stored and hours.aware(stored)
    assert (found and f"{found.astimezone(hours.BEIJING):%H:%M}") == opens
    assert found is None or dt.timedelta() < found - at <= dt.timedelta(hours=11)


@pytest.fixture
def at(monkeypatch):
    def stand(time):
        for module in (messages, hours):
            monkeypatch.setattr(module, "next_window", lambda now, real=hours.next_window: real(time))

    return stand


def test_marketing_at_night_is_refused_or_waits(shop, at, settings):
    at(NIGHT)
    with pytest.raises(LimitExceeded) as caught:
        send(message_class="marketing")
    assert caught.value.limit == "marketing hours"
    message = queue(message_class="marketing")
    run_pending()
    message.refresh_from_db()
    assert message.status == "pending" and message.not_before is not None and not shop.outbox


def test_a_marketing_template_cannot_be_passed_off_as_a_notice(shop, at):
    at(DAY)
    Template.objects.create(remote_id=1250, text="订单{{no}}已发货", type=3, status="approved")
    assert send(message_class="notice").message_class == "marketing"


def test_a_codes_parameters_are_forgotten_once_its_fate_is_known(shop):
    code = {"template": 1, "params": {"code": "424242"}, "message_class": "code"}
    assert send_message(MOBILE, **code).params == {"code": "•"}
    shop.fault("close", when="after")
    assert send_message(OTHER, **code).params == {"code": "•"}
    queued = queue_message(OTHER, **code)
    assert Message.objects.get(pk=queued.pk).params == {"code": "424242"}
    run_pending()
    assert "424242" not in str(list(Message.objects.values_list("params", flat=True)))


def test_a_queued_codes_parameters_are_forgotten_when_it_expires(shop):
    message = queue_message(MOBILE, template=1, params={"code": "424242"}, message_class="code")
    shop.clock.advance(61)
    run_pending()
    message.refresh_from_db()
    assert (message.status, message.params) == ("expired", {})
