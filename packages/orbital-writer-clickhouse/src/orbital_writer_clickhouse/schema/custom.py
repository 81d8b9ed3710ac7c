"""Schema `custom`: the user's own table, and what goes into which of its columns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from orbital_writer_clickhouse.columns import Column, Table, constant
from orbital_writer_clickhouse.origin import OriginLabel, all_labels

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orbital_sdk import Origin, Row

_TEXTS: Final[Mapping[str, Callable[[Origin, Row], str]]] = {
    "name": lambda _, row: row.name,
    "type": lambda _, row: row.kind,
    "unit": lambda _, row: row.unit,
    "device_id": lambda origin, _: origin.device_id,
    "task": lambda origin, _: origin.task,
    "plugin": lambda origin, _: origin.plugin,
    "target": lambda origin, _: origin.target,
    "sentinel": lambda origin, _: origin.sentinel.name,
    "sentinel_id": lambda origin, _: origin.sentinel.id,
    "region": lambda origin, _: origin.sentinel.region,
}
SOURCES: Final = ("timestamp", "value", "labels", *_TEXTS)
"""What a column may be filled with, beside `label:NAME` and `=some text`."""


def check_source(source: str) -> None:
    """Raises ValueError where nothing is called so."""
    if source not in SOURCES and not re.match(r"label:.|=", source):
        raise ValueError(f"{source!r} is not one of {', '.join(SOURCES)}, label:NAME and =TEXT")


def custom_table(table: str, columns: Mapping[str, str], chosen: Sequence[OriginLabel]) -> Table:
    """What goes where: column -> source."""
    return Table(
        table,
        tuple(_column(name, source, chosen) for name, source in columns.items()),
        key=f"custom, {chosen}, {sorted(columns.items())}",
    )


def _column(name: str, source: str, chosen: Sequence[OriginLabel]) -> Column:
    if source == "timestamp":
        return Column(name, "time")
    if source == "value":
        return Column(name, "value")
    if source == "labels":
        return Column(name, "labels", lambda origin, row: all_labels(origin, row, chosen))
    if source.startswith("="):
        return Column(name, "text", constant(source[1:]))
    if source.startswith("label:"):
        label = source.removeprefix("label:")
        return Column(
            name, "text", lambda origin, row: all_labels(origin, row, chosen).get(label, "")
        )
    return Column(name, "text", _TEXTS[source])
