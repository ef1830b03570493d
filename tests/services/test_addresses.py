"""client_ip: every way proxies write an address, and never a limit that is silently not there."""

import logging

import pytest
from django.core.checks import run_checks
from django.test import RequestFactory

from django_jsms.conf import NotConfigured
from django_jsms.services import addresses, client_ip, send_code
from tests.conftest import MOBILE

PUBLIC, PRIVATE = "8.8.8.8", "10.0.0.7"
V6 = "2400:3200::1"


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch):
    monkeypatch.setattr(addresses, "_warned", set())


def found(settings, jsms, headers, remote=PRIVATE):
    settings.JSMS = jsms
    return client_ip(RequestFactory().get("/", headers=headers, REMOTE_ADDR=remote))


WAYS = [
    (PUBLIC, PUBLIC),
    (f"  {PUBLIC} ", PUBLIC),
    (f"{PUBLIC}:5678", PUBLIC),
    (f'"{PUBLIC}"', PUBLIC),
    (f'"{PUBLIC}:5678"', PUBLIC),
    (V6, V6),
    (f"[{V6}]", V6),
    (f"[{V6}]:443", V6),
    (f'"[{V6}]:443"', V6),
    (f"[{V6}%25eth0]:443", V6),
    (f"{V6}%eth0", V6),
    ("2400:3200:0:0:0:0:0:1", V6),
    (f"::ffff:{PUBLIC}", PUBLIC),
    (f"[::ffff:{PUBLIC}]:443", PUBLIC),
]


@pytest.mark.parametrize(("written", "address"), WAYS)
def test_an_address_is_one_however_a_proxy_writes_it(settings, caplog, written, address):
    assert found(settings, {"CLIENT_IP_HEADER": "X-Real-IP"}, {"X-Real-IP": written}) == address
    chain = {"X-Forwarded-For": f"6.6.6.6, {written}"}
    assert found(settings, {"TRUSTED_PROXY_COUNT": 1}, chain) == address
    assert found(settings, {}, {}, remote=written) == address
    assert caplog.records == []


@pytest.mark.parametrize(
    ("chain", "proxies", "address"),
    [
        (f"6.6.6.6,{PUBLIC}", 1, PUBLIC),  # as servers join two headers
        (f"6.6.6.6, ,{PUBLIC}, ", 1, PUBLIC),
        (f",,{PUBLIC},,10.1.1.1,", 2, PUBLIC),
        (f"junk, {PUBLIC}:1, [2400::2]:2", 2, PUBLIC),
    ],
)
def test_empty_elements_of_a_chain_count_for_nothing(settings, chain, proxies, address):
    assert found(settings, {"TRUSTED_PROXY_COUNT": proxies}, {"X-Forwarded-For": chain}) == address


@pytest.mark.parametrize(
    ("jsms", "headers", "said"),
    [
        ({"CLIENT_IP_HEADER": "X-Real-IP"}, {}, ["X-Real-IP", "nothing"]),
        (
            {"CLIENT_IP_HEADER": "X-Real-IP"},
            {"X-Real-IP": "li-lei, 13800138000"},
            ["no address but 'aa-aaa, 99999999999'"],
        ),
        ({"CLIENT_IP_HEADER": "X-Real-IP"}, {"X-Real-IP": PRIVATE}, ["X-Real-IP", "a private address"]),
        ({"TRUSTED_PROXY_COUNT": 1}, {}, ["X-Forwarded-For", "nothing"]),
        ({"TRUSTED_PROXY_COUNT": 2}, {"X-Forwarded-For": PUBLIC}, ["X-Forwarded-For", "nothing"]),
        ({"TRUSTED_PROXY_COUNT": 1}, {"X-Forwarded-For": "unix:李雷" * 50}, ["X-Forwarded-For", "aaaa:"]),
    ],
)
def test_a_header_that_cannot_be_read_is_said_once_and_not_shown(settings, caplog, jsms, headers, said):
    with caplog.at_level(logging.WARNING, logger="django_jsms"):
        for _ in range(3):
            assert found(settings, jsms, headers) is None
    (record,) = caplog.records
    text = record.getMessage()
    assert all(each in text for each in [*said, "jsms.W085", "TRUSTED_PROXY_COUNT"]), text
    assert "13800138000" not in text and "lei" not in text and "李" not in text and len(text) < 400


def test_a_server_behind_a_socket_of_the_machine_is_said(settings, caplog):
    assert found(settings, {}, {}, remote="") is None
    assert "REMOTE_ADDR" in caplog.text


@pytest.mark.parametrize(
    "jsms",
    [
        *({"TRUSTED_PROXY_COUNT": value} for value in ("1", -1, 1.0, True, [1])),
        *({"CLIENT_IP_HEADER": value} for value in (5, ["X-Real-IP"])),
    ],
)
def test_a_setting_of_the_wrong_type_is_said_as_such(settings, jsms):
    with pytest.raises(NotConfigured, match=next(iter(jsms))):
        found(settings, jsms, {})


# -- what the database shows -----------------------------------------------------------------------------------


def says(identity):
    return identity in [message.id for message in run_checks(databases=["default"])]


@pytest.mark.django_db
def test_codes_that_never_have_an_address_are_said_by_check_database(jsms_sandbox, settings):
    numbers = [f"1390013{each:04d}" for each in range(25)]
    for number in numbers[:19]:
        send_code(number, purpose="login")
    assert not says("jsms.W085")
    for number in numbers[19:21]:
        send_code(number, purpose="login", ip=PRIVATE)
    assert says("jsms.W085") and "jsms.W085" not in [message.id for message in run_checks()]
    settings.DEBUG = True
    assert not says("jsms.W085")
    settings.DEBUG = False
    send_code(MOBILE, purpose="login", ip=PUBLIC)
    assert not says("jsms.W085")
