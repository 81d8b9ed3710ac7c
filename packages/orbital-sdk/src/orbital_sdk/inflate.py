"""Content-Encoding taken off, within bounds: a megabyte of gzip may become a gigabyte."""

from __future__ import annotations

import zlib
from typing import Final, NamedTuple

MEMBERS: Final = 16
"""Parts that one gzip body may have."""
FREE: Final = 1 << 20
"""Bytes that may come out whatever went in."""
PIECE: Final = 16 << 10
"""Bytes that are unpacked at once."""
_GZIP: Final = 31
_ZLIB: Final = 15


class Inflated(NamedTuple):
    """A body without its encoding."""

    data: bytes | bytearray
    problem: str = ""
    """Why it is not whole; empty where it is."""


def inflated(body: bytes | bytearray, coding: str, limit: int, *, times: int = 0) -> Inflated:
    """At most `limit` bytes of what `body` was made of. No more than that is ever held.

    Args:
        body: As it came.
        coding: Of the header `Content-Encoding` (RFC 9110, 8.4): gzip, deflate, or nothing.
        limit: Bytes.
        times: How many times as large it may become, beyond the first megabyte; 0 is as many as it likes.
    """
    coding = coding.strip().lower()
    if not body or coding in {"", "identity"}:
        return _cut(body, limit, "")
    if coding in {"gzip", "x-gzip"}:
        return _inflated(body, _GZIP, limit, times)
    if coding == "deflate":
        return _inflated(body, _ZLIB if _framed(body) else -_ZLIB, limit, times)
    return Inflated(b"", f"content-encoding {coding[:40]!r} is not known here")


def _framed(body: bytes | bytearray) -> bool:
    """Whether it has zlib's two header bytes (RFC 1950), as RFC 9110 wants; some servers leave them out."""
    return body[0] & 0x0F == zlib.DEFLATED and int.from_bytes(body[:2], "big") % 31 == 0


def _inflated(body: bytes | bytearray, wbits: int, limit: int, times: int) -> Inflated:
    out, view, at = bytearray(), memoryview(body), 0
    for _ in range(MEMBERS):
        member = zlib.decompressobj(wbits)
        while at < len(view) and not member.eof:
            piece = view[at : at + PIECE]
            room = min(limit, FREE + times * (at + len(piece))) if times else limit
            try:
                out += member.decompress(piece, room + 1 - len(out))
            except zlib.error as error:
                return Inflated(out, f"the compressed body is damaged ({error})")
            if len(out) > limit:
                return _cut(out, limit, " when decompressed")
            if len(out) > room:
                return Inflated(out, f"the body becomes more than {times} times as large")
            at += len(piece) - len(member.unused_data)
        if not member.eof:
            return Inflated(out, "the compressed body is cut off")
        if wbits != _GZIP or body[at : at + 2] != b"\x1f\x8b":
            return Inflated(out)
    return Inflated(out, f"the compressed body has more than {MEMBERS} parts")


def _cut(data: bytes | bytearray, limit: int, when: str) -> Inflated:
    if len(data) <= limit:
        return Inflated(data)
    return Inflated(data[:limit], f"the body is larger than {limit} bytes{when}")
