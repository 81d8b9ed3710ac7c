"""The neighbours of a device: one series each, named as older sentinels named them.

The index of lldpRemTable is lldpRemTimeMark, lldpRemLocalPortNum, lldpRemIndex. None of the three can be read
as a column (they are not-accessible), and neither can a management address: that stands in the index of
lldpRemManAddrTable, behind its family and length. How long an announcement is valid is in no column at
all, so the label `ttl` stays empty.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from orbital_plugin_snmp import oids
from orbital_plugin_snmp.lldp.ids import (
    PORT_LOCAL,
    PORT_MAC,
    chassis_id,
    network_address,
    port_id,
    readable,
)
from orbital_sdk import Metric

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orbital_plugin_snmp.tables.column import Output
    from orbital_plugin_snmp.wire.smi import Value, VarBind
    from orbital_sdk import Series

NEIGHBOR: Final = Metric(
    "lldp_neighbor",
    "A neighbour that LLDP knows; the value is its running number",
    labels=(
        "local_interface",
        "neighbor_chassis_id",
        "neighbor_port_id",
        "neighbor_system_name",
        "neighbor_system_desc",
        "neighbor_port_desc",
        "neighbor_mgmt_addr",
        "ttl",
    ),
)
COUNT: Final = Metric("lldp_neighbor_count", "How many neighbours LLDP knows")

LOCAL_PORT: Final = oids.encode("1.0.8802.1.1.2.1.3.7.1")
REMOTE: Final = oids.encode("1.0.8802.1.1.2.1.4.1.1")
MANAGEMENT: Final = oids.encode("1.0.8802.1.1.2.1.4.2.1.3")
"""lldpRemManAddrIfSubtype: the first column of its table that can be read."""
IF_NAME: Final = oids.encode("1.3.6.1.2.1.31.1.1.1.1")
COLUMNS: Final = (*(REMOTE + bytes((n,)) for n in (4, 5, 6, 7, 8, 9, 10)), MANAGEMENT)
PORTS: Final = (*(LOCAL_PORT + bytes((n,)) for n in (2, 3, 4)), IF_NAME)
"""What the device's own ports are called, which hardly ever changes."""

Cells = dict[tuple[int, ...], "Value"]


@dataclass(frozen=True, slots=True)
class Tables:
    """The columns of one poll, by index."""

    remote: dict[int, Cells]
    local: dict[int, Cells]
    names: Cells
    addresses: dict[tuple[int, ...], list[str]]


class Neighbours:
    """The neighbours of one device, worked out again only when something changed.

    Args:
        refresh: Seconds after which the names of its own ports are read again.
    """

    def __init__(self, refresh: float) -> None:
        self._refresh = refresh
        self._ports_at = float("-inf")
        self._due = True
        self._seen: dict[bytes, list[VarBind]] = {}
        self._series: list[Series] = []

    def forget(self) -> None:
        """The device started again: read the names of its ports."""
        self._ports_at = float("-inf")

    def wanted(self) -> tuple[bytes, ...]:
        """The columns that this poll has to read."""
        self._due = time.monotonic() - self._ports_at >= self._refresh
        return (*COLUMNS, *PORTS) if self._due else COLUMNS

    def came(self) -> None:
        """All of them were read."""
        if self._due:
            self._ports_at = time.monotonic()

    def read(self, found: Mapping[bytes, list[VarBind]], out: Output) -> None:
        """One sample a neighbour, and how many there are."""
        columns = (*COLUMNS, *PORTS)
        seen = {column: found.get(column, self._seen.get(column, [])) for column in columns}
        if seen != self._seen:
            self._series = [NEIGHBOR.series(*labels) for labels in neighbours(seen)]
            self._seen = seen
        out.extend([(series, float(n)) for n, series in enumerate(self._series, start=1)])
        out.extend([(COUNT.series(), float(len(self._series)))])


def neighbours(found: Mapping[bytes, Sequence[VarBind]]) -> list[tuple[str, ...]]:
    """Labels of each neighbour, by local port, each once."""
    tables = _tables(found)
    indexes = sorted(
        {index for cells in tables.remote.values() for index in cells if len(index) == 3},
        key=lambda index: index[1:],
    )
    return list(dict.fromkeys(_labels(tables, index) for index in indexes))


def _labels(tables: Tables, index: tuple[int, ...]) -> tuple[str, ...]:
    def remote(column: int) -> Value:
        return tables.remote[column].get(index)

    return (
        _local_interface(tables, index[1]),
        chassis_id(remote(5), remote(4)),
        port_id(remote(7), remote(6)),
        readable(remote(9)),
        readable(remote(10)),
        readable(remote(8)),
        next(iter(tables.addresses.get(index, ())), ""),
        "",
    )


def _local_interface(tables: Tables, port: int) -> str:
    """What people call the port: its name where the id is one, else its description, else ifName."""
    subtype, own, description = (tables.local[column].get((port,)) for column in (2, 3, 4))
    said = port_id(own, subtype)
    if subtype not in (PORT_LOCAL, PORT_MAC) and said:
        return said
    if subtype == PORT_LOCAL and said.isdigit():
        named = readable(tables.names.get((int(said),)))
        if named:
            return named
    if subtype == PORT_LOCAL and said and not said.isdigit():
        return said
    named = readable(tables.names.get((port,)))
    return readable(description) or named or said or str(port)


def _tables(found: Mapping[bytes, Sequence[VarBind]]) -> Tables:
    return Tables(
        remote={n: _cells(found, REMOTE + bytes((n,))) for n in (4, 5, 6, 7, 8, 9, 10)},
        local={n: _cells(found, LOCAL_PORT + bytes((n,))) for n in (2, 3, 4)},
        names=_cells(found, IF_NAME),
        addresses=_addresses(_cells(found, MANAGEMENT)),
    )


def _cells(found: Mapping[bytes, Sequence[VarBind]], column: bytes) -> Cells:
    size = len(column)
    return {_index(oid[size:]): value for oid, _, value in found.get(column, ())}


def _index(content: bytes) -> tuple[int, ...]:
    try:
        return oids.decode_parts(content)
    except ValueError:
        return ()


def _addresses(cells: Cells) -> dict[tuple[int, ...], list[str]]:
    """Management addresses of each neighbour, IPv4 before the others: what dashboards show is the first."""
    addresses: dict[tuple[int, ...], list[str]] = {}
    for index in sorted(cells, key=lambda index: index[3:4]):
        if len(index) < 6 or len(index) != 5 + index[4] or max(index[5:]) > 255:
            continue
        address = network_address(index[3], bytes(index[5:]))
        addresses.setdefault(index[:3], []).append(address)
    return addresses
