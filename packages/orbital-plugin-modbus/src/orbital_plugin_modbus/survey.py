"""Finds out what a device has: unit ids that answer, and ranges that can be read."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from orbital_plugin_modbus.exceptions import GATEWAY_CODES, SPLITS, ExchangeError, Refused, Resting
from orbital_plugin_modbus.tables import Read
from orbital_plugin_modbus.unit import Unit
from orbital_sdk import DeviceUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_plugin_modbus.bus import Bus, Way
    from orbital_plugin_modbus.tables import Table

BLOCK: Final = 100
"""Addresses asked for at first."""


class Survey:
    """Questions to one address.

    Args:
        bus: Where.
        way: How.
    """

    def __init__(self, bus: Bus, way: Way) -> None:
        self._bus, self._way = bus, way
        self.why = ""
        """What the last question that failed did so with."""

    async def ask(self, unit: int, read: Read) -> bytes:
        """One read, without what a bus remembers about silent units.

        Raises:
            ExchangeError: No answer that can be used.
            DeviceUnreachable: Connecting failed again and again.
        """
        try:
            return await self._bus.read(Unit(unit), read, self._way, Counter())
        except Resting as error:
            raise DeviceUnreachable(f"{self._way.line.name}: {self.why or error}") from error
        except ExchangeError as error:
            self.why = str(error)
            raise

    async def answers(self, unit: int, read: Read) -> bool:
        """Whether a unit answers at all; an exception of its own is an answer, a gateway's is none."""
        try:
            await self.ask(unit, read)
        except Refused as error:
            return error.code not in GATEWAY_CODES
        except ExchangeError:
            return False
        return True

    async def ranges(
        self,
        unit: int,
        table: Table,
        *,
        first: int,
        last: int,
        finest: int,
        step: Callable[[int], None],
    ) -> list[tuple[int, int]]:
        """Readable ranges, as first and last address.

        Args:
            unit: Which unit.
            table: Which table.
            first: Address to begin at.
            last: Address to end at.
            finest: Addresses below which a refused block is not divided any more.
            step: Told of each number of addresses that is done.
        """
        found: list[tuple[int, int]] = []
        waiting = [
            (start, min(start + BLOCK - 1, last)) for start in range(first, last + 1, BLOCK)
        ][::-1]
        while waiting:
            low, high = waiting.pop()
            count = high - low + 1
            try:
                await self.ask(unit, Read(table, low, count))
            except ExchangeError as error:
                if count > finest and _may_be_a_part(error):
                    middle = (low + high) // 2
                    waiting += [(middle + 1, high), (low, middle)]
                    continue
            else:
                _append(found, low, high)
            step(count)
        return found


def _may_be_a_part(error: ExchangeError) -> bool:
    """Whether less may be readable. Some devices do not answer at all where they have no such address."""
    return not isinstance(error, Refused) or error.code in SPLITS


def _append(found: list[tuple[int, int]], low: int, high: int) -> None:
    if found and found[-1][1] + 1 == low:
        found[-1] = found[-1][0], high
    else:
        found.append((low, high))
