"""LLDP neighbours, by their own route or inside of ingest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orbital_devcore.core import Core
    from orbital_devcore.wire import Neighbor, Neighbors

KEY: Final = ("local_interface", "neighbor_chassis_id", "neighbor_port_id")
OTHERS: Final = (
    "neighbor_system_name",
    "neighbor_system_desc",
    "neighbor_port_desc",
    "neighbor_mgmt_addr",
)


def lldp(core: Core, body: Neighbors) -> dict[str, Any]:
    for neighbor in body.neighbors:
        _keep(core, body.device_id, _columns(neighbor))
    return {"processed": len(body.neighbors), "failed": 0, "total": len(body.neighbors)}


def from_labels(core: Core, labels: Mapping[str, str]) -> None:
    """An `lldp_neighbor` sample; one without its four keys is passed over."""
    if all(labels.get(name) for name in ("device_id", *KEY)):
        ttl = labels.get("ttl", "")
        found = {name: labels.get(name, "") for name in (*KEY, *OTHERS)}
        _keep(core, labels["device_id"], {**found, "ttl": int(ttl) if ttl.isdecimal() else 0})


def _columns(neighbor: Neighbor) -> dict[str, Any]:
    return neighbor.model_dump()


def _keep(core: Core, device: str, found: dict[str, Any]) -> None:
    """Insert; a known one is changed by a sane server and left as first seen by the real one."""
    key = {name: found[name] for name in KEY}
    where = (
        "device_id = ? and local_interface = ? and neighbor_chassis_id = ? and neighbor_port_id = ?"
    )
    known = core.db.row(f"select id from neighbors where {where}", device, *key.values())  # noqa: S608 (ours)
    seen = core.clock.text(core.clock.now())
    if known is None:
        core.db.insert("neighbors", device_id=device, **key, neighbor=found, last_seen=seen)
    elif not core.quirks:
        core.db.update("neighbors", "id", known["id"], neighbor=found, last_seen=seen)
