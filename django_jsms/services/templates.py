"""Templates at JSMS, and their mirror here: drafted, handed in, followed, changed, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from .. import conf, signals
from ..client import JSMSClient
from ..models.templates import Template
from . import accounts, audits
from .chosen import check_params
from .clients import get_client
from .language import service
from .texts import TemplatePreview, check_template, preview


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
