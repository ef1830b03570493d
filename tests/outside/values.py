"""What comes from outside and meets a column, a database or a parser that takes it differently: JSON texts."""

from __future__ import annotations

import json
from typing import Final

VALUES: Final[dict[str, str]] = {
    "null": "null",
    "true": "true",
    "zero": "0",
    "below zero": "-1",
    "a fraction": "4001.5",
    "more than 16 bits": "40000",
    "more than 31 bits": "2147483648",
    "below 31 bits": str(-(2**40)),
    "more than 63 bits": "9223372036854775808",
    "more than 63 bits as text": '"9223372036854775808"',
    "18 digits as text": '"999999999999999999"',
    "5000 digits": "9" * 5000,
    "beyond a float": "1e999",
    "NaN": "NaN",
    "-Infinity": "-Infinity",
    "empty": '""',
    "blanks": '"   "',
    "a word": '"word"',
    "NUL": '"1\\u0000"',
    "only NUL": '"\\u0000"',
    "half an emoji": '"TD\\ud83d"',
    "the other half": '"\\ude00"',
    "an emoji": json.dumps("😀😀", ensure_ascii=False),
    "right to left": '"\\u202e1"',
    "digits of full width": json.dumps("４００１", ensure_ascii=False),
    "a newline": '"1\\r\\n2"',
    "a bare newline and ESC": '"1\n\x1b2"',
    "65 characters": json.dumps("1" * 65),
    "128 characters": json.dumps("1" * 128),
    "300 characters": json.dumps("字" * 300, ensure_ascii=False),
    "100 000 characters": json.dumps("x" * 100_000),
    "the first year": '"0001-01-01 00:00:00"',
    "the last year": '"9999-12-31 23:59:59"',
    "no such day": '"2026-02-30 00:00:00"',
    "a year before JSMS": "1",
    "a year after us": "253402300799000",
    "a list": "[1]",
    "an object": '{"a": "\\u0000"}',
    "deep": "[" * 500 + "]" * 500,
}


def put(payload: str, value: str) -> str:
    """The payload with the value for its mark."""
    return payload.replace('"?"', value)
