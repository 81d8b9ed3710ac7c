"""Columns: what a table's column is called, what fills it, and as which type it is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orbital_sdk import Origin, Row

Kind = Literal["text", "labels", "int32", "bool", "value", "time"]
Cell: TypeAlias = "str | int | Mapping[str, str]"

MILLISECONDS: Final = 3
NANOSECONDS: Final = 9


@dataclass(frozen=True, slots=True)
class Column:
    """One column of an insert."""

    name: str
    kind: Kind
    cell: Callable[[Origin, Row], Cell] | None = None
    """What it holds for a row; None for the value and the time, which no layout knows."""
    precision: int = MILLISECONDS
    """Of a time: digits of the fraction of a second."""
    optional: bool = False
    """Whether a table without it will do."""
    as_number: bool = False
    """Of a time: send milliseconds as `Int64`, for a table that keeps them so."""

    @property
    def type(self) -> str:
        """As which type it goes out. The server converts it into the table's, where it can."""
        if self.kind == "time":
            return "Int64" if self.as_number else f"DateTime64({self.precision})"
        return _TYPES[self.kind]


_TYPES: Final[Mapping[Kind, str]] = {
    "text": "String",
    "labels": "Map(String, String)",
    "int32": "Int32",
    "bool": "Bool",
    "value": "Float64",
}


def constant(cell: Cell) -> Callable[[Origin, Row], Cell]:
    """The same for every row."""
    return lambda _origin, _row: cell


@dataclass(frozen=True, slots=True)
class Table:
    """A table and what goes there."""

    name: str
    columns: Sequence[Column]
    key: str
    """What its cells depend on beside the rows: tables of equal names, columns and keys share caches."""
    takes: Callable[[Row], bool] | None = None
    """Which rows; None: all."""
