"""What is wrong with a list as a whole: one sentence, with the line and the cure."""

from __future__ import annotations

import csv

from ..exceptions import InvalidInput


def bad(reason: str, en: str, zh: str, line: int | None = None) -> InvalidInput:
    """The error for a list; ``en`` and ``zh`` go on from its line, where there is one."""
    where, wo = (f"Line {line} ", f"第 {line} 行") if line else ("", "")
    return InvalidInput(f"{where}{en}", field="recipients", line=line, reason=reason, zh=f"{wo}{zh}")


def csv_error(error: csv.Error, line: int) -> InvalidInput:
    """The error for a row, beginning in that line, that the csv module cannot take apart."""
    if "unexpected end" in str(error) or "field larger" in str(error):
        return bad(
            "unclosed_quote",
            'begins a cell with " and never closes it. Close it, or delete it.',
            '有未闭合的引号 "。请补上另一半，或删除它。',
            line,
        )
    return bad("bad_quote", 'has a " in the middle of a cell. Double it.', '单元格中间有引号 "，请写成两个。', line)


def undecodable(error: UnicodeError, encoding: str, line: int) -> InvalidInput:
    """The error for bytes that are no text in the encoding, in a block that begins in that line."""
    if isinstance(error, UnicodeDecodeError):  # files are decoded in blocks
        line += error.object.count(b"\n", 0, error.start)
    return bad(
        "undecodable",
        f"cannot be read as {encoding}. Save the file as CSV UTF-8, or say its encoding.",
        f"无法按 {encoding} 读取。请另存为「CSV UTF-8」，或指定编码（encoding）。",
        line,
    )
