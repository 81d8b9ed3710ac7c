"""All devices of a plugin, and what is remembered of them."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING, Final

from orbital_plugin_snmp.session.counts import UNCOUNTED
from orbital_plugin_snmp.session.credentials import view_of
from orbital_plugin_snmp.session.learned_walks import LearnedWalks
from orbital_plugin_snmp.session.opener import Opener
from orbital_plugin_snmp.session.poll_slots import PollSlots
from orbital_plugin_snmp.session.shared import SharedDevice
from orbital_plugin_snmp.walks.walker import WalkLimits

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from orbital_plugin_snmp.config import SessionConfig
    from orbital_plugin_snmp.device import SnmpDevice
    from orbital_plugin_snmp.engines.cost import Cost
    from orbital_plugin_snmp.session.counts import Counts
    from orbital_plugin_snmp.session.opener import Opening
    from orbital_plugin_snmp.walks.walked import Walked
    from orbital_plugin_snmp.wire.smi import VarBind

IDLE: Final = 3600.0
"""Seconds after which a device that nobody reads any more is forgotten."""
TIDY: Final = 600.0
"""Seconds between two times that such devices are looked for, and what was learned is stored."""


class Pool:
    """Devices by their fields: equal fields share a session.

    Args:
        config: Of the plugin.
        folder: For what is learned; None: it is forgotten when the process ends.
        counts: What is counted of its sessions.
        opener: Gives sessions; left out, those with real devices.
    """

    def __init__(
        self,
        config: SessionConfig,
        folder: Path | None = None,
        counts: Counts = UNCOUNTED,
        opener: Opening | None = None,
    ) -> None:
        self._config = config
        self._opener = opener or Opener(config, counts.stray)
        self._learned_walks = LearnedWalks(folder, counts.damaged)
        self._devices: dict[SnmpDevice, tuple[SharedDevice, float]] = {}
        self._tidied = time.monotonic()
        self.slots = PollSlots()
        """Of its polls."""
        self._closing: set[asyncio.Task[None]] = set()

    def reader(self, device: SnmpDevice, deadline: float) -> DeviceReader:
        """One device for one run.

        Args:
            device: How it is reached.
            deadline: `time.monotonic()` at which the run is over.
        """
        return DeviceReader(self.shared(device), deadline)

    def shared(self, device: SnmpDevice) -> SharedDevice:
        """A device, as all its tasks share it."""
        now = time.monotonic()
        if now - self._tidied > TIDY:
            self._tidied = now
            self._forget_idle(now)
            self._learned_walks.save()
        known = self._devices.get(device)
        shared = known[0] if known else self._new(device)
        self._devices[device] = shared, now
        return shared

    async def close(self) -> None:
        """Close all sessions, and store what was learned. Safe twice."""
        for shared, _ in tuple(self._devices.values()):
            await shared.close()
        self._devices.clear()
        self._opener.close()
        self._learned_walks.save()

    def _new(self, device: SnmpDevice) -> SharedDevice:
        return SharedDevice(
            partial(self._opener.open, device),
            self._learned_walks.of(view_of(device)),
            has_bulk=device.version != "1",
            limits=WalkLimits(self._config.response_size, self._config.max_rows),
        )

    def _forget_idle(self, now: float) -> None:
        idle = [device for device, (_, used) in self._devices.items() if now - used > IDLE]
        for device in idle:
            shared, _ = self._devices.pop(device)
            task = asyncio.get_running_loop().create_task(shared.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
        if idle:
            self._learned_walks.keep({view_of(device) for device in self._devices})


class DeviceReader:
    """As `session.reader.Reader`."""

    def __init__(self, shared: SharedDevice, deadline: float) -> None:
        self._shared = shared
        self._deadline = deadline
        self._before = shared.cost.copy()

    async def get(self, oids: Sequence[bytes]) -> list[VarBind]:
        """As `Reader.get`."""
        return await self._shared.get(oids, self._deadline)

    async def walk(self, columns: Sequence[bytes], *, table: str = "") -> Walked:
        """As `Reader.walk`."""
        del table
        return await self._shared.walk(columns, self._deadline)

    def look_again(self) -> None:
        """As `Reader.look_again`."""
        self._shared.learned.look_again()

    @property
    def cost(self) -> Cost:
        """As `Reader.cost`."""
        return self._shared.cost - self._before
