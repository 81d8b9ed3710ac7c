"""LLDP neighbours in hybrid mode: samples go elsewhere, and Core is told of what they say all the same."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from orbital_runtime.core.errors import CoreError, CoreRefused

if TYPE_CHECKING:
    from orbital_runtime.clock import Clock
    from orbital_runtime.core.line import Line
    from orbital_sdk import Batch, Layout

log = logging.getLogger("orbital.core")

METRIC: Final = "lldp_neighbor"
KEY: Final = "core lldp"
GATHER: Final = 1.0
"""Seconds that news waits for other news."""
EVERY: Final = 60.0
"""Seconds between two looks at what is to be told again."""
REPEAT: Final = 3600.0
"""Seconds after which the same neighbours are told again."""
NAMES: Final = (
    "local_interface", "neighbor_chassis_id", "neighbor_port_id", "neighbor_system_name",
    "neighbor_system_desc", "neighbor_port_desc", "neighbor_mgmt_addr",
)  # fmt: skip
WIDTHS: Final = {"local_interface": 128, "neighbor_chassis_id": 128, "neighbor_port_id": 128,
    "neighbor_system_name": 255, "neighbor_port_desc": 255, "neighbor_mgmt_addr": 64}  # fmt: skip
"""Of Core's columns; what is longer would cost the whole entry."""

Entries = tuple[dict[str, Any], ...]


class Neighbors:
    """The latest of each device.

    Args:
        line: To Core.
        clock: For repeating.
    """

    def __init__(self, line: Line, clock: Clock) -> None:
        self._line = line
        self._clock = clock
        self._news = asyncio.Event()
        self._now: dict[str, Entries] = {}
        self._told: dict[str, tuple[Entries, float]] = {}

    def see(self, batch: Batch) -> None:
        """A batch on its way; most have no neighbours in them, which their layout knows."""
        layout = batch.layout
        found: Entries | None = layout.caches.get(KEY)
        if found is None:
            found = layout.caches[KEY] = _entries(layout)
        if found and not batch.stale and self._now.get(layout.origin.device_id) != found:
            self._now[layout.origin.device_id] = found
            self._news.set()

    def keep(self, devices: set[str]) -> None:
        """Forget all others."""
        for known in (self._now, self._told):
            for gone in known.keys() - devices:
                del known[gone]

    async def run(self) -> None:
        """Tell, until cancelled."""
        while True:
            self._news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY):
                    await self._news.wait()
            await asyncio.sleep(GATHER)
            for device, entries in list(self._now.items()):
                if self._is_due(device, entries):
                    await self._tell(device, entries)

    def _is_due(self, device: str, entries: Entries) -> bool:
        told, when = self._told.get(device, ((), 0.0))
        return told != entries or self._clock.steady() - when >= REPEAT

    async def _tell(self, device: str, entries: Entries) -> None:
        body = {"device_id": device, "neighbors": list(entries)}
        try:
            await self._line.call("POST", "/topology/lldp", body)
        except CoreRefused as error:
            log.warning("Core refuses the neighbours of %s: %s", device, error)
        except CoreError as error:
            log.debug("the neighbours of %s wait for Core: %s", device, error)
            return
        self._told[device] = entries, self._clock.steady()


def _entries(layout: Layout) -> Entries:
    return tuple(_entry(dict(row.labels)) for row in layout.rows if row.name == METRIC)


def _entry(labels: dict[str, str]) -> dict[str, Any]:
    ttl = labels.get("ttl", "")
    texts = {name: labels.get(name, "")[: WIDTHS.get(name)] for name in NAMES}
    return {**texts, "ttl": int(ttl) if ttl.isdecimal() else 0}
