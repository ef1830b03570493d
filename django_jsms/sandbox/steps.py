"""The checks a call passes, in the order they are made: ``ORDER``. No page prints one; this is ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from werkzeug.datastructures import Authorization

from .balances import POOL_OF, available
from .call import Call
from .drafts import check_form, check_lifetime, check_one_in_audit, check_template_text, find_draft
from .recipients import (
    check_content,
    check_frequency,
    check_hours,
    check_mobile,
    check_opt_out,
    check_parameters,
    each,
    render_text,
)
from .records import APPROVED, AUDITING, opens
from .refusals import Refusal
from .wire import (
    FORM,
    MEDIA,
    check_items,
    check_params,
    check_type,
    domestic,
    media_of,
    read_form,
    read_json,
    recipient,
)


def authenticate(call: Call) -> None:
    if not call.authorization:
        raise Refusal(50001)
    # Werkzeug raises on Base64 that is not even ASCII.
    given = Authorization.from_header(call.authorization) if call.authorization.isascii() else None
    if given is None or given.type != "basic":
        raise Refusal(50002)
    owners = call.state.accounts if call.route.developer else call.state.apps
    owner = owners.get(given.username or "")
    if owner is None or not opens(owner, given.username or "", given.password or ""):
        raise Refusal(50002)
    call.owner = owner
    call.app = None if call.route.developer else call.state.apps[owner.key]


def check_address(call: Call) -> None:
    if call.app and call.app.allowed_ips and call.remote not in call.app.allowed_ips:
        raise Refusal(50035)


def check_service(call: Call) -> None:
    if call.app and not call.app.enabled:
        raise Refusal(50008)
    if call.app and call.app.blacklisted:
        raise Refusal(50036)


def check_media(call: Call) -> None:
    if call.route.fields and media_of(call.content_type) not in (FORM if call.route.form else MEDIA):
        raise Refusal(50017)


def read_body(call: Call) -> None:
    if not call.route.fields:
        return
    if call.body is None:
        raise Refusal(50007)
    members = _read_members(call, call.body)
    for field in call.route.fields:
        value = members.get(field.name)
        check_type(value, field.types)
        call.fields[field.name] = value
    if call.route.many:
        check_items(call.fields["recipients"] or [])
    elif call.route.takes("temp_para"):
        check_params(call.fields["temp_para"])


def _read_members(call: Call, body: bytes) -> Mapping[str, Any]:
    if not call.route.form:
        return read_json(body)
    members, call.files = read_form(body, call.content_type)
    return members


def require_fields(call: Call) -> None:
    for field in call.route.fields:
        if field.missing and call.fields[field.name] in (None, "", []):
            raise Refusal(field.missing)


def check_formats(call: Call) -> None:
    for field in call.route.fields:
        value = call.fields[field.name]
        if value is not None:
            call.fields[field.name] = field.parse(value)
    call.fields = {name: value for name, value in call.fields.items() if value is not None}
    send_time = call.fields.get("send_time")
    if send_time is not None and send_time <= call.now:
        raise Refusal(50027)


def list_recipients(call: Call) -> None:
    if call.route.many:
        call.recipients = [recipient(item) for item in call.fields["recipients"]]
        if call.state.options.country_codes:
            for one in call.recipients:
                one.mobile = domestic(one.mobile)
    elif call.route.takes("mobile"):
        call.recipients = [recipient(call.fields)]
    if call.route.generates:
        call.recipients[0].params = {"code": call.state.new_digits()}


def find_schedule(call: Call) -> None:
    if "schedule_id" not in call.args:
        return
    found = call.state.schedules.get(call.args["schedule_id"])
    changes = call.method == "PUT"
    if found is None or found.app is not call.app or (changes and found.many != call.route.many):
        raise Refusal(50028)
    if call.method == "GET" and found.status == "deleted":
        raise Refusal(50028)
    if call.method != "GET" and found.status != "pending":
        raise Refusal(50029)
    call.schedule = found


def find_template(call: Call) -> None:
    if not call.route.takes("temp_id") or call.route.takes("template"):
        return
    template = call.the_app.templates.get(call.fields["temp_id"])
    if template is None:
        raise Refusal(50013)
    if template.status != APPROVED:
        raise Refusal(50020 if template.status == AUDITING else 50021)
    if template.type not in call.route.types:
        raise Refusal(50025)
    call.template = template


def find_signature(call: Call) -> None:
    if not call.template or not call.route.sends:
        return
    app = call.the_app
    wanted = call.fields.get("sign_id")
    signature = app.signatures.get(app.default_sign or 0 if wanted is None else wanted)
    if signature is None or signature.status != APPROVED:
        raise Refusal(50046 if wanted is None else 50102)
    call.signature = signature


def check_repeats(call: Call) -> None:
    """Within one call: same number, same content."""
    if not call.route.many:
        return
    seen: set[tuple[str, str]] = set()
    for one in call.live:
        what = (one.mobile, one.text)
        if what in seen:
            one.refusal = Refusal(50034)
        seen.add(what)


def check_balance(call: Call) -> None:
    needed = sum(each.segments for each in call.live)
    if needed and available(call.the_app, pool_of(call)) < needed:
        call.lane.forget(call.noted)
        raise Refusal(50014)


def pool_of(call: Call) -> str:
    """The pool this send is paid from."""
    return POOL_OF[call.template.type] if call.template else "voice"


#: Path (50016) and method (50018) come before, in the routing.
ORDER: Final[tuple[Callable[[Call], None], ...]] = (
    authenticate,  # 50001 50002
    check_address,  # 50035
    check_service,  # 50008 50036
    check_media,  # 50017
    read_body,  # 50003 50007
    require_fields,  # 50004 50005 50015 50027 50030
    check_formats,  # 50006 50031 50038-50041 50027 50045 50104
    check_lifetime,  # 50041
    check_form,  # 50007 50101
    list_recipients,
    each(check_mobile),  # 50004 50006
    find_schedule,  # 50028 50029
    find_draft,  # 50013 50047 50102 50104 50105
    check_one_in_audit,  # 50103
    check_template_text,  # 50046 50052 50044 50053 50043 50037
    find_template,  # 50013 50020 50021 50025
    find_signature,  # 50046 50102
    each(check_parameters),  # 50023 50022
    each(render_text),
    each(check_content),  # 50054 50037 50038
    each(check_opt_out),  # 50024
    check_repeats,  # 50034
    each(check_hours),  # 50009
    each(check_frequency),  # 50009
    check_balance,  # 50014
)

#: What is looked at again, number by number, when a schedule fires.
DISPATCH: Final = (
    each(render_text),
    each(check_content),
    each(check_opt_out),
    each(check_hours),
    each(check_frequency),
)

#: The schedule page lists neither frequency nor content codes: those belong to the dispatch.
NOT_YET: Final = frozenset({"check_content", "check_hours", "check_frequency"})


def walk(call: Call) -> None:
    """All steps that the route does not skip; raises the first ``Refusal``."""
    call.now = call.state.clock.time()
    for step in ORDER:
        if step.__name__ not in call.route.skips:
            step(call)
