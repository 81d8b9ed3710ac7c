"""The plugin with recorded registers instead of a device, for tests of a configuration."""

from __future__ import annotations

import struct
from collections import Counter
from typing import TYPE_CHECKING, Final

from orbital_plugin_modbus.buses import Buses
from orbital_plugin_modbus.exceptions import Refused
from orbital_plugin_modbus.plugin import Modbus
from orbital_plugin_modbus.recording import Cell, read_recording
from orbital_plugin_modbus.session import MapSession
from orbital_sdk import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from orbital_plugin_modbus.config import ModbusConfig
    from orbital_plugin_modbus.device import ModbusDevice
    from orbital_plugin_modbus.tables import Read

NO_SUCH_ADDRESS: Final = 2


class RecordedLink:
    """A `Link` that answers from a recording; what is not there is an illegal address, as of a device."""

    identified = True
    connected = True

    def __init__(self, cells: Mapping[Cell, int]) -> None:
        self._cells = cells
        self.discarded: Counter[str] = Counter()

    async def open(self, timeout: float) -> None:  # noqa: ASYNC109 (part of the port)
        """Nothing is to be opened."""

    async def read(self, unit: int, read: Read, timeout: float) -> bytes:  # noqa: ASYNC109 (as above)
        values = [
            self._value(unit, read.table.name, place) for place in range(read.start, read.stop)
        ]
        if not read.table.bits:
            return struct.pack(f">{len(values)}H", *values)
        bits = sum(value << place for place, value in enumerate(values))
        return bits.to_bytes(read.size, "little")

    def close(self) -> None:
        """Nothing is open."""

    def _value(self, unit: int, table: str, address: int) -> int:
        for owner in (unit, None):
            if (value := self._cells.get(Cell(owner, table, address))) is not None:
                return value
        raise Refused(NO_SUCH_ADDRESS)


class RegistersReplay(Modbus):
    """Reads registers of a file.

    Nothing is read along to save requests, since a recording may have no more than what is wanted.

    Args:
        config: As the plugin's.
        file: Registers as `orbital_plugin_modbus.recording` has them.

    Raises:
        ConfigurationError: It is no such file.
    """

    def __init__(self, config: ModbusConfig, file: Path) -> None:
        super().__init__(config.model_copy(update={"bridge": 0}))
        try:
            cells = read_recording(file.read_text("utf-8"))
        except OSError as error:
            raise ConfigurationError(f"{file}: {error.strerror}") from error
        except ValueError as error:
            raise ConfigurationError(f"{file}: {error}") from error
        self._buses = Buses(lambda _: RecordedLink(cells))

    async def open(self, device: ModbusDevice) -> MapSession:
        at_once = device.model_copy(update={"connect_delay": 0.0, "request_delay": 0.0})
        return MapSession(at_once, self.config, self._state, self._buses)
