"""The captcha hook of a project: when a person has to show that they are one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import conf
from ..exceptions import CaptchaRequired
from ..models.limits import Held
from . import conversion, hooks, uses


def check(answer: str | None, values: Mapping[str, Any], meters: uses.Meters, seen: Mapping[str, Held]) -> None:
    """Ask the hook, where one is set and an answer is wanted. Raises CaptchaRequired; a hook that fails refuses."""
    path = conf.get("CAPTCHA")
    if not path or not _wanted(values["app"], meters, seen):
        return
    hook = hooks.load(path)
    try:
        passed = hook is not None and hook(answer, values["ip"], values["mobile"], values["purpose"])
    except Exception as error:
        hooks.broke(f"The captcha hook {path} failed, so the request is refused", error)
        passed = False
    if passed is not True:
        raise CaptchaRequired("Please solve the captcha first.", zh="请先完成图形验证。")


def _wanted(app: str, meters: uses.Meters, seen: Mapping[str, Held]) -> bool:
    """Once an address has had its share of codes; always from one that is not known, and where few are used."""
    if conversion.rate_of(app, seen) < conversion.LOW:
        return True
    counted = {key: meter for key, meter in meters.items() if meter.kind == "captcha"}
    return not counted or any(uses.waits(counted, uses.windows(counted, seen)))
