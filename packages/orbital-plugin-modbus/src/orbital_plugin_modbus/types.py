"""How registers become numbers: the types of a field, and the order of its bytes.

Two questions settle an order: whether the bytes inside each register are swapped, and whether the whole is
then little-endian. ABCD: neither. DCBA: little-endian. BADC: swapped. CDAB: both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal, NamedTuple

TypeName = Literal[
    "bit", "int8h", "int8l", "uint8h", "uint8l", "int16", "uint16", "int32", "uint32", "int64", "uint64",
    "float16", "float32", "float64", "fixed16", "ufixed16", "fixed32", "ufixed32", "fixed64", "ufixed64",
    "bcd16", "bcd32", "bcd64", "time32", "time64", "time64_ms", "string",
]  # fmt: skip
Order = Literal["ABCD", "DCBA", "BADC", "CDAB"]

Convert = Callable[[Any], float | str | None]
"""What was unpacked -> the value; None where it makes no number."""


class Layout(NamedTuple):
    """Where bytes stand."""

    swapped: bool
    """The two bytes of each register are exchanged."""
    little: bool
    """After that, the first register is the least significant."""


ORDERS: Final[dict[str, Layout]] = {
    "ABCD": Layout(swapped=False, little=False),
    "DCBA": Layout(swapped=False, little=True),
    "BADC": Layout(swapped=True, little=False),
    "CDAB": Layout(swapped=True, little=True),
}
BYTES_SWAPPED: Final = frozenset({"DCBA", "BADC"})
"""Orders in which the low byte of a register comes first on the wire."""


class Type(NamedTuple):
    """One type of a field."""

    registers: int
    """0: as many as the field says."""
    code: str
    """Of `struct`."""
    factor: float = 1.0
    convert: Convert | None = None


def _uint8h(raw: int) -> int:
    return raw >> 8


def _uint8l(raw: int) -> int:
    return raw & 255


def _int8h(raw: int) -> int:
    return _int8l(raw >> 8)


def _int8l(raw: int) -> int:
    return (raw & 255 ^ 128) - 128


def bcd(raw: int) -> int | None:
    """Four bits a decimal digit; None where one is above 9."""
    try:
        return int(f"{raw:x}")
    except ValueError:
        return None


def text(raw: bytes) -> str:
    """Up to the first NUL, without the blanks that devices pad with; what is not UTF-8 is replaced."""
    return raw.partition(b"\0")[0].decode("utf-8", "replace").strip()


TYPES: Final[dict[str, Type]] = {
    "bit": Type(1, "H"),
    "int8h": Type(1, "H", convert=_int8h),
    "int8l": Type(1, "H", convert=_int8l),
    "uint8h": Type(1, "H", convert=_uint8h),
    "uint8l": Type(1, "H", convert=_uint8l),
    "int16": Type(1, "h"), "uint16": Type(1, "H"), "int32": Type(2, "i"), "uint32": Type(2, "I"),
    "int64": Type(4, "q"), "uint64": Type(4, "Q"),
    "float16": Type(1, "e"), "float32": Type(2, "f"), "float64": Type(4, "d"),
    "fixed16": Type(1, "h"), "ufixed16": Type(1, "H"), "fixed32": Type(2, "i"), "ufixed32": Type(2, "I"),
    "fixed64": Type(4, "q"), "ufixed64": Type(4, "Q"),
    "bcd16": Type(1, "H", convert=bcd), "bcd32": Type(2, "I", convert=bcd),
    "bcd64": Type(4, "Q", convert=bcd),
    "time32": Type(2, "I"), "time64": Type(4, "Q"), "time64_ms": Type(4, "Q", factor=1e-3),
    "string": Type(0, "s", convert=text),
}  # fmt: skip
UNSIGNED: Final = frozenset({"uint16", "uint32", "uint64"})
INTEGERS: Final = UNSIGNED | {
    "int8h", "int8l", "uint8h", "uint8l", "int16", "int32", "int64", "bcd16", "bcd32", "bcd64",
}  # fmt: skip
FLOATS: Final = frozenset({"float16", "float32", "float64"})


def masked(shift: int, width: int) -> Convert:
    """Takes the `width` bits from bit `shift` on, bit 0 being the least significant."""
    mask = (1 << width) - 1

    def convert(raw: int) -> int:
        return raw >> shift & mask

    return convert
