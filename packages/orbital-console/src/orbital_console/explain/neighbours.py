"""Which devices are neighbours, by what LLDP and the like told last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from orbital_console.history.values import Series

DECLARED: Final = "neighbors"
"""Key in a plugin's metadata: the metric whose series are neighbours."""


class Link(msgspec.Struct, frozen=True):
    """A device sees a neighbour."""

    device: str
    port: str
    neighbour: str
    """Its system name, else its address or chassis."""
    neighbour_port: str


def metrics(plugins: Iterable[str], metadata: Callable[[str], Mapping[str, Any]]) -> set[str]:
    """The metrics of these plugins whose series are neighbours."""
    declared = (metadata(plugin).get(DECLARED) for plugin in plugins)
    return {name for name in declared if isinstance(name, str)}


def links(series: Iterable[Series]) -> list[Link]:
    """The links that these series of neighbours tell."""
    return [link for one in series if (link := _link(one.labels)) is not None]


def _link(labels: Mapping[str, str]) -> Link | None:
    names = ("neighbor_system_name", "neighbor_mgmt_addr", "neighbor_chassis_id")
    neighbour = next(filter(None, map(labels.get, names)), "")
    device = labels.get("device_id", "")
    if not neighbour or not device:
        return None
    port = labels.get("neighbor_port_desc") or labels.get("neighbor_port_id", "")
    return Link(device, labels.get("local_interface", ""), neighbour, port)
