"""The directive ``jsms-codes``: the table of JSMS's error codes, drawn from ``django_jsms.client.errors``."""

from __future__ import annotations

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from django_jsms.client.errors import CODES, Code

HEAD = {
    "en": ("Code", "HTTP", "`.reason`", "Who acts", "Again?", "Meaning and cure"),
    "zh": ("错误码", "HTTP", "`.reason`", "谁来处理", "能否重发", "含义与处理"),
}
WHO = {
    "en": {
        "caller": "developer",
        "user": "person",
        "recipient": "recipient",
        "account": "account's owner",
        "platform": "JSMS",
    },
    "zh": {
        "caller": "开发者",
        "user": "用户",
        "recipient": "收信人",
        "account": "账号负责人",
        "platform": "极光",
    },
}
AGAIN = {
    "en": {"no": "no", "fix": "once mended", "later": "later", "maybe": "may have been sent", "": "—"},
    "zh": {"no": "不能", "fix": "处理后可以", "later": "稍后可以", "maybe": "可能已发出", "": "—"},
}


class CodesDirective(SphinxDirective):
    """``:language: zh`` draws it in Chinese."""

    option_spec = {"language": lambda value: directives.choice(value, ("en", "zh"))}

    def run(self) -> list[nodes.Node]:
        language = self.options.get("language", "en")
        head = HEAD[language]
        rows = [head, tuple("---" for _ in head), *(self._row(code, language) for code in CODES.values())]
        return self.parse_text_to_nodes("\n".join(f"| {' | '.join(row)} |" for row in rows))

    @staticmethod
    def _row(code: Code, language: str) -> tuple[str, ...]:
        text = (code.zh if language == "zh" else code.en).replace("{{name}}", "`{{name}}`")
        who, again = WHO[language][code.who], AGAIN[language][code.again]
        return str(code.number), str(code.http), f"`{code.reason}`", who, again, text


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_directive("jsms-codes", CodesDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
