"""Content-Encoding taken off, and text made of bytes; both without trust in the sender."""

from __future__ import annotations

import re
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from orbital_plugin_http.reply import Reply

MEMBERS: Final = 16
"""Parts that one gzip body may have."""
_GZIP: Final = 31
_ZLIB: Final = 15
_CHARSETS: Final = re.compile(
    r"utf-?8|utf-?16(le|be)?|us-ascii|ascii|latin-?1|iso-8859-\d+|windows-125\d|cp125\d|koi8-[ru]"
    r"|gb2312|gbk|gb18030|big5|shift[_-]jis|euc-(jp|kr)",
    re.IGNORECASE,
)
"""Charsets taken at their word; Python knows others, some of them slow or odd."""
_CHARSET: Final = re.compile(r"charset\s*=\s*\"?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)


class Decoded(NamedTuple):
    """A body without its encoding."""

    data: bytes | bytearray
    problem: str = ""
    """Why it is not whole; empty where it is."""


def decoded(reply: Reply, limit: int, *, cut: bool) -> Decoded:
    """The body of `reply`, at most `limit` bytes of it when decompressed.

    Args:
        reply: A complete response.
        limit: Bytes.
        cut: Whether a body that is larger is good up to there; if not, that is its problem.
    """
    if reply.truncated and not cut:
        return Decoded(reply.body, f"the body is larger than {limit} bytes")
    if b"content-encoding" not in reply.headers or not reply.body:
        return Decoded(reply.body)
    coding = reply.header(b"content-encoding").strip().lower()
    if coding in ("", "identity"):
        return Decoded(reply.body)
    if coding in ("gzip", "x-gzip"):
        body = _inflate(reply.body, limit, _GZIP)
    elif coding == "deflate":
        body = _inflate(reply.body, limit, _ZLIB if _framed(reply.body) else -_ZLIB)
    else:
        return Decoded(reply.body, f"content-encoding {coding[:40]!r} is not known here")
    shortened = reply.truncated or len(body.data) == limit
    return Decoded(body.data) if cut and shortened else body


def _framed(body: bytes | bytearray) -> bool:
    """Whether it has zlib's two header bytes (RFC 1950), as RFC 9110 wants; some servers leave them out."""
    return body[0] & 0x0F == zlib.DEFLATED and int.from_bytes(body[:2], "big") % 31 == 0


def _inflate(data: bytes | bytearray, limit: int, wbits: int) -> Decoded:
    out, rest = bytearray(), bytes(data)
    for _ in range(MEMBERS):
        member = zlib.decompressobj(wbits)
        try:
            out += member.decompress(rest, limit + 1 - len(out))
        except zlib.error as error:
            return Decoded(out, f"the compressed body is damaged ({error})")
        if len(out) > limit:
            return Decoded(out[:limit], f"the body is larger than {limit} bytes when decompressed")
        if not member.eof:
            return Decoded(out, "the compressed body is cut off")
        rest = member.unused_data
        if wbits != _GZIP or not rest.startswith(b"\x1f\x8b"):
            return Decoded(out)
    return Decoded(out, f"the compressed body has more than {MEMBERS} parts")


def text_of(data: bytes | bytearray, content_type: str) -> str:
    """The body as text: by its charset, else UTF-8; what does not fit becomes U+FFFD."""
    try:
        return data.decode(_charset(content_type), errors="replace")
    except LookupError:
        return data.decode(errors="replace")


@lru_cache(maxsize=256)
def _charset(content_type: str) -> str:
    match = _CHARSET.search(content_type)
    return match[1] if match and _CHARSETS.fullmatch(match[1]) else "utf-8"
