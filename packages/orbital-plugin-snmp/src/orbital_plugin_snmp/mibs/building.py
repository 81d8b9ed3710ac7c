"""A profile out of a MIB's table, row, group or scalar: a beginning, which people then edit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import yaml

from orbital_sdk import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orbital_plugin_snmp.mibs.library import Library, MibObject

COUNTERS: Final = frozenset({"Counter", "Counter32", "Counter64"})
NUMBERS: Final = COUNTERS | {
    "Gauge", "Gauge32", "Integer32", "INTEGER", "Unsigned32", "UInteger32", "TimeTicks", "Opaque",
}  # fmt: skip
CONVENTIONS: Final = {
    "MacAddress": "PhysAddress48", "PhysAddress": "PhysAddress48", "DateAndTime": "DateAndTime",
    "InetAddress": "InetAddress", "InetAddressIPv4": "InetAddressIPv4",
    "InetAddressIPv6": "InetAddressIPv6", "CounterBasedGauge64": "gauge",
}  # fmt: skip
_NAMES: Final = re.compile(r"(Name|Descr|Description|Alias|Label|Title|Tag|Location)$")
_SENTENCE: Final = re.compile(r"(?<=[.;])\s")
LONGEST: Final = 160


def profile_text(library: Library, at: MibObject) -> str:
    """The profile as YAML, for what stands at or below an object.

    Raises:
        ConfigurationError: Nothing there can be read.
    """
    below = [one for one in library.objects() if _is_below(one.oid, at.oid)]
    tables = [one for one in below if one.kind == "row"]
    if at.kind == "column":
        tables = [
            row for row in library.objects() if row.kind == "row" and _is_below(at.oid, row.oid)
        ]
        below = [at]
    scalars = [_value(o) for o in sorted(below, key=_order) if o.kind == "scalar" and _is_metric(o)]
    profile: dict[str, Any] = {"description": f"{at.module}::{at.name}"}
    if scalars:
        profile["scalars"] = scalars
    described = [_table(library, row, below if at.kind == "column" else None) for row in tables]
    told = [table for table in described if table["metrics"]]
    if told:
        profile["tables"] = told
    if len(profile) == 1:
        raise ConfigurationError(
            f"{at.module}::{at.name} has no scalar and no column that can be read"
        )
    return yaml.safe_dump(profile, sort_keys=False, allow_unicode=True, width=110)


def _is_below(oid: str, top: str) -> bool:
    return oid == top or oid.startswith(f"{top}.")


def _table(library: Library, row: MibObject, only: Sequence[MibObject] | None) -> dict[str, Any]:
    columns = sorted(
        (o for o in library.objects() if o.kind == "column" and _is_below(o.oid, row.oid)),
        key=_order,
    )
    index = [
        _index(library, row, name, implied=implied) for name, implied in _indices(library, row)
    ]
    named = {one.get("label") for one in index}
    texts = [
        o for o in columns if o.readable and _kind(o) == "DisplayString" and o.name not in named
    ]
    labels = [one for one in texts if _NAMES.search(one.name)] or texts[:1]
    told = [one for one in (only or columns) if _is_metric(one) and one.name not in named]
    table: dict[str, Any] = {"name": row.name.removesuffix("Entry")}
    if index:
        table["index"] = index
    if labels:
        table["labels"] = [{"label": one.name, "oid": one.oid} for one in labels]
    return {**table, "metrics": [_value(one) for one in told]}


def _indices(library: Library, row: MibObject) -> Iterable[tuple[str, bool]]:
    """Of the row, or of the one that it augments."""
    base = library.anywhere(row.augments, row.module) if row.augments else None
    return base.index if base is not None else row.index


def _index(library: Library, row: MibObject, name: str, *, implied: bool) -> dict[str, Any]:
    part: dict[str, Any] = {"label": name}
    about = library.anywhere(name, row.module)
    if about is None:
        return part
    kind = _kind(about)
    if about.syntax == "IpAddress":
        kind = "InetAddressIPv4"
    if kind not in ("gauge", "counter", "EnumAsInfo"):
        part["type"] = kind
    if about.size and kind in ("DisplayString", "OctetString"):
        part["size"] = about.size
    if about.enum and kind == "gauge":
        part["enum"] = about.enum
    return part | ({"implied": True} if implied else {})


def _is_metric(one: MibObject) -> bool:
    """Whether it becomes a metric: numbers, bits and moments. Texts that name a row are its labels."""
    return one.readable and one.convention != "RowStatus" and _kind(one) in (
        "gauge", "counter", "Bits", "DateAndTime",
    )  # fmt: skip


def _order(one: MibObject) -> tuple[int, ...]:
    return tuple(map(int, one.oid.split(".")))


def _kind(one: MibObject) -> str:
    if one.convention in CONVENTIONS:
        return CONVENTIONS[one.convention]
    if one.syntax in COUNTERS:
        return "counter"
    if one.syntax in NUMBERS:
        return "gauge"
    if one.syntax in ("Bits", "BITS"):
        return "Bits"
    if one.syntax in ("ObjectIdentifier", "OBJECT IDENTIFIER"):
        return "ObjectIdentifier"
    characters = "a" in one.hint or "t" in one.hint or one.convention == "DisplayString"
    return "DisplayString" if characters else "OctetString"


def _value(one: MibObject) -> dict[str, Any]:
    value: dict[str, Any] = {"name": one.name, "oid": one.oid}
    kind = _kind(one)
    if kind != "gauge":
        value["type"] = kind
    if one.enum:
        value["enum"] = one.enum
    if one.hint.startswith("d-"):
        value["hint"] = one.hint
    if one.units:
        value["unit"] = one.units[:50]
    first = _SENTENCE.split(one.description)[0]
    return value | ({"help": first[:LONGEST]} if first else {})
