"""The endpoints, in the order of the remote's documentation: method, path, members, skipped checks."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from .call import Route
from .drafts import certificate, remark, sign_text
from .endpoints import accounts, codes, inquiries, messages, schedules, signatures, templates
from .records import CODE
from .refusals import Refusal
from .steps import NOT_YET
from .wire import Field, between, identifier, item_list, label, voice_digits, wall_time

_TEXT = (str,)
_NUMERIC = (str, int)
_ANY_NUMBER = (str, int, float)

MOBILE = Field("mobile", _NUMERIC, str, missing=50004)
TEMP_ID = Field("temp_id", _NUMERIC, identifier(50013), missing=50005)
SIGN_ID = Field("sign_id", _NUMERIC, identifier(50102))
PARAMS = Field("temp_para", (dict, list), lambda value: value)
TAG = Field("tag", _TEXT, label)
RECIPIENTS = Field("recipients", (list,), item_list, missing=50030)
SEND_TIME = Field("send_time", _TEXT, wall_time, missing=50027)
CODE_TO_CHECK = Field("code", _NUMERIC, str, missing=50015)
VOICE_CODE = Field("code", _NUMERIC, voice_digits)
VOICE_LANG = Field("voice_lang", _ANY_NUMBER, between(0, 2, 50040))
TTL = Field("ttl", _ANY_NUMBER, between(1, 86_400, 50041))
TEXT = Field("template", _TEXT, str, missing=50042)
TYPE = Field("type", _NUMERIC, between(1, 3, 50025), missing=50025)
LIFETIME = Field("ttl", _ANY_NUMBER, lambda value: value)
REMARK = Field("remark", _TEXT, remark)
BODY_ID = Field("temp_id", _NUMERIC, identifier(50013))
SIGN = Field("sign", _TEXT, sign_text, missing=50104)
SIGN_TYPE = Field("type", _TEXT, between(1, 7, 50007))
PERSON = Field("legalPersonName", _TEXT, str)
PERSON_ID = Field("legalPersonIdNumber", _TEXT, certificate)
CREDIT_CODE = Field("socialCreditCode", _TEXT, certificate)

_TEMPLATE = (TEXT, TYPE, LIFETIME, REMARK)
_SIGNATURE = (SIGN, SIGN_TYPE, PERSON, PERSON_ID, CREDIT_CODE, REMARK)
_ONE = (MOBILE, TEMP_ID, PARAMS, SIGN_ID)
_MANY = (TEMP_ID, RECIPIENTS, SIGN_ID)

ROUTES: Final[tuple[Route, ...]] = (
    Route("POST", "/codes", codes.send_code, (MOBILE, TEMP_ID, SIGN_ID), types=(CODE,), generates=True),
    Route("POST", "/voice_codes", codes.send_voice_code, (MOBILE, VOICE_CODE, VOICE_LANG, TTL)),
    Route("POST", "/codes/<msg_id>/valid", codes.check_code, (CODE_TO_CHECK,)),
    Route("POST", "/messages", messages.send_message, _ONE),
    Route("POST", "/messages/batch", messages.send_batch, (*_MANY, TAG), many=True),
    Route("POST", "/schedule", schedules.create_schedule, (*_ONE, SEND_TIME), skips=NOT_YET),
    Route(
        "POST",
        "/schedule/batch",
        schedules.create_schedule,
        (*_MANY, TAG, SEND_TIME),
        many=True,
        skips=NOT_YET,
    ),
    Route("PUT", "/schedule/<schedule_id>", schedules.update_schedule, (*_ONE, SEND_TIME), skips=NOT_YET),
    Route(
        "PUT",
        "/schedule/batch/<schedule_id>",
        schedules.update_schedule,
        (*_MANY, SEND_TIME),
        many=True,
        skips=NOT_YET,
    ),
    Route("GET", "/schedule/<schedule_id>", schedules.read_schedule),
    Route("DELETE", "/schedule/<schedule_id>", schedules.delete_schedule),
    Route("GET", "/accounts/dev", accounts.account_balance, developer=True),
    Route("GET", "/accounts/app", accounts.app_balance),
    Route("POST", "/templates", templates.create_template, _TEMPLATE),
    Route("PUT", "/templates/<temp_id>", templates.update_template, (BODY_ID, *_TEMPLATE)),
    Route("GET", "/templates/<temp_id>", templates.read_template),
    Route("DELETE", "/templates/<temp_id>", templates.delete_template),
    Route("POST", "/sign", signatures.create_signature, _SIGNATURE, form=True),
    Route("POST", "/sign/<sign_id>", signatures.update_signature, _SIGNATURE, form=True),
    Route("GET", "/sign/<sign_id>", signatures.read_signature),
    Route("DELETE", "/sign/<sign_id>", signatures.delete_signature),
    Route("GET", "/report", inquiries.pull_reports),
    Route("GET", "/reply", inquiries.pull_replies),
)

_BY_PATH: defaultdict[str, dict[str, Route]] = defaultdict(dict)
for _route in ROUTES:
    _BY_PATH[_route.path][_route.method] = _route
_PATHS = Map([Rule(path, endpoint=path) for path in _BY_PATH], merge_slashes=False).bind("jsms")


def find_path(path: str) -> tuple[str, dict[str, str]]:
    """The endpoint's path and the ids in it, or 50016; the method plays no part yet."""
    if "//" in path:  # the matching would forgive it
        raise Refusal(50016)
    if path.startswith("/sign/"):  # Jiguang's Java client writes /sign/, and it works
        path = path.removesuffix("/")
    try:
        endpoint, args = _PATHS.match(path, method="GET")
    except HTTPException:
        raise Refusal(50016) from None
    return endpoint, dict(args)


def find_method(path: str, method: str) -> Route:
    """The route, or 50018: also for HEAD and OPTIONS, which no page mentions."""
    route = _BY_PATH[path].get(method)
    if route is None:
        raise Refusal(50018)
    return route
