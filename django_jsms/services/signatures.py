"""Signatures: handed in with their papers, followed, changed when rejected, deleted. Of the papers nothing is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, cast

from django.views.decorators.debug import sensitive_variables

from .. import conf, signals
from ..client import JSMSClient
from ..client.inputs import Part
from ..client.shapes import storable
from ..exceptions import InvalidInput
from ..models.signatures import Signature
from . import audits
from .clients import get_client
from .language import service

#: Chinese, Latin letters and digits; the API page says 2 to 8, the console guide of 2026 up to 16 (jsms-api 2.18).
_TEXT: Final = re.compile(r"[A-Za-z0-9㐀-䶿一-鿿\U00020000-\U0003134f]{2,16}")
_LONGEST_REMARK: Final = 100
#: What the page of 2025 knows beside text, type and remark.
PARTS: Final = frozenset(
    {
        "legalPersonName", "legalPersonIdNumber", "idCardImage", "socialCreditCode", "thirdPartyCompanyName",
        "businessLicenseImage", "icpAppScreenshot", "trademarkImage", "thirdPartyAuthImage", "otherImage",
    }
)  # fmt: skip


@service
@sensitive_variables()
def create_signature(
    text: str, *, type: int, papers: Mapping[str, Part], remark: str = "", app: str = "default"
) -> Signature:
    """Hand a new signature in for its audit; answers the committed row, ``auditing``.

    ``text`` is 2 to 16 letters, digits or Chinese characters, without 【】; ``type`` 1 company, 6 brand or
    trademark, 7 somebody else's; ``papers`` are JSMS's parts, for instance ``{"legalPersonName": "…",
    "idCardImage": ("card.png", data)}``: sent once, and never stored or logged. One call of ``POST /sign``.

    JSMS audits one signature of an app at a time: Refused (50103) where another waits. Refused and NotSent leave
    a draft with the reason. So does a lost answer (NoAnswer): look in the console and ``adopt_signature`` the
    number, or hand it in again with ``submit_signature(row, papers=…, again=True)``. Raises InvalidInput naming
    the field, InTransaction and NotConfigured with nothing written.

    JSMS: https://docs.jiguang.cn/jsms/server/rest_api_jsms_sign
    """
    alias = conf.app(app).alias
    checked, values = _check_papers(papers), _check(text, type, remark)
    audits.outside(Signature)
    get_client(alias)
    return _hand_in(audits.draft(Signature, app=alias, **values), checked, again=False)


@service
@sensitive_variables()
def submit_signature(signature: Signature, *, papers: Mapping[str, Part], again: bool = False) -> Signature:
    """Hand a draft in, as ``create_signature`` does. One that was not answered needs ``again``."""
    return _hand_in(signature, _check_papers(papers), again=again)


@service
@sensitive_variables()
def update_signature(
    signature: Signature,
    *,
    papers: Mapping[str, Part],
    text: str | None = None,
    type: int | None = None,
    remark: str | None = None,
) -> Signature:
    """Change a rejected signature and hand it in again; answers the row, ``auditing``. The papers go along anew.

    One call of ``POST /sign/{sign_id}``; where its answer is lost, one read tells whether it arrived. Raises
    InvalidInput for one that is not rejected, Refused, NotSent and NoAnswer.

    JSMS: https://docs.jiguang.cn/jsms/server/rest_api_jsms_sign
    """
    checked = _check_papers(papers)
    values = _check(
        signature.text if text is None else text,
        signature.type if type is None else type,
        signature.remark if remark is None else remark,
    )

    def call(client: JSMSClient) -> object:
        parts = {"type": values["type"], "remark": values["remark"] or None, **checked}
        return client.update_signature(cast(int, signature.remote_id), values["text"], **parts)

    row: Signature = audits.hand_in_again(signature, NOUN, call, values)
    return row


@service
def refresh_signature(signature: Signature) -> Signature:
    """Ask JSMS how a signature stands, and whether it is the app's default; one that is gone is ``deleted``.

    One call of ``GET /sign/{sign_id}``. The signal ``signature_reviewed`` tells of an audit that has ended.

    JSMS: https://docs.jiguang.cn/jsms/server/rest_api_jsms_sign
    """
    row: Signature = audits.refresh(signature, NOUN)
    return row


@service
def adopt_signature(signature_id: int, *, app: str = "default") -> Signature:
    """Mirror a signature that exists at JSMS, or bring its mirror up to date; answers the row.

    One call of ``GET /sign/{sign_id}``: JSMS has no list. A draft with the same text whose answer was lost becomes
    its row. Raises InvalidInput, Refused (50102: there is none), NotSent and NoAnswer.

    JSMS: https://docs.jiguang.cn/jsms/server/rest_api_jsms_sign
    """
    row: Signature = audits.adopt(signature_id, conf.app(app).alias, NOUN, ("text",))
    return row


@service
def delete_signature(signature: Signature) -> Signature:
    """Delete a signature at JSMS; answers its row, ``deleted``. The default one is refused (50105).

    ``DELETE /sign/{sign_id}``, up to three calls where answers are lost.

    JSMS: https://docs.jiguang.cn/jsms/server/rest_api_jsms_sign
    """
    row: Signature = audits.delete(signature, NOUN)
    return row


@sensitive_variables()
def _hand_in(row: Signature, papers: dict[str, Any], *, again: bool) -> Signature:
    def call(client: JSMSClient) -> int:
        return client.create_signature(row.text, type=row.type, remark=row.remark or None, **papers).sign_id

    handed: Signature = audits.hand_in(row, call, again=again)
    return handed


def _check(text: object, type: object, remark: object) -> dict[str, Any]:
    if not isinstance(text, str) or not _TEXT.fullmatch(text):
        raise InvalidInput(
            "A signature is 2 to 16 Chinese characters, letters or digits, without 【】 and blanks.",
            field="text",
            reason="invalid_signature",
            zh="签名须为 2 至 16 个汉字、字母或数字，不含【】和空格。",
        )
    if not isinstance(type, int) or isinstance(type, bool) or type not in Signature.Type.values:
        raise InvalidInput(
            "type must be 1 (company), 6 (brand or trademark) or 7 (somebody else's).",
            field="type",
            zh="签名类型须为 1（企业）、6（品牌或商标）或 7（第三方）。",
        )
    if not isinstance(remark, str) or len(remark) > _LONGEST_REMARK or storable(remark) != remark:
        raise InvalidInput(
            f"remark must be a string of at most {_LONGEST_REMARK} characters.",
            field="remark",
            zh=f"备注须为不超过 {_LONGEST_REMARK} 个字符的字符串。",
        )
    return {"text": text, "type": type, "remark": remark}


@sensitive_variables()
def _check_papers(papers: Mapping[str, Part]) -> dict[str, Part]:
    unknown = sorted(set(map(str, papers)) - PARTS) if isinstance(papers, Mapping) else ["?"]
    if unknown:
        raise InvalidInput(
            f"papers has parts that JSMS does not know: {', '.join(unknown)[:100]}.",
            field="papers",
            zh=f"资料（papers）含有极光不认识的字段：{', '.join(unknown)[:100]}。",
        )
    return dict(papers)


def _read(client: JSMSClient, signature_id: int) -> dict[str, Any]:
    info = client.get_signature(signature_id)
    return {"text": info.sign, "status": info.status, "is_default": info.is_default, "in_use": info.in_use}


def _decided(signature: Signature) -> None:
    signals.signature_reviewed.send_robust(sender=Signature, instance=signature)


NOUN: Final = audits.Noun(Signature, _read, JSMSClient.delete_signature, gone=50102, decided=_decided)
