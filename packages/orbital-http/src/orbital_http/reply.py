"""An answer: what came, and what it says to people."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from orbital_sdk.secrecy import scrub
from orbital_sdk.waiting import retry_after

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST: Final = 100_000
"""Bytes of a body that `Reply.text` looks at."""
WORDS: Final = 300
"""Characters of a text that `one_line` keeps."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Looked up without regard to case by those of a client."""
    body: bytes | bytearray = b""

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_temporary(self) -> bool:
        """Whether the same request may be taken later (RFC 9110, 15.5.9 and 15.6; RFC 8470; RFC 6585)."""
        return self.status in {408, 425, 429} or self.status >= 500

    @property
    def retry_after(self) -> float | None:
        """Seconds that it asks to wait."""
        return retry_after(self.headers.get("Retry-After", ""))

    @property
    def text(self) -> str:
        """The beginning of the body, with nothing that we sent in confidence."""
        return scrub(self.body[:MOST].decode("utf-8", errors="replace"))  # before a cut halves one


def one_line(text: str) -> str:
    """The beginning of a server's text or page, on one line for a message."""
    text = text[:MOST]
    if re.match(r"\s*<(!doctype|html)", text, re.IGNORECASE):
        text = re.sub(r"<[^<>]*>", " ", text)  # no `<` inside: linear, whatever a server sends
    text = " ".join("".join(c if c.isprintable() else " " for c in text[: 20 * WORDS]).split())
    return text if len(text) <= WORDS else f"{text[:WORDS]}…"
