"""CREATE TABLE, for one server and for a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Partition = Literal["none", "day", "week", "month", "year"]

_PARTITIONS: Final = {
    "day": "toYYYYMMDD({})", "week": "toMonday({})", "month": "toYYYYMM({})", "year": "toYear({})",
}  # fmt: skip
_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Options:
    """What is the user's choice about a table that we create."""

    ttl: float = 90.0 * _DAY
    """Seconds after which rows are removed; 0: never."""
    partition: Partition = "month"
    cluster: str = ""
    """For ON CLUSTER; empty: this server alone."""
    replicated: bool = False
    deduplication_window: int = 10_000
    """Inserts whose tokens a table remembers."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A table as we create it."""

    table: str
    lines: Sequence[str]
    """Columns and indexes."""
    date: str
    """The expression that partitions and TTL are made of."""
    order: str
    settings: Sequence[str] = ()


def identifier(name: str) -> str:
    """A name as SQL takes it."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def literal(text: str) -> str:
    """A text as SQL takes it."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def create(definition: Definition, options: Options, database: str = "") -> str:
    """The statement, without a semicolon."""
    name = identifier(definition.table)
    if database:
        name = f"{identifier(database)}.{name}"
    cluster = f" ON CLUSTER {identifier(options.cluster)}" if options.cluster else ""
    columns = ",\n    ".join(definition.lines)
    clauses = [
        f"CREATE TABLE IF NOT EXISTS {name}{cluster}\n(\n    {columns}\n)",
        f"ENGINE = {'ReplicatedMergeTree' if options.replicated else 'MergeTree'}",
    ]
    if options.partition != "none":
        clauses.append(f"PARTITION BY {_PARTITIONS[options.partition].format(definition.date)}")
    clauses.append(f"ORDER BY ({definition.order})")
    if options.ttl:
        clauses.append(f"TTL {definition.date} + {_interval(options.ttl)}")
    clauses.append(f"SETTINGS {', '.join([*definition.settings, _window(options)])}")
    return "\n".join(clauses)


def _interval(seconds: float) -> str:
    days, rest = divmod(round(seconds), _DAY)
    return f"INTERVAL {days * _DAY + rest} SECOND" if rest else f"INTERVAL {days} DAY"


def _window(options: Options) -> str:
    """Replicated tables remember tokens anyway; others only when told to."""
    kind = "replicated" if options.replicated else "non_replicated"
    return f"{kind}_deduplication_window = {options.deduplication_window}"
