"""The 23 endpoints as a table, in the order of the remote's documentation (jsms-api, section 0)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

#: «No» as plain data: a wrong code is no failure of the call (jsms-api 2.3) …
CHECKED = frozenset({50010, 50011, 50012, 50015, 50026})
#: … nor is an app that draws from the account's pool (jsms-api 2.13).
UNALLOTTED = frozenset({50033})


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint. ``path`` may hold one ``{}``, for an id that was checked and quoted."""

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    #: A lost answer may mean that an SMS went out, or will: never repeat it blindly.
    billable: bool = False
    #: Codes have a pool of their own: a person waits, a campaign does not.
    codes: bool = False
    developer: bool = False
    answer: Literal["object", "array", "nothing"] = "object"
    #: Codes of refusals that are plain data here.
    data: frozenset[int] = field(default_factory=frozenset)
    #: Seconds to wait after 50009 (jsms-api 5.1 and 2.22).
    cool_down: int = 600


SEND_CODE = Route("POST", "/codes", billable=True, codes=True)
SEND_VOICE_CODE = Route("POST", "/voice_codes", billable=True, codes=True, cool_down=20)
VERIFY_CODE = Route("POST", "/codes/{}/valid", codes=True, data=CHECKED, cool_down=60)
SEND_MESSAGE = Route("POST", "/messages", billable=True)
SEND_BATCH = Route("POST", "/messages/batch", billable=True)
CREATE_SCHEDULE = Route("POST", "/schedule", billable=True)
CREATE_BATCH_SCHEDULE = Route("POST", "/schedule/batch", billable=True)
UPDATE_SCHEDULE = Route("PUT", "/schedule/{}")
UPDATE_BATCH_SCHEDULE = Route("PUT", "/schedule/batch/{}")
GET_SCHEDULE = Route("GET", "/schedule/{}", cool_down=60)
DELETE_SCHEDULE = Route("DELETE", "/schedule/{}", answer="nothing", cool_down=60)
GET_ACCOUNT_BALANCE = Route("GET", "/accounts/dev", developer=True, data=UNALLOTTED, cool_down=60)
GET_APP_BALANCE = Route("GET", "/accounts/app", data=UNALLOTTED, cool_down=60)
CREATE_TEMPLATE = Route("POST", "/templates")
UPDATE_TEMPLATE = Route("PUT", "/templates/{}")
GET_TEMPLATE = Route("GET", "/templates/{}", cool_down=60)
DELETE_TEMPLATE = Route("DELETE", "/templates/{}", answer="nothing", cool_down=60)
CREATE_SIGNATURE = Route("POST", "/sign")
UPDATE_SIGNATURE = Route("POST", "/sign/{}")
GET_SIGNATURE = Route("GET", "/sign/{}", cool_down=60)
DELETE_SIGNATURE = Route("DELETE", "/sign/{}", answer="nothing", cool_down=60)
PULL_REPORTS = Route("GET", "/report", answer="array", cool_down=5)
PULL_REPLIES = Route("GET", "/reply", answer="array", cool_down=5)
