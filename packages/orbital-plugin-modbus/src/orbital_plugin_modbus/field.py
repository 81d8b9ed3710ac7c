"""A field of a map, resolved: where it lies, how it is unpacked, what its value is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orbital_plugin_modbus.problem import MapProblem
from orbital_plugin_modbus.tables import SIZE, TABLES, Table
from orbital_plugin_modbus.types import BYTES_SWAPPED, ORDERS, TYPES, Convert, Layout, masked

if TYPE_CHECKING:
    from orbital_plugin_modbus.register import Register
    from orbital_plugin_modbus.types import Order


@dataclass(frozen=True, slots=True, eq=False)
class MapField:
    """What the planner, the decoder and the emitter need to know."""

    register: Register
    table: Table
    start: int
    """Its first address, on the wire."""
    size: int
    """Addresses it takes."""
    layout: Layout
    code: str
    """Of `struct`; without a byte order."""
    convert: Convert | None
    scale: float
    offset: float
    invalid: frozenset[float]
    """Values, before scaling, that mean there is none; of a bit field, what its registers hold then."""

    @property
    def stop(self) -> int:
        """The first address behind it."""
        return self.start + self.size

    @property
    def title(self) -> str:
        """What errors call it, and where it is."""
        return f"{self.register.title} ({self.table.name} {self.start})"

    @property
    def is_part(self) -> bool:
        """Whether it is some bits of what is unpacked; `invalid` then speaks of the whole."""
        return self.register.bit is not None

    @property
    def plain(self) -> bool:
        """Whether what is unpacked is the number itself."""
        return self.convert is None

    def value(self, raw: Any) -> float | str | None:
        """The value of what was unpacked; None where the device says that there is none."""
        found = raw if self.convert is None else self.convert(raw)
        if found is None or (raw if self.is_part else found) in self.invalid or found != found:  # noqa: PLR0124 (NaN)
            return None
        if isinstance(found, str):
            return found
        return found * self.scale + self.offset

    def bits(self) -> int:
        """Which bits of its addresses it claims, as a mask from its first address on."""
        if self.table.bits:
            return 1
        room = self.size * 16
        kind, bit = self.register.kind_of_value, self.register.bit
        if kind.endswith("h"):
            return 0xFF00
        if kind.endswith("8l"):
            return 0x00FF
        return (1 << room) - 1 if bit is None else ((1 << self.register.width) - 1) << bit


def resolve(register: Register, order: Order, base: int = 0) -> MapField:
    """The field of a register.

    Args:
        register: As the user wrote it.
        order: The map's; for where the register names none.
        base: Added to the address.

    Raises:
        MapProblem: It lies outside its table.
    """
    table = TABLES[register.table]
    start = register.address + base
    if start + register.size > SIZE:
        raise MapProblem(
            f"{register.title}: {table.name} {register.address} + base {base} is outside the table,"
            f" which ends at {SIZE - 1}",
            register,
        )
    kind = TYPES[register.kind_of_value]
    return MapField(
        register=register,
        table=table,
        start=start,
        size=register.size,
        layout=_layout(register, order),
        code=f"{register.length}s" if kind.code == "s" else kind.code,
        convert=kind.convert if register.bit is None else masked(register.bit, register.width),
        scale=register.scale * kind.factor * 0.5 ** (register.fraction_bits or 0),
        offset=register.offset,
        invalid=_invalid(register),
    )


def _layout(register: Register, order: Order) -> Layout:
    """For a field of one register or of text the map's order says only whether bytes are swapped."""
    chosen = register.order or order
    if register.of_bits:
        return ORDERS["ABCD"]
    if register.size == 1 or register.kind_of_value == "string":
        return ORDERS["BADC" if chosen in BYTES_SWAPPED else "ABCD"]
    return ORDERS[chosen]


def _invalid(register: Register) -> frozenset[float]:
    """Manuals write what stands in the register, 0x8000, where an int16 reads -32768: both are meant."""
    values = {value for value in register.invalid if not math.isnan(value)}
    kind = register.kind_of_value
    width = 8 if "int8" in kind else register.size * 16
    if kind.startswith(("int", "fixed")):
        values |= {value - (1 << width) for value in values if value >= 1 << (width - 1)}
    return frozenset(values)
