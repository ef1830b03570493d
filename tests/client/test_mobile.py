"""B1–B14 of the bad-input matrix (semantics, section 12), and the spellings that are accepted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_jsms.client.mobile import mask, parse
from django_jsms.exceptions import InvalidInput

ACCEPTED = ["13800138000", "138-0013-8000", "+86 138 0013 8000", "008613800138000", "8613800138000", " 13800138000 "]
REJECTED = {
    "B1": ["", "   ", None, "--"],
    "B2": ["1380013800", "138001380000"],
    "B3": ["12345678901", "10086", "95588", "10655001234", "02112345678"],
    "B4": ["１３８００１３８０００"],
    "B5": ["1٣٨٠٠١٣٨٠٠٠", "1३800138000"],
    "B6": ["13800138000\n", "13800138000\r\n", "138\t00138000", "\v13800138000"],
    "B7": ["\u202a13800138000", "13800138000\u202c", "138\u200b00138000", "\ufeff13800138000", "138\xa000138000"],
    "B10": ["O1380013800", "1380013800l", "l3800138000"],
    "B11": ["13800138000,13900139000", "13800138000;DROP", "13800138000 ext 5", "tel:13800138000"],
    "B12": [13800138000],
    "B13": [True, 1.38e10, [], {}, b"13800138000", object()],
    "B14": ["1" * 1_000_000, "1" + " " * 1_000_000],
    "prefixes": ["+8613800138000+86", "++8613800138000", "86008613800138000", "+086 13800138000"],
}


@pytest.mark.core
@pytest.mark.parametrize("value", ACCEPTED)
def test_accepted_spellings_have_one_canonical_form(value):
    assert parse(value) == "13800138000"


@pytest.mark.core
@pytest.mark.parametrize(("row", "value"), [(row, value) for row, values in REJECTED.items() for value in values])
def test_everything_else_is_refused_without_being_repeated(row, value):
    with pytest.raises(InvalidInput) as caught:
        parse(value)
    error = caught.value
    unseen = row in ("B6", "B7") and not set(value) & {"\t", "\xa0"} and not value.endswith("0\n")
    assert (error.field, error.reason) == ("mobile", "mobile_invisible" if unseen else "invalid_mobile")
    assert str(error).startswith("The mobile number ")
    assert error.explain("zh").startswith("手机号")
    assert len(str(error)) < 200
    if isinstance(value, str) and len(value.strip()) > 5:
        assert value.strip() not in str(error) + error.explain("zh")


@pytest.mark.parametrize(
    "value", ["+14155552671", "+85261234567", "0085261234567", "+44 20 7946 0958", "00 1 415 555 2671"]
)
def test_other_countries_are_told_so(value):
    with pytest.raises(InvalidInput) as caught:
        parse(value)
    assert caught.value.reason == "country_not_allowed"
    assert "+86" in str(caught.value)


def test_a_number_that_is_no_string_is_told_the_cure():
    with pytest.raises(InvalidInput) as caught:
        parse(13800138000)
    assert "手机号要用字符串" in caught.value.explain("zh")
    assert "string" in str(caught.value)


@given(st.text())
def test_whatever_is_accepted_is_eleven_ascii_digits(value):
    try:
        mobile = parse(value)
    except InvalidInput:
        return
    assert len(mobile) == 11 and mobile.isascii() and mobile.isdigit() and "13" <= mobile[:2] <= "19"


@given(st.from_regex(r"\A1[3-9][0-9]{9}\Z"), st.sampled_from(["", "+86", "0086", "86", "+86 ", "86-"]))
def test_every_mobile_is_its_own_canonical_form(mobile, prefix):
    assert parse(prefix + mobile) == mobile


def test_what_a_person_may_see():
    assert mask("13800138000") == "138****8000"
    assert [mask(odd) for odd in ("", "123", "138001380001")] == ["****"] * 3


@pytest.mark.parametrize(
    ("value", "reason", "cure"),
    [
        ("1.38E+10", "mobile_shortened", "as text"),
        ("1.38001E10", "mobile_shortened", "as text"),
        ("1.38e+10", "mobile_shortened", "as text"),
        ("13800138000.0", "mobile_decimal", "as text"),
        ("13800138000.", "mobile_decimal", "as text"),
        ("1.3.8", "invalid_mobile", "ASCII digits"),
    ],
)
def test_what_a_spreadsheet_made_of_a_number_is_told_the_cure(value, reason, cure):
    with pytest.raises(InvalidInput) as caught:
        parse(value)
    error = caught.value
    assert (error.reason, cure in str(error), value in str(error)) == (reason, True, value == "1.38E+10")
    assert error.explain("zh").startswith("手机号")
