"""What is handed in for audit: the rules for a template's text and for a signature's form."""

from __future__ import annotations

import re
from typing import Final

from .call import Call
from .records import AUDITING, CODE, MARKETING, REJECTED
from .refusals import Refusal
from .rendering import OPT_OUT_LINE, length
from .wire import between

MAX_TEXT: Final = 500
MAX_REMARK: Final = 100
MAX_PICTURE: Final = 2 * 1024 * 1024
#: Up to the next braces of either kind, so that a text full of them is read once.
_BRACES: Final = re.compile(r"\{\{((?:(?!\{\{|\}\}).)*)\}\}", re.DOTALL)
#: Letters and digits (API page); «_» inside as well (console guide, 2019).
_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_]*[A-Za-z0-9])?")
#: The link stands first in the remark (templates page, 2021).
_LINK: Final = re.compile(r"\s*(?:https?://)?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_SIGN: Final = re.compile(r"[A-Za-z0-9㐀-䶿一-鿿\U00020000-\U0003134f]{2,8}")
_CERTIFICATE: Final = re.compile(r"[0-9A-Za-z]{18}")
_PICTURES: Final = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
#: The proof that each type of signature needs (signature page, 2025).
_PROOF: Final = {1: "businessLicenseImage", 3: "icpAppScreenshot", 6: "trademarkImage", 7: "thirdPartyAuthImage"}
_PERSON: Final = ("legalPersonName", "legalPersonIdNumber", "socialCreditCode")
_ttl = between(1, 86_400, 50041)


def sign_text(value: str) -> str:
    """2 to 8 characters, Chinese, Latin or digits: no brackets, no spaces."""
    if _SIGN.fullmatch(value) is None:
        raise Refusal(50104)
    return value


def remark(value: str) -> str:
    """For the auditor: at most 100 characters, whatever the text of 50045 says."""
    if len(value) > MAX_REMARK:
        raise Refusal(50045)
    return value


def certificate(value: str) -> str:
    """An ID number or a credit code; no page names a code for a bad one, so the body is at fault."""
    if _CERTIFICATE.fullmatch(value) is None:
        raise Refusal(50007)
    return value


def check_lifetime(call: Call) -> None:
    """The ttl of a template is looked at where it means something; Java sends one with every type."""
    if not call.route.takes("template"):
        return
    code = call.fields["type"] == CODE
    call.fields["ttl"] = _ttl(call.fields.get("ttl")) if code else 0


def check_form(call: Call) -> None:
    """A signature's parts: those of 2025, or with the switch the few of before."""
    if not call.route.form:
        return
    if not call.state.options.legacy_signatures:
        _check_papers(call)
    if not all(_is_picture(data) for data in call.files.values()):
        raise Refusal(50101)


def _check_papers(call: Call) -> None:
    texts, pictures = missing_papers(call)
    if texts:
        raise Refusal(50007)
    if pictures:
        raise Refusal(50101)


def missing_papers(call: Call) -> tuple[list[str], list[str]]:
    """The parts that the form of 2025 lacks: texts, and pictures."""
    kind, kinds = call.fields.get("type") or 0, {1, 6, 7} | ({3} if call.state.options.app_name_signatures else set())
    texts = [name for name in _PERSON if not call.fields.get(name)]
    pictures = {"idCardImage", _PROOF.get(kind, "idCardImage")} - call.files.keys()
    return [*([] if kind in kinds else ["type"]), *texts], sorted(pictures)


def _is_picture(data: bytes) -> bool:
    return len(data) <= MAX_PICTURE and data.startswith(_PICTURES)


def find_draft(call: Call) -> None:
    """The template or signature that the path names, in a state that lets the method touch it."""
    if "temp_id" in call.args:
        _find_template(call)
    elif "sign_id" in call.args:
        _find_signature(call)


def _find_template(call: Call) -> None:
    temp_id = _number(call.args["temp_id"])
    found = call.the_app.templates.get(temp_id)
    if found is None or call.fields.get("temp_id", temp_id) != temp_id:
        raise Refusal(50013)
    if call.method == "PUT" and found.status != REJECTED:
        raise Refusal(50047)
    call.template = found


def _find_signature(call: Call) -> None:
    found = call.the_app.signatures.get(_number(call.args["sign_id"]))
    if found is None:
        raise Refusal(50102)
    if call.method == "POST" and found.status != REJECTED:
        raise Refusal(50104)
    if call.method == "DELETE" and found.sign_id == call.the_app.default_sign:
        raise Refusal(50105)
    call.signature = found


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1


def check_template_text(call: Call) -> None:
    if not call.route.takes("template"):
        return
    if not call.the_app.signatures:
        raise Refusal(50046)
    text = call.fields["template"]
    if "【" in text or "】" in text:
        raise Refusal(50052)
    _check_names(call, _BRACES.findall(text))
    if _whole_length(call) > MAX_TEXT:
        raise Refusal(50043)
    if any(word in text for word in call.state.options.black_words):
        raise Refusal(50037)


def _check_names(call: Call, names: list[str]) -> None:
    rest = _BRACES.sub("", call.fields["template"])
    if "{{" in rest or "}}" in rest or not all(map(_NAME.fullmatch, names)):
        raise Refusal(50044)
    # A code template has one variable; the console lets it stand there more than once (guide, 2019).
    if call.fields["type"] == CODE and set(names) != {"code"}:
        raise Refusal(50044)
    if "url" in names and not _LINK.match(call.fields.get("remark", "")):
        raise Refusal(50053)


def _whole_length(call: Call) -> int:
    """With the signature in front and the opt-out line behind, as it will be billed."""
    app = call.the_app
    sign_id = next(iter(app.signatures)) if app.default_sign is None else app.default_sign
    tail = OPT_OUT_LINE if call.fields["type"] == MARKETING else ""
    return length(f"【{app.signatures[sign_id].text}】{call.fields['template']}{tail}")


def check_one_in_audit(call: Call) -> None:
    """Only one signature of an app may wait at a time."""
    if call.route.form and any(each.status == AUDITING for each in call.the_app.signatures.values()):
        raise Refusal(50103)
