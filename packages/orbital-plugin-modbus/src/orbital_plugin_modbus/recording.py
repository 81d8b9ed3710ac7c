"""Registers as text: what `sentinel modbus read --record` writes and `sentinel test` replays.

A line for each read: `unit 1 holding 100: 00e6 01f4`, in hexadecimal, as on the wire; bits are `0` and `1`.
`unit 1` may be left out: then every unit has these registers. `#` begins a comment.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from orbital_plugin_modbus.tables import SIZE, TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orbital_plugin_modbus.tables import Read, Table

_LINE: Final = re.compile(
    r"(?:unit\s+(?P<unit>\d+)\s+)?(?P<table>[a-z]+)\s+(?P<start>\d+)\s*:\s*(?P<cells>[0-9a-fA-F\s]+)"
)


class Cell(NamedTuple):
    """Where a register or bit is."""

    unit: int | None
    """None: every unit has it."""
    table: str
    address: int


def recorded(unit: int, read: Read, data: bytes) -> str:
    """The answer to a read as a line.

    Args:
        unit: Who answered.
        read: What was asked.
        data: As `Link.read` gives it.
    """
    if read.table.bits:
        bits = int.from_bytes(data, "little")
        cells = " ".join([str(bits >> place & 1) for place in range(read.count)])
    else:
        cells = data.hex(" ", 2)
    return f"unit {unit} {read.table.name} {read.start}: {cells}"


def read_recording(text: str) -> dict[Cell, int]:
    """Every register and bit of a recording.

    Raises:
        ValueError: A line that is none, with its number.
    """
    found: dict[Cell, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        given = line.partition("#")[0].strip()
        try:
            found.update(_cells(given) if given else ())
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from error
    return found


def _cells(line: str) -> Iterator[tuple[Cell, int]]:
    parts = _LINE.fullmatch(line)
    if parts is None or parts["table"] not in TABLES:
        tables = ", ".join(TABLES)
        raise ValueError(f"write a line like 'holding 100: 00e6 01f4'; the tables are {tables}")
    table, start = TABLES[parts["table"]], int(parts["start"])
    unit = None if parts["unit"] is None else int(parts["unit"])
    for address, text in enumerate(parts["cells"].split(), start):
        yield Cell(unit, table.name, address), _value(text, table, address)


def _value(text: str, table: Table, address: int) -> int:
    if address >= SIZE:
        raise ValueError(f"the last address is {SIZE - 1}")
    if table.bits and text not in ("0", "1"):
        raise ValueError(f"{text!r} is not a bit; write 0 or 1")
    if len(text) > 4:
        raise ValueError(f"{text!r} is not a register; write four hexadecimal digits")
    return int(text, 16)
