"""The code table of JSMS: what each number means, who has to act, and whether trying again helps.

From jsms-api, section 4. A number that is not here survives as data: see ``refusal``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from ..exceptions import Refused, Who

#: May the same request be sent again? no · fix: after a correction outside it · later: after waiting ·
#: maybe: it may have been executed · "": the question does not arise.
Again = Literal["no", "fix", "later", "maybe", ""]
#: What the refusal is about, which is what the services act on.
Scope = Literal["account", "template", "frequency", "check", "schedule", "recipient", "request"]


@dataclass(frozen=True, slots=True)
class Code:
    """One row: JSMS's number, its HTTP status and message, and what they ask for."""

    number: int
    http: int
    message: str
    who: Who
    again: Again
    scope: Scope
    reason: str
    en: str
    zh: str


# fmt: off
_ROWS: tuple[tuple[int, int, str, Who, Again, Scope, str, str, str], ...] = (
    (50000, 200, "success", "platform", "", "request", "success",
     "Accepted.", "已受理。"),
    (50001, 400, "missing auth", "caller", "no", "account", "missing_auth",
     "The request had no Authorization header. Check what stands between you and JSMS: something removes it.",
     "请求缺少 Authorization 头。请检查中间的网关或代理是否把它去掉了。"),
    (50002, 401, "auth failed", "caller", "fix", "account", "auth_failed",
     "The key or the secret is wrong. Compare APP_KEY and MASTER_SECRET with the console of Jiguang.",
     "鉴权失败。请到极光控制台核对 APP_KEY 与 MASTER_SECRET。"),
    (50003, 400, "missing body", "caller", "no", "request", "missing_body",
     "The body was empty. Send the fields of the endpoint as JSON.",
     "请求体为空。请以 JSON 提交该接口的字段。"),
    (50004, 400, "missing mobile", "caller", "no", "request", "missing_mobile",
     "No mobile was given. Give 11 digits as a string.",
     "缺少手机号。请以字符串填写 11 位手机号。"),
    (50005, 400, "missing  temp_id", "caller", "no", "request", "missing_template",
     "No template was given. Give the temp_id of an approved template.",
     "缺少模板 ID。请填写已审核通过的 temp_id。"),
    (50006, 403, "invalid mobile", "recipient", "no", "recipient", "invalid_mobile",
     "JSMS does not accept this mobile. Ask the recipient for another one, in 11 digits.",
     "手机号无效。请核对后改用正确的 11 位号码。"),
    (50007, 403, "invalid body", "caller", "no", "request", "invalid_body",
     "JSMS could not read the body. Check the types of its fields.",
     "请求体无法解析。请检查各字段的类型。"),
    (50008, 403, "no sms code auth", "account", "fix", "account", "sms_not_enabled",
     "SMS is not enabled for this app. Enable it in the console of Jiguang.",
     "该应用未开通短信服务。请在极光控制台开通。"),
    (50009, 403, "out of freq", "caller", "later", "frequency", "too_frequent",
     "Too often for this number, or for this query; nothing was sent. Wait, then try again.",
     "操作过于频繁，短信未发送。请稍后再试。"),
    (50010, 403, "invalid code", "user", "no", "check", "wrong_code",
     "The code is wrong. Ask the person to read it again.",
     "验证码错误。请重新输入。"),
    (50011, 403, "expired code", "user", "no", "check", "code_expired",
     "The code is too old. Send a new one.",
     "验证码已过期。请重新获取。"),
    (50012, 403, "verified code", "user", "no", "check", "code_used",
     "The code was used already. Send a new one.",
     "验证码已使用过。请重新获取。"),
    (50013, 403, "invalid temp_id", "caller", "no", "template", "template_unknown",
     "There is no such template. Compare the temp_id with the console, for this very app.",
     "模板不存在。请在控制台核对该应用的 temp_id。"),
    (50014, 403, "no money", "account", "fix", "account", "no_money",
     "The balance is used up. Top up the account, then sending goes on.",
     "余量不足。请充值后再发送。"),
    (50015, 400, "missing code", "caller", "no", "check", "missing_code",
     "No code was given to check. Send what the person typed.",
     "缺少验证码。请提交用户输入的验证码。"),
    (50016, 404, "api not found", "caller", "no", "request", "api_not_found",
     "There is no such path at this address. Check BASE_URL; it ends in /v1.",
     "接口不存在。请检查 BASE_URL，应以 /v1 结尾。"),
    (50017, 415, "media not supported", "caller", "no", "request", "media_not_supported",
     "The content type was refused. Check what rewrites requests on the way.",
     "不支持的 Content-Type。请检查中间是否有网关改写了请求。"),
    (50018, 405, "request method not support", "caller", "no", "request", "method_not_supported",
     "The method was refused. Check BASE_URL and what rewrites requests on the way.",
     "不支持的请求方法。请检查 BASE_URL 以及中间的网关。"),
    (50019, 500, "server error", "platform", "maybe", "request", "server_error",
     "JSMS failed inside. A send may have gone out: wait for its report before you repeat it.",
     "极光服务内部错误。短信可能已发出，请等状态报告后再决定是否重发。"),
    (50020, 403, "template auditing", "account", "fix", "template", "template_auditing",
     "The template is still in audit. Wait for its approval, about three working hours.",
     "模板审核中。请等待审核通过（约三个工作小时）。"),
    (50021, 403, "template not pass", "account", "fix", "template", "template_rejected",
     "The template was rejected. Change it and submit it again.",
     "模板审核未通过。请修改后重新提交。"),
    (50022, 403, "parameters not all replaced", "caller", "no", "request", "params_incomplete",
     "Some placeholder of the template got no value. Give one for each.",
     "模板中有变量没有赋值。请为每个变量提供内容。"),
    (50023, 403, "parameters is empty", "caller", "no", "request", "params_empty",
     "The template has placeholders and none got a value. Give one for each.",
     "模板参数为空。请为每个变量提供内容。"),
    (50024, 403, "unsubscribed mobile", "recipient", "no", "recipient", "opted_out",
     "The recipient has opted out. Do not send marketing to this number.",
     "该号码已退订。请不要再向其发送营销短信。"),
    (50025, 403, "wrong template type", "caller", "no", "request", "wrong_template_type",
     "This call does not take that type of template. Codes want type 1; types are 1, 2 and 3.",
     "模板类型不符。验证码接口只接受类型 1，类型取值为 1、2、3。"),
    (50026, 403, "wrong msg_id", "caller", "no", "check", "msg_id_unknown",
     "JSMS does not know this msg_id. Use the one this very app got when the code was sent.",
     "msg_id 不存在。请使用同一应用发送验证码时返回的 msg_id。"),
    (50027, 403, "invalid send_time", "caller", "no", "request", "invalid_send_at",
     "The time is empty or not in the future. Give a later one.",
     "定时时间为空或已过。请填写将来的时间。"),
    (50028, 403, "invalid schedule_id", "caller", "no", "schedule", "schedule_unknown",
     "JSMS does not know this schedule. Use the schedule_id this very app was given.",
     "定时任务不存在。请使用同一应用创建时返回的 schedule_id。"),
    (50029, 403, "wrong schedule status", "caller", "no", "schedule", "schedule_closed",
     "The schedule was sent or deleted and cannot be changed. Create a new one.",
     "定时任务已发送或已删除，不能再修改。请新建任务。"),
    (50030, 403, "recipients is empty", "caller", "no", "request", "no_recipients",
     "There are no recipients. Give 1 to 1000.",
     "收件人为空。请提供 1 至 1000 个收件人。"),
    (50031, 403, "too much recipients", "caller", "no", "request", "too_many_recipients",
     "More than 1000 recipients in one call. Split them, or let a batch do it.",
     "收件人超过 1000 个。请分批提交，或使用群发任务。"),
    (50033, 403, "app quota not assigned", "account", "fix", "account", "no_quota",
     "The app has no allotment of its own. Allot segments to it, or top up the account it draws from.",
     "应用未分配余量。请为其分配，或为所属账号充值。"),
    (50034, 403, "repeat send", "caller", "no", "recipient", "repeat_send",
     "The same text went to the same number already. After a lost answer this says that the first arrived.",
     "相同内容已向该号码发送过。若上次没有收到应答，说明上次已成功提交。"),
    (50035, 403, "illegal IP", "account", "fix", "account", "ip_not_allowed",
     "This server's address is not on the allow-list. Add it in the console of Jiguang.",
     "本机 IP 不在白名单中。请在极光控制台添加。"),
    (50036, 403, "app in black", "account", "fix", "account", "app_blacklisted",
     "The app is black-listed. Contact Jiguang.",
     "应用已被列入黑名单。请联系极光。"),
    (50037, 403, "has black word", "caller", "no", "request", "sensitive_word",
     "The text holds a sensitive word. Change the parameters or the template.",
     "内容含敏感词。请修改参数或模板。"),
    (50038, 403, "invalid content length", "caller", "no", "request", "invalid_length",
     "The text is too long, or a voice code has not 4 to 8 digits. Shorten it.",
     "内容过长，或语音验证码不是 4 至 8 位。请修改。"),
    (50039, 403, "invalid code type", "caller", "no", "request", "invalid_voice_code",
     "A voice code may hold digits only.",
     "语音验证码只能包含数字。"),
    (50040, 403, "invalid voice language type", "caller", "no", "request", "invalid_voice_lang",
     "voice_lang is 0 (Chinese), 1 (English) or 2 (both).",
     "voice_lang 只能是 0（中文）、1（英文）或 2（中英混合）。"),
    (50041, 403, "invalid ttl value", "caller", "no", "request", "invalid_ttl",
     "The ttl is out of range. Give 1 to 86400 seconds.",
     "有效期超出范围。请填写 1 至 86400 秒。"),
    (50042, 403, "template is empty", "caller", "no", "request", "template_empty",
     "The template has no text. Write one.",
     "模板内容为空。请填写内容。"),
    (50043, 403, "template too long", "caller", "no", "request", "template_too_long",
     "The template is too long with its signature. Stay within 500 characters, better 350.",
     "模板连同签名过长。请控制在 500 字以内，建议不超过 350 字。"),
    (50044, 403, "template parameter invalid", "caller", "no", "request", "invalid_placeholder",
     "A placeholder is malformed. Write {{name}} with letters and digits.",
     "模板变量格式错误。请写成 {{name}}，名称用字母和数字。"),
    (50045, 403, "remark too long", "caller", "no", "request", "remark_too_long",
     "The remark is too long. Stay within 100 characters.",
     "备注过长。请控制在 100 字以内。"),
    (50046, 403, "signature not set", "account", "fix", "account", "no_signature",
     "The app has no signature yet. Create one and wait for its approval.",
     "应用尚未设置签名。请先创建签名并等待审核通过。"),
    (50047, 403, "modify template not allow", "caller", "no", "request", "template_not_editable",
     "Only a rejected template can be changed. Create a new one.",
     "只有审核未通过的模板可以修改。请新建模板。"),
    (50052, 403, "template contains special symbol", "caller", "no", "request", "template_symbol",
     "The template holds a forbidden symbol such as 【】. Remove it: JSMS adds the signature itself.",
     "模板含特殊符号（如【】）。请删除，签名由极光自动添加。"),
    (50053, 403, "special template parameter need extra remark for confirmation", "caller", "no", "request",
     "link_needs_remark",
     "A link placeholder needs the real link in the remark. Put it first there.",
     "模板含链接变量，需在备注中写明实际链接。请把链接写在备注开头。"),
    (50054, 403, "content contains special symbol", "caller", "no", "request", "content_symbol",
     "A parameter holds a forbidden symbol such as 【】. Remove it.",
     "参数内容含特殊符号（如【】）。请删除。"),
    (50101, 403, "invalid image", "caller", "no", "request", "invalid_image",
     "A picture was not accepted. Give PNG or JPEG of at most 2 MB.",
     "图片不符合要求。请提供不超过 2 MB 的 PNG 或 JPEG。"),
    (50102, 403, "invalid sign id", "caller", "no", "template", "signature_unknown",
     "There is no such signature for this app, or it is not approved. Compare the sign_id with the console.",
     "签名不存在或未通过审核。请在控制台核对该应用的 sign_id。"),
    (50103, 403, "other signatures in the audit", "account", "fix", "request", "signature_in_audit",
     "Another signature of the app is in audit. Wait for its result.",
     "该应用有其他签名正在审核。请等待结果。"),
    (50104, 403, "invalid signature", "caller", "no", "request", "invalid_signature",
     "The text of the signature is not accepted. Use 2 to 8 Chinese characters, letters or digits.",
     "签名内容不符合要求。请使用 2 至 8 个汉字、字母或数字。"),
    (50105, 403, "default signature cannot be deleted", "caller", "fix", "request", "default_signature",
     "The default signature cannot be deleted. Choose another default in the console first.",
     "默认签名不能删除。请先在控制台更换默认签名。"),
)
# fmt: on

CODES: dict[int, Code] = {row[0]: Code(*row) for row in _ROWS}
_LONG_NUMBERS = re.compile(r"[0-9]{4,}")


def describe(code: int | None) -> Code | None:
    """The row of a number, or None for one that JSMS never documented."""
    return None if code is None else CODES.get(code)


def refusal(
    code: int | None,
    message: str = "",
    http_status: int | None = None,
    *,
    retry_after: int | None = None,
) -> Refused:
    """The exception for JSMS's «no», ready to raise; nothing was sent.

    ``message`` is JSMS's own; ``str`` quotes it where we know nothing better, cleaned of anything that could be a
    number, and a person is never shown it. ``retry_after`` is in seconds and kept where waiting helps.
    """
    row = describe(code)
    if row is None:
        return _unknown(code, message, http_status, retry_after)
    return Refused(
        f"JSMS {row.number} ({row.message}): {row.en}",
        code=row.number,
        http_status=http_status,
        retry_after=retry_after if row.again == "later" else None,
        reason=row.reason,
        who=row.who,
        zh=f"{row.zh}（{row.number}）",
        en=f"{row.en} ({row.number})",
    )


def _unknown(code: int | None, message: str, http_status: int | None, retry_after: int | None) -> Refused:
    """By HTTP class (jsms-api 4, rules for a client): 5xx the platform's, else ours; never an accident."""
    name = "without a code" if code is None else f"with code {code}, which is not documented"
    quote = f": {clean(message)}" if message else ""
    return Refused(
        f"JSMS refused {name} (HTTP {http_status}){quote}",
        code=code,
        http_status=http_status,
        retry_after=retry_after,
        reason="refused" if code is not None else "unclassified",
        who="platform" if (http_status or 0) >= 500 else "caller",
        zh=f"短信服务拒绝了请求（错误码 {code or '无'}）。请联系网站管理员。",
        en=f"The SMS service refused the request (code {code or 'none'}). Please contact the site.",
    )


def clean(message: str) -> str:
    """JSMS's own words, fit for a log: short, printable ASCII, no digits that could be a number or a code."""
    printable = "".join(c if " " <= c <= "~" else "?" for c in message[:80])
    return _LONG_NUMBERS.sub("#", printable)
