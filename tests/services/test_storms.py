"""Many callers at once: every limit exact, every honest caller through, and no deadlock."""

import itertools
import threading

import pytest
from django.db import OperationalError, connection, connections, transaction

from django_jsms import conf
from django_jsms.exceptions import InTransaction, LimitExceeded
from django_jsms.models import Counter, Pause, VerificationCode
from django_jsms.models.base import lost_a_race, now
from django_jsms.services import budget_of, send_code, verify_code
from django_jsms.services.limits import Reservation
from django_jsms.services.resets import forget
from django_jsms.services.uses import Meter, Uses
from django_jsms.services.windows import parse_rule

pytestmark = [pytest.mark.databases, pytest.mark.django_db(transaction=True)]
#: So many connections a server is sure to have.
CALLERS = 25


@pytest.fixture
def storm(race):
    """``storm(calls)`` makes the calls, as many at once as there are callers; returns results and errors."""
    deadlocks = []

    def watch(execute, *statement):
        try:
            return execute(*statement)
        except OperationalError as error:
            deadlocks.extend([error] if lost_a_race(error) else [])
            raise

    def run(calls, callers=CALLERS):
        waiting, lock, outcomes = iter(list(calls)), threading.Lock(), []

        def work():
            with connection.execute_wrapper(watch):
                while call := take():
                    try:
                        outcomes.append(call())
                    except Exception as error:
                        outcomes.append(error)

        def take():
            with lock:
                return next(waiting, None)

        race(callers, work)
        return outcomes

    before = known_to_the_server()
    yield run
    assert deadlocks == [] and known_to_the_server() == before


def known_to_the_server():
    """The deadlocks that PostgreSQL saw in this database; others count for all databases together."""
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return cursor.fetchone()[0]


def taking(*counters, write=lambda: "in", back=False):
    """A call that reserves ``key rule rule``."""
    split = [text.split() for text in counters]
    meters = {key: Meter(tuple(map(parse_rule, rules))) for key, *rules in split}

    def call():
        reservation = Reservation(meters)
        done = reservation.take(write)
        if back:
            reservation.give_back()
        return done

    return call


def refusals(outcomes):
    assert {type(each) for each in outcomes} <= {str, LimitExceeded}, outcomes
    return {each.limit for each in outcomes if each != "in"}


@pytest.mark.parametrize("rule", ["1/1h", "37/1h", "101/1h", "150/24h"])
def test_one_counter_lets_exactly_its_count_through(storm, rule):
    outcomes = storm([taking(f"app:x {rule}")] * 200)
    assert outcomes.count("in") == int(rule.split("/")[0])
    assert refusals(outcomes) == {f"app {rule}"}


def test_a_mixture_lets_as_many_through_as_fit(storm):
    """40 numbers five times each, in four prefixes that take eight, of one app that takes 30."""
    calls = [
        taking("app:x 30/1h", f"mobile:{number} 1/1h", f"purpose:{number}:login 9/1h", f"prefix:{number % 4} 8/1h")
        for number in range(40)
    ]
    outcomes = storm(calls * 5)
    assert outcomes.count("in") == 30
    refusals(outcomes)
    held = dict(Counter.objects.values_list("key", "hits"))
    for scope in ("mobile", "prefix", "app"):
        assert sum(len(hits.split(",")) for key, hits in held.items() if hits and key.startswith(scope)) == 30


def test_what_is_given_back_in_a_storm_is_there_for_others(storm):
    """Each takes the same counters in another order, and half of them give back."""
    names = [f"mobile:{number} 400/1h" for number in range(4)] + ["ip:x 90/1h", "app:x 1000/1h"]
    orders = itertools.cycle(itertools.permutations(names, 6))
    storm([taking(*next(orders), back=each % 2 == 0) for each in range(150)])
    outcomes = storm([taking("ip:x 90/1h")] * 20)
    assert outcomes.count("in") == 15


def test_counters_are_cleared_in_a_storm(storm):
    calls = [taking(f"mobile:{n} 9/1h", f"purpose:{n}:login 9/1h", f"check:{n} 9/1h") for n in range(3)]
    storm((calls + [lambda n=n: forget(str(n)) for n in range(3)]) * 30)


# -- through the whole of a send ----------------------------------------------------------------------------------

#: As in production, where each of these is nothing that a sandbox has.
REAL = {scope: list(rules) for scope, rules in conf.LIMITS.items() if scope not in ("app", "captcha")}


def numbers(count, prefix="1390013"):
    return [f"{prefix}{each:04d}" for each in range(count)]


def sending(mobile, ip):
    return lambda: send_code(mobile, purpose="login", ip=ip).status


def checking(mobile, ip):
    return lambda: verify_code("000000", mobile=mobile, purpose="login", ip=ip).reason


@pytest.mark.parametrize("more", [{}, {"app": ["5000/1h"]}])
def test_a_storm_of_honest_callers_all_get_through(jsms_sandbox, storm, more):
    """One prefix and three addresses have room for all of them."""
    calls = [sending(mobile, f"8.8.8.{each % 4}") for each, mobile in enumerate(numbers(60))]
    calls += [sending(mobile, "9.9.9.9") for mobile in numbers(4, prefix="1390014")]
    with jsms_sandbox.settings(LIMITS={**REAL, **more}, **budgeted(jsms_sandbox, 1000)):
        assert storm(calls, callers=64 if connection.vendor == "sqlite" else CALLERS) == ["sent"] * 64
        assert budget_of().used == VerificationCode.objects.filter(status="sent").count() == 64


def budgeted(sandbox, budget):
    return {"APPS": {"default": {"SANDBOX": sandbox.url, "BUDGET": budget}}}


def test_a_budget_is_exact_in_a_storm(jsms_sandbox, storm):
    with jsms_sandbox.settings(LIMITS=REAL, **budgeted(jsms_sandbox, 20)):
        outcomes = storm([sending(mobile, None) for mobile in numbers(50)])
        assert outcomes.count("sent") == budget_of().used == len(jsms_sandbox.ledger) == 20
    assert {each.limit for each in outcomes if each != "sent"} == {"budget 20/month"}


def test_what_an_app_shares_is_not_counted_for_what_is_refused(jsms_sandbox):
    """Neither inside a transaction, nor if another limit refuses, nor if the write fails."""
    with jsms_sandbox.settings(LIMITS={"app": ["5000/1h"]}, **budgeted(jsms_sandbox, 100)):
        with pytest.raises(InTransaction), transaction.atomic():
            send_code("13900139000", purpose="login")
        rules = {f"app 5000/1h:{name}": Meter((parse_rule("5000/1h"),)) for name in "xy"}
        with pytest.raises(ZeroDivisionError):
            Reservation(rules).take(lambda: 1 / 0)
        late = Reservation({**rules, "mobile:x": Meter((parse_rule("1/1h"),))})
        taking("mobile:x 1/1h")()
        with pytest.raises(LimitExceeded):
            late.take(lambda: None)
        assert budget_of().used == sum(Counter.objects.values_list("total", flat=True)) == 0


def test_a_slice_that_ends_meanwhile_is_decided_again(jsms_sandbox):
    for _ in range(100):
        taking("app:x 101/1h")()
    early = [Reservation({"app:x": Meter((parse_rule("101/1h"),))}) for _ in range(2)]
    jsms_sandbox.clock.advance(120)
    assert early[0].take(lambda: "in") == "in"
    with pytest.raises(LimitExceeded):
        early[1].take(lambda: "in")
    early[0].give_back()
    assert taking("app:x 101/1h")() == "in"


@pytest.mark.skipif(connection.vendor != "mysql", reason="its INSERT returns what it wrote")
def test_as_exact_where_an_insert_returns_nothing(jsms_sandbox, storm, monkeypatch):
    """As on MySQL: what was written is read by a second statement. Others may begin a slice between the two."""
    monkeypatch.setattr(type(connection.features), "can_return_rows_from_bulk_insert", False)
    outcomes = []
    for _ in range(4):
        outcomes += storm([taking("app:x 101/1h")] * 40)
        jsms_sandbox.clock.advance(61)
    assert outcomes.count("in") == 101 == Counter.objects.get(key="app:x").total


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite counts nothing apart")
def test_what_was_counted_apart_is_put_back_if_nobody_can_decide(jsms_sandbox, monkeypatch):
    for _ in range(101):
        taking("app:x 101/1h")()
    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(Uses, "settle", lambda uses: exec("raise SystemExit"))
        Reservation({"app:x": Meter((parse_rule("101/1h"),))}, {}).take(lambda: "in")
    assert Counter.objects.get(key="app:x").total == 101


@pytest.fixture
def lost(monkeypatch):
    """``lost(meanwhile)``: the next COMMIT fails, as it may at SERIALIZABLE and on Galera."""

    def lose(meanwhile=lambda: None):
        def commit():
            patch.undo()
            connection.rollback()
            meanwhile()
            raise OperationalError(1213, "deadlock")

        patch = pytest.MonkeyPatch()
        patch.setattr(connection, "commit", commit)

    return lose


def test_a_second_try_knows_nothing_of_the_first(jsms_sandbox, lost):
    """The first had begun a slice, and was lost; then another caller begins it."""
    rule = "app:x 101/1h"
    taking(rule)()
    jsms_sandbox.clock.advance(61)
    late = Reservation({"app:x": Meter((parse_rule("101/1h"),))})
    lost(meanwhile=lambda: in_a_thread(taking(rule)))
    assert late.take(lambda: "in") == "in" and Counter.objects.get(key="app:x").total == 3


def in_a_thread(call):
    """In a thread, on a connection of its own."""
    thread = threading.Thread(target=lambda: (call(), connections.close_all()))
    thread.start()
    thread.join(10)


def test_a_check_that_is_tried_again_counts_once_for_the_person_too(jsms_sandbox, lost):
    with jsms_sandbox.settings(LIMITS=REAL):
        send_code("13900139000", purpose="login")
        lost()
        result = verify_code("000000", mobile="13900139000", purpose="login", ip="8.8.8.8")
    assert result.attempts_left == VerificationCode.objects.get().attempts_left() == 4


def test_codes_are_sent_and_checked_at_once(jsms_sandbox, storm):
    with jsms_sandbox.settings(LIMITS=REAL):
        storm([sending(mobile, "8.8.8.8") for mobile in numbers(10)])
        checks = [
            lambda m=m: verify_code("000000", mobile=m, purpose="login", ip="8.8.8.8").reason for m in numbers(10)
        ]
        again = [sending(mobile, "8.8.4.4") for mobile in numbers(10, prefix="1390015")]
        outcomes = storm((checks + again) * 2)
    assert outcomes.count("wrong") == 20 and outcomes.count("sent") == 10


# -- what is not ours ---------------------------------------------------------------------------------------------


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")
def test_a_deadlock_with_a_foreign_transaction_is_tried_again():
    """It holds a row that ours wants to write, and wants the counter that ours holds."""
    Pause.objects.bulk_create([Pause(app=f"x{each}") for each in range(9)])
    taking("app:x 9/1h")()
    theirs, ours, tries = threading.Event(), threading.Event(), []

    def foreign():
        with transaction.atomic():
            patience("10s")
            Pause.objects.update(reason="theirs")  # many: MariaDB ends the lighter of two
            theirs.set()
            ours.wait(10)
            Counter.objects.filter(key="app:x").update(expires_at=now())
        connections.close_all()

    def write():
        patience("20ms")
        tries.append(ours.set())
        Pause.objects.filter(app="x0").update(reason="ours")
        return "in"

    thread = threading.Thread(target=foreign)
    thread.start()
    theirs.wait(10)
    assert taking("app:x 9/1h", write=write)() == "in"
    thread.join(10)
    assert len(tries) == 2 and Pause.objects.get(app="x0").reason == "ours"
    assert len(Counter.objects.get(key="app:x").times()) == 2


def patience(time):
    """How long PostgreSQL lets this transaction wait before it looks for a deadlock."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL deadlock_timeout = '{time}'")
