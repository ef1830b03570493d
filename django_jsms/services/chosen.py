"""Which template a send means, and what it makes of parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from .. import conf
from ..client.characters import INVISIBLE, invisible
from ..client.mobile import mask
from ..exceptions import InvalidInput
from ..models.templates import OPT_OUT_LINE, Template, bracketed, length, placeholders, render, segments
from .headings import is_number
from .texts import LONGEST

_LARGEST_ID: Final = 2**31 - 1
#: What would make two lines, or a signature, of one value: JSMS refuses 【】 (50054).
_UNWANTED: Final = {
    "【": ("【, the mark of a signature", "签名符号【"),
    "】": ("】, the mark of a signature", "签名符号】"),
    "\r": ("a line break", "换行"),
    "\n": ("a line break", "换行"),
}
_REFUSED: Final = re.compile(f"[{''.join(_UNWANTED)}{INVISIBLE}]")
_NAME: Final = re.compile(r"[A-Za-z0-9_]{1,32}", re.ASCII)


@dataclass(frozen=True)
class Chosen:
    """The template of a send: JSMS's id, and what is known of it here."""

    template_id: int
    signature_id: int | None = None
    text: str | None = None
    message_class: str | None = None
    #: The mirrored signature that it is sent with; None: not known here, so room is left for the longest.
    signature_text: str | None = None

    def segments(self, params: Mapping[str, str]) -> int:
        """Billing units of the rendered text; 1 where the text is not known here."""
        return 1 if self.text is None else segments(self._characters(params))

    def _characters(self, params: Mapping[str, str]) -> int:
        tail = length(OPT_OUT_LINE) if self.message_class == "marketing" else 0
        return bracketed(self.signature_text) + length(render(self.text or "", params)) + tail

    @property
    def names(self) -> tuple[str, ...]:
        """The placeholders of its text, none where that is not known here."""
        return placeholders(self.text or "")

    @property
    def columns(self) -> tuple[str, ...] | None:
        """What a list may hold of each recipient; None where that is not known here."""
        return None if self.text is None else self.names

    def check_common(self, params: object) -> dict[str, str]:
        """Parameters that all rows of a list share, as ``check_params``; a text that is known has each of them."""
        checked = check_params(params)
        extra = [name for name in checked if name not in self.names]
        if extra and self.text is not None:
            raise InvalidInput(
                f"params has names that are not in the template: {_list(extra)}. It has: {_list([*self.names])}.",
                field="params",
                reason="params_mismatch",
                zh=f"参数（params）中有模板没有的名称：{_list(extra)}。模板中有：{_list([*self.names])}。",
            )
        return checked

    def check(self, params: Mapping[str, str]) -> int:
        """Raise InvalidInput where the parameters and the text, if it is known, do not fit together.

        Answers the segments, so that a long list renders each text once.
        """
        if self.text is None:
            return 1
        if params.keys() != set(self.names):
            _refuse_names(self.names, params)
        characters = self._characters(params)
        _check_length(characters)
        return segments(characters)


def identify(template: int | str) -> tuple[int, Mapping[str, Any]]:
    """The id of a template given by id or by local name, and the entry of ``TEMPLATES``. Raises InvalidInput."""
    named: Mapping[str, Mapping[str, Any]] = conf.get("TEMPLATES")
    if isinstance(template, str):
        entry = named.get(template) or {}
        template = entry.get("id", 0)
    else:
        entry = next((each for each in named.values() if each.get("id") == template), {})
    if type(template) is int and 1 <= template <= _LARGEST_ID:
        return template, entry
    raise InvalidInput(
        "template is neither an id of JSMS (1 or more) nor a name of JSMS['TEMPLATES'].",
        field="template",
        reason="invalid_template",
        zh="模板（template）既不是 JSMS 的模板编号，也不是 JSMS['TEMPLATES'] 中的名称。",
    )


def choose(template: int | str, app: str, signature: int | None = None) -> Chosen:
    """The template of that id or local name, with what settings and our mirror know of it: one statement.

    ``signature`` is the one asked for; without one the name's own of the settings is meant. An id that is
    not mirrored is sent as it is; one that is mirrored and not approved is refused.
    """
    template_id, entry = identify(template)
    signature_id = entry.get("signature") if signature is None else signature
    rows = Template.objects.primary().with_signature(signature_id)
    mirrored = rows.filter(app=app, remote_id=template_id).first()
    if mirrored is None:
        return Chosen(template_id, signature_id, entry.get("text"), entry.get("type"))
    if mirrored.status != Template.Status.APPROVED:
        raise InvalidInput(
            f"Template {template_id} is {mirrored.status} at JSMS, so it cannot be sent.",
            field="template",
            reason="template_unavailable",
            zh=f"模板 {template_id} 在极光的状态为「{Template.Status(mirrored.status).label}」，不能发送。",
        )
    return Chosen(template_id, signature_id, mirrored.text, mirrored.message_class, mirrored.signature_text)


def known_text(template_id: int, app: str) -> str | None:
    """The text of a template as far as it is known here: its mirror's, else the one of the settings."""
    mirrored: Template | None = Template.objects.primary().filter(app=app, remote_id=template_id).first()
    if mirrored:
        return mirrored.text
    named = conf.get("TEMPLATES").values()
    return next((entry["text"] for entry in named if entry.get("id") == template_id and "text" in entry), None)


def check_params(params: object) -> dict[str, str]:
    """Parameters as JSMS takes them: a flat mapping of names to non-empty texts. Raises InvalidInput."""
    if params is None:
        return {}
    # A dict first: asking an abstract class takes long, and a list asks once a row.
    if not isinstance(params, (dict, Mapping)):
        raise _bad_params()
    for name, value in params.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise _bad_params()
        _check_value(name, value)
    # Here too: a text that is not known holds each at least once, and a list repeats the common ones in each row.
    _check_length(sum(map(len, params.values())))
    return dict(params)


def _check_length(characters: int) -> None:
    if characters > LONGEST:
        raise InvalidInput(
            f"The message would have {characters} characters; JSMS takes {LONGEST} at most.",
            field="params",
            reason="content_too_long",
            zh=f"短信共 {characters} 字，超过上限 {LONGEST} 字。",
        )


def _bad_params() -> InvalidInput:
    return _bad_param(
        "params must be a dict of names (letters, digits, _) to texts.",
        "参数（params）须为「名称 → 文本」的字典，名称只含字母、数字和下划线。",
    )


def _check_value(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise _bad_param(f"params[{_said(name)}] must be a string.", f"参数 {_said(name)} 的值须为字符串。")
    if not value:
        raise _bad_param(f"params[{_said(name)}] is empty.", f"参数 {_said(name)} 的值为空。", "params_empty")
    if value.isascii() and value.isprintable():  # the table takes longer, and a list asks once a row
        return
    found = _REFUSED.search(value)
    if found:
        en, zh = _UNWANTED.get(found[0]) or invisible(value) or ("", "")
        raise _bad_param(f"params[{_said(name)}] holds {en}. Take it out.", f"参数 {_said(name)} 含有{zh}，请删除。")


def _refuse_names(wanted: tuple[str, ...], params: Mapping[str, str]) -> NoReturn:
    missing = [name for name in wanted if name not in params]
    extra = [name for name in params if name not in wanted]
    raise InvalidInput(
        f"params do not fit the template. Missing: {_list(missing)}. Not in it: {_list(extra)}.",
        field="params",
        reason="params_mismatch",
        zh=f"参数与模板不符。缺少：{_list(missing)}；多余：{_list(extra)}。",
    )


def _list(names: list[str]) -> str:
    return ", ".join(map(_shown, names[:10])) or "—"


def _said(name: str) -> str:
    return repr(_shown(name))


def _shown(name: str) -> str:
    """As an error may repeat it: rows with no line of names make a name of a person's number."""
    return mask(name) if is_number(name) else name


def _bad_param(en: str, zh: str, reason: str = "invalid_param") -> InvalidInput:
    return InvalidInput(en, field="params", reason=reason, zh=zh)
