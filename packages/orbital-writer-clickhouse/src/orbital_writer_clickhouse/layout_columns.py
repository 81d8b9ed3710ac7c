"""What of an insert is known once a layout is: every column but value and time, in the bytes of the wire.

ClickHouse's Native format keeps columns one after the other, so the columns of a request are those of its
layouts, joined (clickhouse.com/docs, "Native" under formats; src/DataTypes/Serializations).
"""

from __future__ import annotations

import sys
from array import array
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orbital_sdk import Layout
    from orbital_writer_clickhouse.columns import Cell, Column, Table


class Piece(NamedTuple):
    """One column of a layout's rows."""

    data: bytes
    """All of it; of a map nothing."""
    counts: array[int]
    """Of a map: how many labels each row has."""
    keys: bytes
    values: bytes


NO_COUNTS: Final = array("Q")


class LayoutColumns:
    """The rows of a layout that go into one table."""

    __slots__ = ("cells", "pick", "pieces", "rows")

    def __init__(self, layout: Layout, table: Table, *, in_python: bool) -> None:
        chosen = [n for n, row in enumerate(layout.rows) if table.takes is None or table.takes(row)]
        self.rows = len(chosen)
        self.pick = picker(chosen) if self.rows < len(layout.rows) else None
        """Takes the column of these rows out of one of all rows; None where these are all."""
        columns = [
            [column.cell(layout.origin, layout.rows[n]) for n in chosen] if column.cell else []
            for column in table.columns
        ]
        self.cells: list[list[Cell]] = [list(map(_clean, c)) for c in columns] if in_python else []
        """By column, for clients that want Python's own values."""
        self.pieces = [] if in_python else list(map(_piece, table.columns, columns))
        """By column, for the wire."""


def picker(chosen: Sequence[int]) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """What takes these positions out of a sequence."""
    if len(chosen) > 1:
        return cast("Callable[[Sequence[Any]], Sequence[Any]]", itemgetter(*chosen))
    return lambda column: [column[n] for n in chosen]  # itemgetter of one gives no sequence


def varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def text(value: str) -> bytes:
    """A string with its length. What is not Unicode text (a lone surrogate) becomes `?`."""
    data = value.encode(errors="replace")
    return varint(len(data)) + data


def little(numbers: array[Any]) -> bytes:
    """A column of numbers."""
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers.tobytes()


def _piece(column: Column, cells: Sequence[Cell]) -> Piece:
    if column.kind == "labels":
        maps = cast("Sequence[Mapping[str, str]]", cells)
        known: dict[str, bytes] = {}
        return Piece(
            b"",
            array("Q", map(len, maps)),
            b"".join([_once(name, known) for labels in maps for name in labels]),
            b"".join([_once(value, known) for labels in maps for value in labels.values()]),
        )
    if column.kind == "text":
        known = {}
        data = b"".join([_once(cell, known) for cell in cast("Sequence[str]", cells)])
    else:
        numbers = cast("Sequence[int]", cells)
        data = bytes(numbers) if column.kind == "bool" else little(array("i", numbers))
    return Piece(data, NO_COUNTS, b"", b"")


def _clean(cell: Cell) -> Cell:
    """As `text` does it, for clients that encode themselves."""
    if isinstance(cell, str):
        return cell if cell.isascii() else cell.encode(errors="replace").decode()
    if isinstance(cell, int):
        return cell
    return {str(_clean(name)): str(_clean(value)) for name, value in cell.items()}


def _once(value: str, known: dict[str, bytes]) -> bytes:
    found = known.get(value)
    if found is None:
        found = known[value] = text(value)
    return found
