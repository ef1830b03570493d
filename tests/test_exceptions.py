import pickle

import pytest

from django_jsms import exceptions
from django_jsms.exceptions import InTransaction, InvalidInput, JSMSError, LimitExceeded, MaybeSent, Refused

ALL = [cls for cls in vars(exceptions).values() if isinstance(cls, type) and issubclass(cls, JSMSError)]


@pytest.mark.parametrize("cls", ALL)
def test_every_error_survives_pickling_with_its_facts(cls):
    error = cls("no luck")
    error.message = "没有成功"
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.message, again.reason) == (cls, "no luck", "没有成功", cls.reason)


@pytest.mark.parametrize("cls", ALL)
def test_the_tree_at_the_top_names_every_error(cls):
    assert cls.__name__ in exceptions.__doc__


def test_only_a_send_without_an_answer_may_have_gone_out():
    assert [cls for cls in ALL if cls.maybe_sent] == [MaybeSent]


def test_builtin_bases_let_plain_python_catch_them():
    assert issubclass(InvalidInput, ValueError)
    assert issubclass(InTransaction, RuntimeError)


def test_explain_speaks_chinese_where_a_chinese_text_exists():
    error = Refused("too often", zh="太频繁", code=50009, retry_after=60)
    assert error.explain("zh-hans") == "太频繁"
    assert error.explain("en") == "too often"
    assert LimitExceeded("wait", retry_after=3).explain("zh-hans") == "wait"
