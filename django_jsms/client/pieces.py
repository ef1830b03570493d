"""The body of an answer in decoded pieces, as they come and within a cap."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any, Final

#: Of an answer, decoded. JSMS's largest, 1000 recipients that failed, is a quarter of it.
LARGEST_ANSWER: Final = 1024 * 1024
#: Of what is handed out once: 500 replies of 8 KB. A database takes it in one packet, however it is quoted.
LARGEST_PULL: Final = 4 * 1024 * 1024
_PIECE: Final = 64 * 1024


def pieces(raw: Any, most: int) -> Iterator[bytes]:
    """The body, decoded, as it comes; ValueError beyond the cap, the library's errors when it breaks off.

    200 MB fit into 194 KB of gzip: no more is unpacked than the cap (semantics 4).
    """
    unpacker, left = _unpacker(raw.headers.get("Content-Encoding", "")), most
    begun = False
    while not raw.closed:
        packed = raw.read(_PIECE, decode_content=False)
        begun = begun or bool(packed)
        plain = unpacker.decompress(packed, left + 1) if unpacker else packed
        yield plain[:left]
        left -= len(plain)
        if left < 0 or (unpacker and unpacker.unused_data):
            raise ValueError("the answer is too large, or goes on behind its end")
    if unpacker and begun and not unpacker.eof:
        raise ValueError("the answer is broken off")


def _unpacker(encoding: str) -> Any:
    named = encoding.strip().lower()
    if named in ("", "identity"):
        return None
    if named not in ("gzip", "x-gzip", "deflate"):
        raise ValueError("an encoding that was not asked for")
    return zlib.decompressobj(wbits=47)  # gzip or zlib, by the first bytes
