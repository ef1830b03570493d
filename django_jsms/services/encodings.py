"""Which encoding a list is in: what its mark says, what alone can be read, or what the person who has it says."""

from __future__ import annotations

import codecs
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, islice, product
from typing import BinaryIO, Final

from ..client.characters import without_invisible
from ..client.shapes import REPLACED
from ..exceptions import InvalidInput

_BLOCK: Final = 1 << 20
#: How files begin that are no text, and what they are.
_MAGIC: Final = {b"PK\x03\x04": "xlsx", b"\xd0\xcf\x11\xe0": "xls", b"\x1f\x8b": "gzip", b"%PDF": "PDF"}
#: Web pages, and tables of spreadsheets as XML: what back offices hand out as .xls.
_MARKUP: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*<[a-z!?]", re.IGNORECASE)
_MARKS: Final = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
#: Codecs of host names, of source code and of mail: no list is in one. IDNA and UTF-7 read a line again with every
#: block of it, and UTF-7 reads half a character that no answer could repeat.
_NO_CHARSETS: Final = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"})
#: First bytes of two-byte characters in UTF-8 (é, Ů, ß, Ж), and of longer ones (all of Chinese).
_SHORT, _LONG = bytes(range(0xC2, 0xE0)), bytes(range(0xE0, 0xF5))
#: A run of other bytes, each with the letter that may end its character: no digit, so no number is shown.
_RUN: Final = re.compile(rb"(?:[\x80-\xff][@-~]?){1,20}")
_SAMPLES: Final = 3


def _pairs(leads: Iterable[int], trails: Iterable[int]) -> frozenset[str]:
    """What GB18030 reads where these bytes stand, two by two."""
    return frozenset(bytes(chain.from_iterable(product(leads, trails))).decode("gb18030"))


#: Both put the characters that people use most into a level of its own. Nearly all bytes can be read as either, so
#: what tells them apart is which of the two readings has the common characters.
_GB_LEVEL_1: Final = _pairs(range(0xB0, 0xD8), range(0xA1, 0xFF))
_BIG5_LEVEL_1: Final = _pairs(range(0xA4, 0xC7), [*range(0x40, 0x7F), *range(0xA1, 0xFF)])
_USUAL: Final = _GB_LEVEL_1 | _BIG5_LEVEL_1
_ONLY_GB, _ONLY_BIG5 = _GB_LEVEL_1 - _BIG5_LEVEL_1, _BIG5_LEVEL_1 - _GB_LEVEL_1
#: A lead of this many characters settles it.
_ENOUGH: Final = 1000
_NOT_ASCII: Final = re.compile("[^\0-\x7f]+")


class _Reading:
    """Whether bytes are text in an encoding, block by block."""

    def __init__(self, encoding: str) -> None:
        self._decode = codecs.getincrementaldecoder(encoding)().decode
        self.possible = True

    def feed(self, block: bytes) -> str:
        """The text of the next block, of which an empty one is the last; nothing once it is no text."""
        if self.possible:
            try:
                return self._decode(block, not block)
            except UnicodeError:
                self.possible = False
        return ""


def inspect(file: BinaryIO, encoding: str | None) -> tuple[str, str]:
    """The file's digest and encoding, in one pass. Raises InvalidInput where nobody but a person can tell."""
    file.seek(0)
    start = file.read(64)
    for magic, name in _MAGIC.items():
        if start.startswith(magic):
            raise not_text(name)
    if _MARKUP.match(start):
        raise not_text("HTML")
    given = _known(encoding) if encoding else next((e for mark, e in _MARKS.items() if start.startswith(mark)), None)
    digest, utf8, gb, short, long, big5 = hashlib.sha256(), _Reading("utf-8"), _Reading("gb18030"), 0, 0, 0
    for block in _blocks(file):
        digest.update(block)
        if given is None:
            utf8.feed(block)
            text = gb.feed(block)
            short += _count(block, _SHORT)
            long += _count(block, _LONG)
            if not utf8.possible and abs(big5) < _ENOUGH:
                big5 += _leaning(text)
    if given is None:
        given = _of_others(file, gb, big5) if not utf8.possible else _of_utf8(file, gb, short, long)
    return digest.hexdigest(), given


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    """All of it, and an empty one at its end."""
    file.seek(0)
    while block := file.read(_BLOCK):
        yield block
    yield b""


def _count(block: bytes, which: bytes) -> int:
    return len(block) - len(block.translate(None, which))


def _leaning(text: str) -> int:
    """How many more of the characters are common as Big5 alone than are as GB18030 alone."""
    found = Counter("".join(_NOT_ASCII.findall(text)))
    return sum(times * ((each in _ONLY_BIG5) - (each in _ONLY_GB)) for each, times in found.items())


def _of_utf8(file: BinaryIO, gb: _Reading, short: int, long: int) -> str:
    """UTF-8 that is mostly é and Ж, or has no usual Chinese, may be a few names in GB18030: «Ůʿ» is «女士»."""
    if gb.possible and (short > long or (long and not _has_usual(file, "utf-8") and _has_usual(file, "gb18030"))):
        raise _ambiguous(file, ("utf-8", "gb18030"))
    return "utf-8"


def _of_others(file: BinaryIO, gb: _Reading, big5: int) -> str:
    """What is no UTF-8. One name that was cut within a character must not make mojibake of all others."""
    if _is_damaged_utf8(file):
        if gb.possible:
            raise _ambiguous(file, ("utf-8", "gb18030"))
        return "utf-8"  # reading it fails, and names the line
    if gb.possible and big5 > 0:
        raise _ambiguous(file, ("gb18030", "big5"))
    return "gb18030"


def _has_usual(file: BinaryIO, encoding: str) -> bool:
    """Whether any character is one that people use much."""
    return any(not _USUAL.isdisjoint(text) for text in _read(file, encoding))


def _is_damaged_utf8(file: BinaryIO) -> bool:
    """Whether most of the Chinese can be read as UTF-8: of GB18030 hardly anything can, two bytes of each."""
    read = broken = 0
    for text in _read(file, "utf-8"):
        broken += text.count(REPLACED)
        read += sum(each > "\u07ff" and each != REPLACED for each in text)
        if read + broken > _ENOUGH:
            break
    return 2 * read > broken


def _read(file: BinaryIO, encoding: str) -> Iterator[str]:
    decode = codecs.getincrementaldecoder(encoding)("replace").decode
    return (decode(block, not block) for block in _blocks(file))


def _known(encoding: str) -> str:
    try:
        "".encode(encoding)
        if codecs.lookup(encoding).name in _NO_CHARSETS:
            raise LookupError
    except (LookupError, ValueError):
        raise InvalidInput(
            "There is no such encoding. Usual ones are utf-8, gb18030 and utf-16.",
            field="encoding",
            reason="invalid_encoding",
            zh="没有这种编码。常用的有 utf-8、gb18030、utf-16。",
        ) from None
    return encoding


def _ambiguous(file: BinaryIO, encodings: tuple[str, str]) -> InvalidInput:
    runs = list(islice((run for block in _blocks(file) for run in _RUN.findall(block)), _SAMPLES))
    first, second = (" ".join(_shown(run, encoding) for run in runs) for encoding in encodings)
    one, other = encodings
    return InvalidInput(
        f'The list can be read in two ways: as {one} it says "{first}", as {other} "{second}". Say the encoding.',
        field="encoding",
        reason="ambiguous_encoding",
        zh=f"无法判断名单的编码：按 {one} 读为「{first}」，按 {other} 读为「{second}」。请指定编码（encoding）。",
    )


def _shown(run: bytes, encoding: str) -> str:
    return without_invisible(run.decode(encoding, "replace").replace("\t", "").replace("\n", ""))


def not_text(name: str) -> InvalidInput:
    """The error for a file that is no text."""
    return InvalidInput(
        f"This is a {name} file, not CSV. In a spreadsheet choose: File, Save As, CSV UTF-8.",
        field="recipients",
        reason="not_csv",
        zh=f"这是 {name} 文件，不是 CSV。请在表格软件中选择「文件 → 另存为 → CSV UTF-8」。",
    )
