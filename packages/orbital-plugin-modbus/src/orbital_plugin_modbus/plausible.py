"""Which byte order is likely the right one: what a person sees in a column of numbers. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, TypeVar

from orbital_plugin_modbus.decoder import ReadDecoder
from orbital_plugin_modbus.field import resolve
from orbital_plugin_modbus.register import Register

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orbital_plugin_modbus.types import Order, TypeName

OrderName = TypeVar("OrderName", bound=str)
USUAL: Final = (1e-3, 1e7)
"""Between these lie most things that are measured."""


def orders_of(kind: TypeName, length: int = 2) -> tuple[Order, ...]:
    """The orders that make a difference for a type; those of one register or of text only swap bytes."""
    several = kind != "string" and _register(kind, length).size > 1
    return ("ABCD", "DCBA", "BADC", "CDAB") if several else ("ABCD", "BADC")


def in_order(
    data: bytes, kind: TypeName, order: Order, length: int = 2
) -> list[float | str | None]:
    """Registers in a row as values of one type.

    Args:
        data: As on the wire; what is left over at the end is ignored.
        kind: Type of each value.
        order: Byte order.
        length: Bytes of each, where they are strings.
    """
    size = _register(kind, length).size
    fields = [
        resolve(_register(kind, length, place), order)
        for place in range(0, len(data) // 2 - size + 1, size)
    ]
    decoder = ReadDecoder(fields, 0)
    values = dict(zip((each.start for each in decoder.fields), decoder.decode(data), strict=True))
    return [values[each.start] for each in fields]


def plausible(columns: Mapping[OrderName, Sequence[float | str | None]]) -> OrderName:
    """The order whose values look most like measurements; ABCD where none stands out."""
    return max(columns, key=lambda order: (sum(map(_score, columns[order])), order == "ABCD"))


def _register(kind: TypeName, length: int, address: int = 0) -> Register:
    fraction = 8 if "fixed" in kind else None
    text = length if kind == "string" else None
    bit = 0 if kind == "bit" else None
    return Register(address=address, type=kind, length=text, fraction_bits=fraction, bit=bit)


def _score(value: float | str | None) -> float:
    if value is None:
        return -20.0
    if isinstance(value, str):
        return sum(1.0 if letter.isascii() and letter.isprintable() else -2.0 for letter in value)
    if not math.isfinite(value):
        return -20.0
    if value == 0:
        return 0.0
    size = abs(value)
    if isinstance(value, int):
        return -math.log2(size)
    low, high = USUAL
    outside = max(0.0, math.log10(low / size), math.log10(size / high))
    return 2.0 + _roundness(value) - 2 * outside


def _roundness(value: float) -> float:
    """0 to 3: people and converters make numbers with few digits."""
    digits = len(f"{value:.6g}".partition("e")[0].replace(".", "").strip("-0"))
    return 3.0 - digits / 2
