"""The rules for a template's text (jsms-api 2.14), held before it is handed in, and what a text becomes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..client.characters import invisible
from ..client.shapes import storable
from ..exceptions import InvalidInput
from ..models.signatures import Signature
from ..models.templates import OPT_OUT_LINE, Template, bracketed, length, placeholders, render, segments

#: Stands for a signature that is not mirrored.
UNKNOWN: Final = "…"
#: JSMS refuses what is longer, signature and opt-out line included; older pages say 350 (jsms-api 6.1).
LONGEST, ADVISED = 500, 350
LONGEST_REMARK: Final = 100
LONGEST_TTL: Final = 86_400
#: Up to the next braces of either kind, so that a text full of them is read once.
_BRACES: Final = re.compile(r"\{\{((?:(?!\{\{|\}\}).)*)\}\}", re.DOTALL)
#: Letters and digits (API page); the console guide of 2019 takes ``_`` inside, too.
_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_]*[A-Za-z0-9])?", re.ASCII)
#: The link stands first in the remark (page of 2021).
_LINK: Final = re.compile(r"\s*(?:https?://)?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", re.ASCII)


@dataclass(frozen=True)
class TemplatePreview:
    """What a phone would show. ``missing`` are placeholders without a value: they stand as they are."""

    text: str
    characters: int
    segments: int
    names: tuple[str, ...]
    missing: tuple[str, ...]
    #: Whether JSMS may refuse its length: some of its pages say 350 characters, some 500.
    long: bool


def preview(text: str, kind: int, params: Mapping[str, str], *, app: str, signature_id: int | None) -> TemplatePreview:
    """The whole message: 【signature】, text with parameters, and the opt-out line of marketing."""
    signature = Signature.objects.primary().standing(app, signature_id).values_list("text", flat=True).first()
    body = render(text, params) + (OPT_OUT_LINE if kind == Template.Type.MARKETING else "")
    names = placeholders(text)
    missing = tuple(name for name in names if name not in params)
    size = bracketed(signature) + length(body)
    whole = f"【{signature or UNKNOWN}】{body}"
    return TemplatePreview(whole, size, segments(size), names, missing, size > ADVISED)


def check_template(text: object, type: object, ttl: object, remark: object, *, app: str) -> dict[str, Any]:
    """The columns of a template that may be handed in. Raises InvalidInput, naming the field."""
    kind = _check_type(type)
    checked = _check_text(text)
    _check_names(checked, kind)
    _check_ttl(ttl, kind)
    note = _check_remark(remark, checked)
    _check_length(preview(checked, kind, {}, app=app, signature_id=None).characters)
    return {"text": checked, "type": kind, "ttl": ttl, "remark": note}


def _check_type(type: object) -> int:
    names = {each.name.lower(): each.value for each in Template.Type}
    kind = names.get(type) if isinstance(type, str) else type
    if isinstance(kind, int) and not isinstance(kind, bool) and kind in Template.Type.values:
        return int(kind)
    raise _bad(
        "type",
        "type must be code, notice or marketing (1, 2 or 3).",
        "类型须为 code、notice 或 marketing（1、2、3）。",
    )


def _check_text(text: object) -> str:
    if not isinstance(text, str) or not text.strip():
        raise _bad("text", "The text is empty.", "模板内容为空。", "template_empty")
    text = text.replace("\r\n", "\n")  # as browsers send what is typed on two lines
    if "【" in text or "】" in text:
        raise _bad(
            "text",
            "The text holds 【 or 】. Leave the signature out: JSMS puts it in front itself.",
            "模板内容含有【】。请勿填写签名，极光会自动添加在开头。",
            "template_symbol",
        )
    if OPT_OUT_LINE[:-1] in text:
        raise _bad(
            "text",
            "The text holds the opt-out line. Leave it out: JSMS adds it to marketing itself.",
            "模板内容含有退订提示。请勿填写，极光会自动添加到营销短信末尾。",
            "template_symbol",
        )
    found = invisible(text)
    if found:
        en, zh = f"The text holds {found[0]}. Take it out.", f"模板内容含有{found[1]}，请删除。"
        raise _bad("text", en, zh, "template_symbol")
    return text


def _check_names(text: str, kind: int) -> None:
    names, rest = _BRACES.findall(text), _BRACES.sub("", text)
    wrong = next((name for name in names if not _NAME.fullmatch(name)), None)
    if wrong is not None or "{{" in rest or "}}" in rest:
        shown = "{{" + (wrong or "")[:32] + "}}" if wrong is not None else "{{ … }}"
        raise _bad(
            "text",
            f"The placeholder {shown} cannot be used: write {{{{name}}}} with letters and digits, _ only inside.",
            f"占位符 {shown} 不合规：请写成 {{{{name}}}}，名称只含字母和数字，下划线只能在中间。",
            "invalid_placeholder",
        )
    if kind == Template.Type.CODE and set(names) != {"code"}:
        raise _bad(
            "text",
            "A code template has one placeholder, {{code}}, and no other.",
            "验证码模板只能有一个占位符 {{code}}。",
            "invalid_placeholder",
        )


def _check_ttl(ttl: object, kind: int) -> None:
    if kind != Template.Type.CODE:
        if ttl is not None:
            raise _bad("ttl", "Only a code template has a ttl.", "只有验证码模板有 ttl。")
    elif not isinstance(ttl, int) or isinstance(ttl, bool) or not 0 < ttl <= LONGEST_TTL:
        raise _bad(
            "ttl",
            f"A code template needs a ttl of 1 to {LONGEST_TTL} seconds.",
            f"验证码模板须填写 ttl（1 至 {LONGEST_TTL} 秒）。",
        )


def _check_remark(remark: object, text: str) -> str:
    if not isinstance(remark, str) or len(remark) > LONGEST_REMARK or storable(remark) != remark:
        raise _bad(
            "remark",
            f"remark must be a string of at most {LONGEST_REMARK} characters.",
            f"备注须为不超过 {LONGEST_REMARK} 个字符的字符串。",
            "remark_too_long",
        )
    if "url" in placeholders(text) and not _LINK.match(remark):
        raise _bad(
            "remark",
            "The text has a placeholder {{url}}: begin the remark with the link that will stand there.",
            "模板含有占位符 {{url}}：请在备注开头写明实际链接。",
            "link_needs_remark",
        )
    return remark


def _check_length(characters: int) -> None:
    if characters > LONGEST:
        raise _bad(
            "text",
            f"With signature and opt-out line the text has {characters} characters; JSMS takes {LONGEST} at most.",
            f"加上签名和退订提示共 {characters} 字，超过上限 {LONGEST} 字。",
            "template_too_long",
        )


def _bad(field: str, en: str, zh: str, reason: str | None = None) -> InvalidInput:
    return InvalidInput(en, field=field, reason=reason or f"invalid_{field}", zh=zh)
