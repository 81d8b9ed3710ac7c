"""The four tables of a Modbus device (Modbus Application Protocol Specification V1.1b3, 4.3 and 6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

TableName = Literal["coil", "discrete", "input", "holding"]

SIZE: Final = 65536
"""Addresses of a table: 0 to 65535 on the wire."""


class Table(NamedTuple):
    """One of the four."""

    name: TableName
    function: int
    """Function code that reads it."""
    bits: bool
    """Whether an address holds one bit, and not 16."""
    most: int
    """Addresses that one read may ask for."""
    prefix: str
    """What a metric without a name of its own is called, before the address."""


TABLES: Final[dict[str, Table]] = {
    table.name: table
    for table in (
        Table("coil", 1, bits=True, most=2000, prefix="modbus_coil"),
        Table("discrete", 2, bits=True, most=2000, prefix="modbus_discrete_input"),
        Table("holding", 3, bits=False, most=125, prefix="modbus_register"),
        Table("input", 4, bits=False, most=125, prefix="modbus_input_register"),
    )
}


@dataclass(frozen=True, slots=True)
class Read:
    """One request: `count` addresses of a table from `start` on."""

    table: Table
    start: int
    count: int

    @property
    def stop(self) -> int:
        """The first address behind."""
        return self.start + self.count

    @property
    def size(self) -> int:
        """Bytes of data in the answer."""
        return (self.count + 7) // 8 if self.table.bits else self.count * 2

    def __str__(self) -> str:
        last = f"..{self.stop - 1}" if self.count > 1 else ""
        return f"{self.table.name} {self.start}{last}"
