"""What may cross at most, and the types of numbers and texts that say so in the schema."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

CONTRACT: Final = 1
"""Of the SDK, and so of what crosses."""
MESSAGE: Final = 64 << 20
"""Bytes of one message. Whoever gets a longer one ends the connection."""
ROWS: Final = 1_000_000
"""Series of one table, or rows of one layout."""
TABLES: Final = 16
"""Tables of one session that are remembered."""
LAYOUTS: Final = 65_536
"""Layouts of one writer that are remembered."""
WORDS: Final = 16_384
"""Characters of an error, of a line of a log, of what `test` says."""
NAME: Final = 1024
"""Characters of a name: of a class, a metric, a task, a unit."""

Number = Annotated[int, Meta(ge=0, le=2**53 - 1)]
"""Of a call, an instance, a session. Each end that makes one counts up from 0 or 1 and uses none twice."""
Words = Annotated[str, Meta(max_length=WORDS)]
Name = Annotated[str, Meta(max_length=NAME)]
Seconds = Annotated[float, Meta(ge=0)]
Milliseconds = Annotated[int, Meta(ge=0, le=2**63 - 1)]
"""Since 1970, UTC."""
Doubles = Annotated[bytes, Meta(max_length=8 * ROWS)]
"""IEEE 754 binary64, little endian, one after the other: 8 bytes each."""
Times = Annotated[bytes, Meta(max_length=8 * ROWS)]
"""Signed 64-bit integers, little endian: milliseconds since 1970 UTC; -2^63 is the time of the collection."""
NO_TIME: Final = -(2**63)


def cut(text: str, length: int = WORDS) -> str:
    """Text that may cross: what UTF-8 cannot carry becomes `?`, and what is too long ends early."""
    return text[:length].encode("utf-8", "replace").decode()
