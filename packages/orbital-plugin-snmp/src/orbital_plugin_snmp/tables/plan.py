"""A profile's tables and scalars, compiled: columns as the wire has them, each with what it becomes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orbital_plugin_snmp import oids
from orbital_plugin_snmp.profiles.words import NUMBERS, OID
from orbital_plugin_snmp.tables.convert import Converter, converter
from orbital_plugin_snmp.tables.hints import decimals

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from orbital_plugin_snmp.profiles.models import Filter, Index, Label, Profile, Table, Value
    from orbital_plugin_snmp.profiles.words import TextKind
    from orbital_plugin_snmp.tables.families import Families
    from orbital_sdk import Metric


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """A column, or a scalar, and what its values become."""

    oid: bytes
    value: Value
    metric: Metric
    convert: Converter | None
    """None: the number itself, times `scale`, plus `offset`."""
    scale: float
    offset: float
    stands_in_for: bytes | None = None
    """The column that this one is the fallback of."""

    @property
    def bends(self) -> bool:
        return self.scale != 1.0 or self.offset != 0.0


@dataclass(frozen=True, slots=True)
class FilterPlan:
    """A filter, and where its text comes from: a label of the row, or a column read at every poll."""

    rule: Filter
    label: int | None = None
    oid: bytes | None = None
    kind: TextKind = "gauge"
    enum: Mapping[int, str] = field(default_factory=dict[int, str])


@dataclass(frozen=True, slots=True)
class TablePlan:
    """A table."""

    name: str
    index: tuple[Index, ...]
    labels: tuple[Label, ...]
    label_oids: tuple[bytes, ...]
    columns: tuple[ColumnPlan, ...]
    filters: tuple[FilterPlan, ...]
    changed: bytes | None
    discontinuity: bytes | None

    @property
    def watched(self) -> tuple[bytes, ...]:
        """Columns that are read at every poll, and become no sample by themselves."""
        oids_ = [one.oid for one in self.filters if one.oid is not None]
        if self.discontinuity and any(column.value.unwrap for column in self.columns):
            oids_.append(self.discontinuity)
        return tuple(dict.fromkeys(oids_))


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """All that one task reads."""

    names: tuple[str, ...]
    """Of the profiles."""
    scalars: tuple[ColumnPlan, ...]
    tables: tuple[TablePlan, ...]
    lldp: bool


def compile_profiles(profiles: Iterable[Profile], families: Families) -> ReadPlan:
    """One plan for several profiles: what two of them say alike is read and told once."""
    chosen = list(profiles)
    seen: set[tuple[int, bytes]] = set()
    scalars = [
        column
        for profile in chosen
        for value in profile.scalars
        for column in _columns(value, (), families, scalar=True)
        if _first(seen, column)
    ]
    tables: list[TablePlan] = []
    for profile in chosen:
        for table in profile.tables:
            taken = any(other.name == table.name for other in tables)
            name = f"{profile.name}.{table.name}" if taken else table.name
            tables.append(_table(name, table, families, seen))
    return ReadPlan(
        names=tuple(profile.name for profile in chosen),
        scalars=tuple(scalars),
        tables=tuple(table for table in tables if table.columns),
        lldp=any(profile.neighbors == "lldp" for profile in chosen),
    )


def _first(seen: set[tuple[int, bytes]], column: ColumnPlan) -> bool:
    key = (id(column.metric), column.oid)
    known = key in seen
    seen.add(key)
    return not known


def _table(name: str, table: Table, families: Families, seen: set[tuple[int, bytes]]) -> TablePlan:
    names = [part.label for part in table.index if part.label]
    names += [label.label for label in table.labels]
    columns = [c for value in table.metrics for c in _columns(value, tuple(names), families)]
    return TablePlan(
        name=name,
        index=table.index,
        labels=table.labels,
        label_oids=tuple(oids.encode(label.oid) for label in table.labels),
        columns=tuple(column for column in columns if _first(seen, column)),
        filters=tuple(_filter(rule, table, names) for rule in table.where),
        changed=instance(table.changed) if table.changed else None,
        discontinuity=oids.encode(table.discontinuity) if table.discontinuity else None,
    )


def _columns(
    value: Value, labels: tuple[str, ...], families: Families, *, scalar: bool = False
) -> list[ColumnPlan]:
    made = [_column(value, value.oid, labels, families, scalar=scalar)]
    if value.fallback:
        first = made[0].oid
        made.append(
            _column(value, value.fallback, labels, families, scalar=scalar, stands_in_for=first)
        )
    return made


def _column(
    value: Value,
    oid: str,
    labels: tuple[str, ...],
    families: Families,
    *,
    scalar: bool,
    stands_in_for: bytes | None = None,
) -> ColumnPlan:
    return ColumnPlan(
        oid=instance(oid) if scalar and not value.exact else oids.encode(oid),
        value=value,
        metric=families.of(value, labels)
        if not value.extract
        else families.extracted(value, value.extract[0], labels),
        convert=None if value.type in NUMBERS else converter(value, labels, families),
        scale=value.scale * decimals(value.hint),
        offset=value.offset,
        stands_in_for=stands_in_for,
    )


def instance(oid: str) -> bytes:
    """A scalar's only instance: `.0`, added where it is not there."""
    return oids.encode(oid if oid.endswith(".0") else f"{oid}.0")


def _filter(rule: Filter, table: Table, names: list[str]) -> FilterPlan:
    if OID.fullmatch(rule.column):
        return FilterPlan(rule, oid=oids.encode(rule.column), kind="DisplayString")
    if rule.column in names:
        return FilterPlan(rule, label=names.index(rule.column))
    value = next(value for value in table.metrics if value.name == rule.column)
    return FilterPlan(rule, oid=oids.encode(value.oid), kind="DisplayString", enum=value.enum)
