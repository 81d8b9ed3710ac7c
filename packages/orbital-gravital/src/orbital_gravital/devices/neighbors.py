"""Neighbours of devices in hybrid mode, which are sent to Core separately, as samples are not."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from orbital_gravital.devices.sending import send_all
from orbital_gravital.errors import CoreError, CoreRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orbital_gravital.identity.line import Line
    from orbital_runtime.clock import Clock
    from orbital_sdk import Batch, Layout

log = logging.getLogger("orbital.core")

DECLARED: Final = "neighbors"
"""Key in a plugin's metadata: the metric whose series are neighbours, with labels `NAMES` and `ttl`."""
KEY: Final = "core neighbors"
"""Key in a layout's caches."""
GATHER: Final = 1.0
"""Seconds that a change waits for others, at most."""
EVERY: Final = 60.0
"""Seconds between two checks for neighbours that are due again."""
AT_ONCE: Final = 500
"""Maximum neighbours of a device in one request."""
REPEAT: Final = 3600.0
"""Seconds after which unchanged neighbours are sent again."""
NAMES: Final = (
    "local_interface", "neighbor_chassis_id", "neighbor_port_id", "neighbor_system_name",
    "neighbor_system_desc", "neighbor_port_desc", "neighbor_mgmt_addr",
)  # fmt: skip
WIDTHS: Final = {"local_interface": 128, "neighbor_chassis_id": 128, "neighbor_port_id": 128,
    "neighbor_system_name": 255, "neighbor_port_desc": 255, "neighbor_mgmt_addr": 64}  # fmt: skip
"""Widths of Core's columns in characters; a longer value would lose the whole entry."""

Entry = tuple[str, ...]
"""Values of the labels `NAMES` and `ttl`."""


class Neighbors:
    """The current neighbours, by device.

    Args:
        line: The connection to Core.
        clock: For repetitions.
        metadata: Gives the metadata of a plugin by its name.
        gather: Seconds that a change waits for others.
    """

    def __init__(
        self,
        line: Line,
        clock: Clock,
        metadata: Callable[[str], Mapping[str, Any]],
        *,
        gather: float = GATHER,
    ) -> None:
        self._line = line
        self._clock = clock
        self._metadata = metadata
        self._gather = min(gather, GATHER)
        self._changed = asyncio.Event()
        self._now: dict[str, set[Entry]] = {}
        self._sent: dict[str, tuple[frozenset[Entry], float]] = {}

    def see(self, batch: Batch) -> None:
        """Look for neighbours in a batch; whether it has any is cached with its layout.

        A stale marker, which the engine also sends when a task ends, means that the neighbour is gone.
        """
        layout = batch.layout
        if not self._in(layout.whole) or not (found := self._in(layout)):
            return
        device = layout.origin.device_id
        now = self._now.setdefault(device, set())
        if batch.stale:
            now -= found
            if not now:
                del self._now[device]
                self._sent.pop(device, None)
        elif not found <= now:
            now |= found
            self._changed.set()

    def _in(self, layout: Layout) -> frozenset[Entry]:
        """The neighbours that a layout tells of."""
        found: frozenset[Entry] | None = layout.caches.get(KEY)
        if found is None:
            metric = self._metadata(layout.origin.plugin).get(DECLARED)
            found = layout.caches[KEY] = _entries(layout, metric)
        return found

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY):
                    await self._changed.wait()
            await asyncio.sleep(self._gather)
            await self.send_due()

    async def send_due(self) -> None:
        """Send the neighbours of each device that is due."""
        for device, now in list(self._now.items()):
            entries = frozenset(now)
            if self._is_due(device, entries):
                await self._send_to(device, entries)

    def _is_due(self, device: str, entries: frozenset[Entry]) -> bool:
        sent, when = self._sent.get(device, (frozenset[Entry](), 0.0))
        return not entries <= sent or self._clock.steady() - when >= REPEAT

    async def _send_to(self, device: str, entries: frozenset[Entry]) -> None:
        async def send(some: Sequence[Entry]) -> None:
            body = {"device_id": device, "neighbors": [*map(_body, some)]}
            await self._line.call("POST", "/topology/lldp", body)

        try:
            refused = await send_all(send, sorted(entries), AT_ONCE)
        except CoreRefused as error:
            log.warning("Core refuses the neighbours of %s: %s", device, error)
        except CoreError as error:
            log.debug("the neighbours of %s wait for Core: %s", device, error)
            return
        else:
            for entry, error in refused:
                log.warning("Core refuses neighbour %s of %s: %s", entry[1], device, error)
        self._sent[device] = entries, self._clock.steady()


def _entries(layout: Layout, metric: object) -> frozenset[Entry]:
    rows = (dict(row.labels) for row in layout.rows if row.name == metric)
    return frozenset(tuple([labels.get(name, "") for name in (*NAMES, "ttl")]) for labels in rows)


def _body(entry: Entry) -> dict[str, Any]:
    *texts, ttl = entry
    cut = {name: text[: WIDTHS.get(name)] for name, text in zip(NAMES, texts, strict=True)}
    return {**cut, "ttl": int(ttl) if ttl.isdecimal() else 0}
