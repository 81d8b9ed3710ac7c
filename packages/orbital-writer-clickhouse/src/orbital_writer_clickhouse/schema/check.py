"""Whether a table that is there takes what we send, and what differs where it does not."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from orbital_sdk import WriterMisconfigured
from orbital_writer_clickhouse.columns import MILLISECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orbital_writer_clickhouse.columns import Column, Kind, Table

_TEXT: Final = r"(String|FixedString\(\d+\)|Enum(8|16)\(.*\)|UUID|IPv4|IPv6)"
_NUMBER: Final = r"(U?Int(8|16|32|64|128|256)|B?Float(16|32|64)|Decimal(\d+)?\(.*\))"
_TAKES: Final[Mapping[Kind, str]] = {
    "text": _TEXT,
    "labels": rf"Map\({_TEXT}, {_TEXT}\)",
    "value": _NUMBER,
    "int32": _NUMBER,
    "bool": rf"(Bool|{_NUMBER})",
    "time": r"(DateTime64\(.*\)|DateTime(\(.*\))?|U?Int64)",
}
_WANTED: Final[Mapping[Kind, str]] = {
    "text": "String",
    "labels": "Map(String, String)",
    "value": "Float64",
    "int32": "Int32",
    "bool": "Bool",
    "time": "DateTime64(3)",
}


_TTL: Final = re.compile(
    r"\bTTL [\w`()]+ \+ toInterval(Second|Minute|Hour|Day|Week|Month|Year)\((\d+)\)(?= SETTINGS\b|$)"
)
_MILLISECONDS: Final = {
    "Second": 1000, "Minute": 60_000, "Hour": 3_600_000, "Day": 86_400_000, "Week": 7 * 86_400_000,
    "Month": 31 * 86_400_000, "Year": 366 * 86_400_000,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ServerColumn:
    """A column of a table as `DESCRIBE TABLE` shows it."""

    name: str
    type: str
    computed: str = ""
    """`MATERIALIZED`, `ALIAS` or `EPHEMERAL` where nothing can be inserted as it stands; else empty."""


def fit(table: Table, found: Sequence[ServerColumn], *, exact: bool = False) -> Table:
    """The table with the columns that are there.

    Args:
        table: What we would send.
        found: What is there.
        exact: Whether values go out as the table's own types, which the native protocol wants. Else the
            server converts them.

    Raises:
        WriterMisconfigured: Columns are missing or of another kind; each is named.
    """
    known = {column.name: column for column in found}
    differences: list[str] = []
    kept: list[Column] = []
    for column in table.columns:
        there = known.get(column.name)
        if there is None:
            if not column.optional:
                differences.append(f"{column.name} is missing (wanted {_WANTED[column.kind]})")
        elif there.computed:
            differences.append(f"{column.name} is {there.computed} and takes no values")
        elif not _takes(column.kind, there.type, exact=exact):
            differences.append(f"{column.name} is {there.type}, wanted {_WANTED[column.kind]}")
        else:
            kept.append(_as_there(column, there, exact=exact))
    if differences:
        raise WriterMisconfigured(f"table {table.name} does not fit: {'; '.join(differences)}")
    return replace(table, columns=tuple(kept))


def ttl(engine: str) -> float:
    """Milliseconds for which a table keeps its rows: infinity where it says nothing so simple.

    Args:
        engine: `engine_full` of `system.tables`.
    """
    found = _TTL.search(engine)
    return int(found[2]) * _MILLISECONDS[found[1]] if found else math.inf


def _takes(kind: Kind, type_: str, *, exact: bool) -> bool:
    wanted = r"Float(32|64)" if exact and kind == "value" else _TAKES[kind]
    return re.fullmatch(wanted, _plain(type_)) is not None


def _as_there(column: Column, there: ServerColumn, *, exact: bool) -> Column:
    """A time in the table's own unit, where that matters."""
    if column.kind != "time":
        return column
    if "Int64" in there.type:
        return replace(column, as_number=True, precision=MILLISECONDS)
    if not exact:
        return column
    digits = re.search(r"DateTime64\((\d)", there.type)
    return replace(column, precision=int(digits[1]) if digits else 0)


def _plain(type_: str) -> str:
    """The type without what makes no difference to an insert: LowCardinality and Nullable."""
    while True:
        plain = re.sub(r"(LowCardinality|Nullable)\(((?:[^()]|\([^()]*\))*)\)", r"\2", type_)
        if plain == type_:
            return plain
        type_ = plain
