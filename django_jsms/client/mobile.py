"""A mainland mobile number: read strictly, shown masked. Plain functions, no table of ranges to go stale."""

from __future__ import annotations

import re

from ..exceptions import InvalidInput
from .characters import invisible

#: Longer than any accepted spelling; what is longer never reaches a regular expression.
_LONGEST = 32
_SPACING = str.maketrans("", "", " -")
_SPELLING = re.compile(r"(?:\+86|0086|86)?(1[3-9][0-9]{9})", re.ASCII)
_ABROAD = re.compile(r"(?:\+|00)(?!86)[1-9][0-9]{5,19}", re.ASCII)
_SHORTENED = re.compile(r"[0-9](?:\.[0-9]+)?[eE]\+?[0-9]{1,2}", re.ASCII)
_DECIMAL = re.compile(r"[0-9]{11}\.0*", re.ASCII)
_DIGITS = re.compile(r"(?:\+86|0086)?[0-9]+", re.ASCII)

#: What is wrong → what to do about it, in English and Chinese. None holds a number, theirs or ours.
_CURES = {
    "missing": ("is required: give 11 digits", "不能为空：请填写 11 位手机号"),
    "type": (
        "must be a string, not a number or another type: write its digits in quotes",
        "手机号要用字符串：请给号码加上引号，不要用数字或其他类型",
    ),
    "length": ("must have 11 digits: count them again", "应为 11 位数字：请核对位数"),
    "range": (
        "is not a mainland China mobile: it starts with 13 to 19 and has 11 digits",
        "不是中国大陆手机号：应以 13 至 19 开头，共 11 位",
    ),
    "characters": (
        "may hold ASCII digits only (spaces, hyphens and a leading +86 are accepted); remove anything else",
        "只能包含半角数字（可带空格、短横线和前缀 +86），请删除其他字符",
    ),
    "invisible": (
        "holds {found}: type the number again",
        "含有{found}：请手动重新输入号码",
    ),
    "shortened": (
        "was shortened by a spreadsheet, as in 1.38E+10, and its digits are lost: format the column as text, enter "
        "the numbers again and export",
        "被表格软件改成了 1.38E+10 这样的形式，数字已丢失：请把该列设为「文本」格式，重新填入号码后再导出",
    ),
    "decimal": (
        "ends in .0, because a spreadsheet took it for an amount: format the column as text and export again",
        "被表格软件当成数值，末尾多了 .0：请把该列设为「文本」格式后重新导出",
    ),
    "country": (
        "belongs to another country: JSMS sends to mainland China (+86) only",
        "不是中国大陆号码：极光短信只支持 +86 手机号",
    ),
}


#: Faults that have a cure of their own have a word of their own.
_REASONS = {
    "country": "country_not_allowed",
    "invisible": "mobile_invisible",
    "shortened": "mobile_shortened",
    "decimal": "mobile_decimal",
}


def parse(value: object) -> str:
    """The canonical form, 11 ASCII digits, of a mobile as people write it.

    Accepted beside plain digits: spaces, hyphens, and one of ``+86``, ``0086``, ``86`` in front
    (jsms-api, section 2: JSMS itself takes the 11 digits). Nothing is sent.

    Raises InvalidInput with field ``mobile`` and reason ``invalid_mobile``, or
    ``country_not_allowed`` for a number abroad, ``mobile_invisible`` for a character that cannot be seen,
    ``mobile_shortened`` and ``mobile_decimal`` for what a spreadsheet made of one. The text never repeats the value.
    """
    if isinstance(value, str) and len(value) <= _LONGEST:
        found = _SPELLING.fullmatch(value) or _SPELLING.fullmatch(value.translate(_SPACING))
        if found:
            return found[1]
    raise _refusal(_fault(value), value)


def number_in(value: object) -> str | None:
    """As ``parse`` reads it, or None for what is no number: for what others say, and no caller can correct."""
    try:
        return parse(value)
    except InvalidInput:
        return None


def mask(mobile: str) -> str:
    """``138****8000``: what a person may see of a number. Anything that is no mobile is masked whole."""
    return f"{mobile[:3]}****{mobile[-4:]}" if len(mobile) == 11 else "****"


def _fault(value: object) -> str:
    if value is None:
        return "missing"
    if not isinstance(value, str):
        return "type"
    return _spelling_fault(value)


def _spelling_fault(value: str) -> str:
    if len(value) > _LONGEST:
        return "length"
    if invisible(value):
        return "invisible"
    text = value.translate(_SPACING)
    if not text:
        return "missing"
    if _ABROAD.fullmatch(text):
        return "country"
    if _SHORTENED.fullmatch(text):
        return "shortened"
    if _DECIMAL.fullmatch(text):
        return "decimal"
    if not _DIGITS.fullmatch(text):
        return "characters"
    return "range" if len(text) == 11 or len(text) < 7 else "length"


def _refusal(fault: str, value: object) -> InvalidInput:
    en, zh = _CURES[fault]
    if fault == "invisible":
        found = invisible(str(value)) or ("", "")
        en, zh = en.format(found=found[0]), zh.format(found=found[1])
    reason = _REASONS.get(fault, "invalid_mobile")
    zh = zh if zh.startswith("手机号") else f"手机号{zh}"
    return InvalidInput(f"The mobile number {en}.", field="mobile", reason=reason, zh=f"{zh}。")
