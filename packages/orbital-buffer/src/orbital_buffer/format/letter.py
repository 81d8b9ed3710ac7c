"""A dead letter: a sample that a destination refused, with its error text.

Stored as `crc32 | version | msgpack`, with the series as a layout of one row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from orbital_buffer.format.frame import seal, unseal
from orbital_buffer.format.layout import decode_layout, encode_layout
from orbital_buffer.model.damage import Damaged
from orbital_sdk import Layout

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from orbital_sdk import Origin, Row

VERSION: Final = 1
WORDS: Final = 1000
"""Maximum characters of the error text."""
_BITS: Final = 32
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A refused sample, and why it was refused."""

    output: str
    at_ms: int
    """Milliseconds UTC of the refusal."""
    origin: Origin
    row: Row
    value: float
    ts: int
    """Milliseconds UTC of the sample."""
    reason: str
    """The server's error text."""
    seq: int = 0
    """Its batch; not stored."""
    id: int = 0
    """Unique; assigned by the buffer: `start << 32 | number`."""


class Head(msgspec.Struct, array_like=True, frozen=True):
    """The stored fields that the index needs."""

    output: str
    at_ms: int


class _Stored(msgspec.Struct, array_like=True, frozen=True):
    output: str
    at_ms: int
    ts: int
    value: float
    reason: str
    layout: bytes


_encoder: Final = msgspec.msgpack.Encoder()
_heads: Final = msgspec.msgpack.Decoder(Head)
_whole: Final = msgspec.msgpack.Decoder(_Stored)


def encode_letters(letters: Iterable[DeadLetter]) -> Iterator[bytes]:
    """Encode letters, with error texts of at most `WORDS` characters and all bits of each value.

    Letters of one refusal share rows, which are encoded once.
    """
    layouts: dict[tuple[int, int], bytes] = {}
    for letter in letters:
        series = id(letter.origin), id(letter.row)
        layout = layouts.get(series)
        if layout is None:
            layout = layouts[series] = encode_layout(Layout(letter.origin, (letter.row,)))
        words = letter.reason[:WORDS].encode(errors="replace").decode()
        stored = _Stored(letter.output, letter.at_ms, letter.ts, letter.value, words, layout)
        yield seal(VERSION, _encoder.encode(stored))


def decode_letter(data: bytes, letter: int) -> DeadLetter:
    """Decode a letter.

    Raises:
        Damaged: The bytes are not what was written.
    """
    stored = _read(data, _whole)
    layout = decode_layout(stored.layout)
    if len(layout) != 1:
        raise Damaged(f"a dead letter of {len(layout)} series")
    return DeadLetter(
        stored.output, stored.at_ms, layout.origin, layout.rows[0], stored.value, stored.ts,
        stored.reason, id=letter,
    )  # fmt: skip


def head_of(data: bytes) -> Head:
    """Output and time of a stored letter.

    Raises:
        Damaged: As `decode_letter`.
    """
    return _read(data, _heads)


def first_of(start: int) -> int:
    """The first id of this start of the buffer."""
    return (start << _BITS) + 1


def id_text(letter: int) -> str:
    """An id as text: `3-17` is the 17th letter of the 3rd start."""
    return f"{letter >> _BITS}-{letter & ((1 << _BITS) - 1)}"


def id_of(text: str) -> int:
    """The inverse of `id_text`.

    Raises:
        ValueError: It is not an id.
    """
    start, dash, number = text.partition("-")
    if not (dash and start.isascii() and start.isdigit() and number.isascii() and number.isdigit()):
        raise ValueError(f"{text!r} is not an id of a dead letter; they look like 3-17")
    letter = (int(start) << _BITS) + int(number)
    if int(number) >> _BITS or letter >> 64:
        raise ValueError(f"{text!r} is not an id of a dead letter: too large")
    return letter


def _read(data: bytes, decoder: msgspec.msgpack.Decoder[_T]) -> _T:
    try:
        return decoder.decode(unseal(VERSION, data))
    except msgspec.MsgspecError as error:
        raise Damaged(f"not a dead letter: {error}") from error
