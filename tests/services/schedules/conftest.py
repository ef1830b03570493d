"""A shop with templates at JSMS."""

import pytest


@pytest.fixture
def shop(jsms_sandbox):
    names = {
        "order-shipped": {"id": 1250, "type": "notice", "text": "订单{{no}}已发货"},
        "order-late": {"id": 1251, "type": "notice", "text": "订单{{no}}将晚到"},
        "spring": {"id": 1252, "type": "marketing", "text": "春季上新"},
    }
    for each in names.values():
        jsms_sandbox.template(each["id"], each["text"], each["type"])
    with jsms_sandbox.settings(TEMPLATES=names):
        yield jsms_sandbox
