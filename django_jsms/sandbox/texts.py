"""The page's words, Chinese and English."""

from __future__ import annotations

from typing import Final

#: name → (zh, en)
TABLE: Final[dict[str, tuple[str, str]]] = {
    "title": ("JSMS 沙箱 · 虚拟手机", "JSMS sandbox · virtual phones"),
    "brand": ("JSMS 沙箱", "JSMS sandbox"),
    "tagline": ("短信不出本机，全部到这里", "No text leaves this machine: they all arrive here"),
    "skip": ("跳到手机", "Skip to the phones"),
    "find": ("按手机号筛选", "Filter by number"),
    "other_language": ("English", "中文"),
    "phones": ("虚拟手机", "Virtual phones"),
    "live": ("实时更新", "Live"),
    "lost": ("连接中断，正在重试", "Connection lost, trying again"),
    "empty_title": ("还没有短信", "No messages yet"),
    "empty_text": (
        "应用发出的第一条短信会立刻出现在这里。想先看看？在终端里运行：",
        "The first text your application sends shows up here. To see one now, run this in a terminal:",
    ),
    "none_match": ("没有这个号码的短信", "Nothing for this number"),
    "copy": ("复制", "Copy"),
    "copied": ("已复制", "Copied"),
    "copy_code": ("复制验证码", "Copy code"),
    "call": ("语音来电", "Voice call"),
    "count": ("条", "messages"),
    "count_one": ("条", "message"),
    "new_message": ("新短信", "New message"),
    "new_call": ("新的语音来电", "New voice call"),
    "template": ("模板", "Template"),
    "segments": ("计费条", "segments"),
    "endpoint": ("接口地址", "API address"),
    "no_script": ("此页面需要 JavaScript。", "This page needs JavaScript."),
}
LANGUAGES: Final = {"zh": "zh-CN", "en": "en"}


def texts(language: str) -> dict[str, str]:
    """All of them in one language, ``zh`` or ``en``."""
    column = list(LANGUAGES).index(language)
    return {name: both[column] for name, both in TABLE.items()}
