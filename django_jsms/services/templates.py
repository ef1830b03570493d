"""Templates: which one is meant, what it makes of parameters, and its mirror here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn, cast

from .. import conf, signals
from ..client import JSMSClient
from ..exceptions import InvalidInput
from ..models.templates import OPT_OUT_LINE, Template, bracketed, length, placeholders, render, segments
from . import accounts, audits
from .clients import get_client
from .language import service
from .texts import LONGEST, TemplatePreview, check_template, preview

_LARGEST_ID: Final = 2**31 - 1
#: What would make two lines, or a signature, of one value: JSMS refuses 【】 (50054), phones show the rest badly.
#: Half a surrogate pair is no character at all.
_UNWANTED: Final = re.compile("[【】\r\n\0\u200b\u200c\u200d\u2060\ufeff\u202a-\u202e\ud800-\udfff]")
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

    def check(self, params: Mapping[str, str]) -> int:
        """Raise InvalidInput where the parameters and the text, if it is known, do not fit together.

        Answers the segments, so that a long list renders each text once.
        """
        if self.text is None:
            return 1
        if params.keys() != set(self.names):
            _refuse_names(self.names, params)
        characters = self._characters(params)
        if characters > LONGEST:
            raise InvalidInput(
                f"The message would have {characters} characters; JSMS takes {LONGEST} at most.",
                field="params",
                reason="content_too_long",
                zh=f"短信共 {characters} 字，超过上限 {LONGEST} 字。",
            )
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
    return dict(params)


def _bad_params() -> InvalidInput:
    return _bad_param(
        "params must be a dict of names (letters, digits, _) to texts.",
        "参数（params）须为「名称 → 文本」的字典，名称只含字母、数字和下划线。",
    )


def _check_value(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise _bad_param(f"params[{name!r}] must be a string.", f"参数 {name!r} 的值须为字符串。")
    if not value:
        raise _bad_param(f"params[{name!r}] is empty.", f"参数 {name!r} 的值为空。", "params_empty")
    if _UNWANTED.search(value):
        raise _bad_param(
            f"params[{name!r}] holds 【】, a line break or an invisible character. Take it out.",
            f"参数 {name!r} 含有【】、换行或不可见字符，请删除。",
        )


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
    return ", ".join(names[:10]) or "—"


def _bad_param(en: str, zh: str, reason: str = "invalid_param") -> InvalidInput:
    return InvalidInput(en, field="params", reason=reason, zh=zh)


# -- their life at JSMS ---------------------------------------------------------------------------------------


@service
def draft_template(
    text: str, *, type: int | str, ttl: int | None = None, remark: str = "", app: str = "default"
) -> Template:
    """Write a template down without handing it in; answers the draft. ``submit_template`` hands it in.

    ``type`` is ``"code"``, ``"notice"`` or ``"marketing"``; ``ttl`` (seconds, 1 to 86 400) is for codes only;
    ``remark`` (at most 100 characters) is for the auditor and begins with the link where the text has {{url}}.
    Raises InvalidInput naming the field: the rules of JSMS are held here first.
    """
    alias = conf.app(app).alias
    row: Template = audits.draft(Template, app=alias, **check_template(text, type, ttl, remark, app=alias))
    return row


@service
def create_template(
    text: str, *, type: int | str, ttl: int | None = None, remark: str = "", app: str = "default"
) -> Template:
    """Hand a new template in for its audit; answers the committed row, ``auditing``.

    As ``draft_template``, then one call of ``POST /templates``. The row is a draft first. Refused and NotSent
    leave it one, with the reason. So does a lost answer (NoAnswer), and nothing hands it in again by itself:
    JSMS may have it, under a number nobody told us. Look in the console, and ``adopt_template`` the number, which
    then becomes this row's, or ``submit_template(row, again=True)``.

    JSMS: https://docs.jiguang.cn/jsms/server/rest_api_jsms_templates
    """
    audits.outside(Template)
    get_client(app)
    return submit_template(draft_template(text, type=type, ttl=ttl, remark=remark, app=app))


@service
def submit_template(template: Template, *, again: bool = False) -> Template:
    """Hand a draft in for its audit, as ``create_template`` does. One that was not answered needs ``again``."""

    def call(client: JSMSClient) -> int:
        row = template
        return client.create_template(row.text, row.type, row.ttl, row.remark or None).temp_id

    row: Template = audits.hand_in(template, call, again=again)
    return row


@service
def update_template(
    template: Template,
    *,
    text: str | None = None,
    type: int | str | None = None,
    ttl: int | None = None,
    remark: str | None = None,
) -> Template:
    """Change a rejected template and hand it in again; answers the row, ``auditing``. What is left out stays.

    One call of ``PUT /templates/{temp_id}``; where its answer is lost, one read tells whether it arrived. JSMS
    lets only rejected ones be changed: InvalidInput for any other, Refused (50047) where JSMS knows better.
    Raises NotSent and NoAnswer too, with the row as it was.

    JSMS: https://docs.jiguang.cn/jsms/server/rest_api_jsms_templates
    """
    kind = template.type if type is None else type
    kept = template.ttl if kind in (Template.Type.CODE, "code") else None
    values = check_template(
        template.text if text is None else text,
        kind,
        kept if ttl is None else ttl,
        template.remark if remark is None else remark,
        app=template.app,
    )

    def call(client: JSMSClient) -> object:
        text, kind, ttl, remark = (values[name] for name in ("text", "type", "ttl", "remark"))
        return client.update_template(cast(int, template.remote_id), text, kind, ttl, remark or None)

    row: Template = audits.hand_in_again(template, NOUN, call, values)
    return row


@service
def refresh_template(template: Template) -> Template:
    """Ask JSMS how a template stands, and answer its row; one that is gone there is ``deleted``.

    One call of ``GET /templates/{temp_id}``. The signal ``template_reviewed`` tells of an audit that has ended.
    Raises InvalidInput for a draft, Refused, NotSent and NoAnswer.

    JSMS: https://docs.jiguang.cn/jsms/server/rest_api_jsms_templates
    """
    row: Template = audits.refresh(template, NOUN)
    return row


@service
def adopt_template(template_id: int, *, app: str = "default") -> Template:
    """Mirror a template that exists at JSMS, or bring its mirror up to date; answers the row.

    One call of ``GET /templates/{temp_id}``: JSMS has no list. A draft with the same text whose answer was lost
    becomes its row. Raises InvalidInput, Refused (50013: there is no such template), NotSent and NoAnswer.

    JSMS: https://docs.jiguang.cn/jsms/server/rest_api_jsms_templates
    """
    row: Template = audits.adopt(template_id, conf.app(app).alias, NOUN, ("text", "type"))
    return row


@service
def delete_template(template: Template) -> Template:
    """Delete a template at JSMS; answers its row, ``deleted``. A draft is only marked, and nothing is asked.

    ``DELETE /templates/{temp_id}``, up to three calls where answers are lost. Raises Refused, NotSent, NoAnswer.

    JSMS: https://docs.jiguang.cn/jsms/server/rest_api_jsms_templates
    """
    row: Template = audits.delete(template, NOUN)
    return row


@service
def preview_template(
    template: Template, *, params: Mapping[str, str] | None = None, signature: int | None = None
) -> TemplatePreview:
    """What a phone would show, with its characters and segments; nothing is asked of JSMS.

    ``signature`` is JSMS's number of a mirrored one, else the app's default.
    """
    return preview(template.text, template.type, check_params(params), app=template.app, signature_id=signature)


def _read(client: JSMSClient, template_id: int) -> dict[str, Any]:
    info = client.get_template(template_id)
    return {"text": info.template, "type": info.type, "ttl": info.ttl, "remark": info.remark, "status": info.status}


def _decided(template: Template) -> None:
    """An approval also ends the pause that its audit had made."""
    if template.status == Template.Status.APPROVED and template.remote_id:
        accounts.resume_app(template.app, template_id=template.remote_id)
    signals.template_reviewed.send_robust(sender=Template, instance=template)


NOUN: Final = audits.Noun(Template, _read, JSMSClient.delete_template, gone=50013, decided=_decided)
