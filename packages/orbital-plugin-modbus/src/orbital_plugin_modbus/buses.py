"""All buses of this process, so that nobody opens a second connection where there is one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from orbital_plugin_modbus.bus import Bus, open_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_plugin_modbus.line import Line
    from orbital_plugin_modbus.link import Link

Key = tuple[int, str, str]


class Buses:
    """Hands out buses; the last holder of one closes it.

    Args:
        open_link: Makes the connection of a line.
    """

    def __init__(self, open_link: Callable[[Line], Link] = open_line) -> None:
        self._open_link = open_link
        self._buses: dict[Key, Bus] = {}
        self._holders: dict[Key, set[object]] = {}
        self._held: dict[object, set[Key]] = {}

    def get(self, line: Line, holder: object) -> Bus:
        """The bus of a line, on the running loop.

        Args:
            line: The way to a device.
            holder: Whoever will call `release`.
        """
        key = (id(asyncio.get_running_loop()), *line.key)
        bus = self._buses.get(key)
        if bus is None:
            bus = self._buses[key] = Bus(self._open_link)
        self._holders.setdefault(key, set()).add(holder)
        self._held.setdefault(holder, set()).add(key)
        return bus

    def release(self, holder: object) -> None:
        """Give all buses of a holder back. Safe twice."""
        for key in self._held.pop(holder, ()):
            holders = self._holders[key]
            holders.discard(holder)
            if not holders:
                del self._holders[key]
                self._buses.pop(key).close()


BUSES: Final = Buses()
"""Of all plugin instances: the fields of two tasks decide whether they share one."""
