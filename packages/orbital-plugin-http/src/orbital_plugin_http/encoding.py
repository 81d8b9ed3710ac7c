"""The body of a response, and its text; both without trust in the sender."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from orbital_sdk.inflate import Inflated, inflated

if TYPE_CHECKING:
    from orbital_plugin_http.reply import Reply

_CHARSETS: Final = re.compile(
    r"utf-?8|utf-?16(le|be)?|us-ascii|ascii|latin-?1|iso-8859-\d+|windows-125\d|cp125\d|koi8-[ru]"
    r"|gb2312|gbk|gb18030|big5|shift[_-]jis|euc-(jp|kr)",
    re.IGNORECASE,
)
"""Charsets taken at their word; Python knows others, some of them slow or odd."""
_CHARSET: Final = re.compile(r"charset\s*=\s*\"?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)


def decoded(reply: Reply, limit: int, *, cut: bool) -> Inflated:
    """The body of `reply`, at most `limit` bytes of it when decompressed.

    Args:
        reply: A complete response.
        limit: Bytes.
        cut: Whether a body that is larger is good up to there; if not, that is its problem.
    """
    if reply.truncated and not cut:
        return Inflated(reply.body, f"the body is larger than {limit} bytes")
    body = inflated(reply.body, reply.header(b"content-encoding"), limit)
    shortened = reply.truncated or len(body.data) == limit
    return Inflated(body.data) if cut and shortened and body.data else body


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
