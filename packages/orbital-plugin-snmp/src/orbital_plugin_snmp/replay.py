"""The plugin with a recorded walk instead of a device, for tests of a configuration."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from orbital_plugin_snmp.engines.cost import Cost
from orbital_plugin_snmp.oids import decode_parts
from orbital_plugin_snmp.plugin import Snmp
from orbital_plugin_snmp.session.sharing import PoolLease
from orbital_plugin_snmp.walk_text import read_walk
from orbital_plugin_snmp.wire.smi import END_OF_MIB_VIEW, NO_SUCH_OBJECT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from orbital_plugin_snmp.device import SnmpDevice
    from orbital_plugin_snmp.engines.port import Flight
    from orbital_plugin_snmp.plugin import SnmpConfig
    from orbital_plugin_snmp.wire.smi import VarBind
    from orbital_sdk import PluginHost


class RecordedSession:
    """A `Session` that answers from what was recorded."""

    def __init__(self, recorded: Sequence[VarBind]) -> None:
        self.cost = Cost()
        self._order = sorted(recorded, key=_position)
        self._positions = [_position(one) for one in self._order]
        self._found = {name: (name, tag, value) for name, tag, value in recorded}

    async def get(self, oids: Sequence[bytes], deadline: float) -> list[VarBind]:
        return self._answer([self._found.get(oid, (oid, NO_SUCH_OBJECT, None)) for oid in oids])

    async def get_next(self, oids: Sequence[bytes], deadline: float) -> list[VarBind]:
        return self._answer([self._behind(oid) for oid in oids])

    async def bulk(
        self,
        oids: Sequence[bytes],
        repetitions: int,
        deadline: float,
        *,
        flight: Flight | None = None,
    ) -> list[VarBind]:
        found: list[VarBind] = []
        row = list(oids)
        for _ in range(repetitions):
            answers = [self._behind(oid) for oid in row]
            found += answers
            row = [name for name, _, _ in answers]
        return self._answer(found)

    def ahead(self, oids: Sequence[bytes], repetitions: int, deadline: float) -> Flight | None:
        return None

    async def close(self) -> None:
        """Nothing is open."""

    def _behind(self, oid: bytes) -> VarBind:
        at = bisect_right(self._positions, decode_parts(oid))
        return self._order[at] if at < len(self._order) else (oid, END_OF_MIB_VIEW, None)

    def _answer(self, found: list[VarBind]) -> list[VarBind]:
        self.cost.packets += 1
        self.cost.values += len(found)
        return found


class RecordedOpener:
    """Opens sessions with a recording, whatever device is asked for."""

    def __init__(self, recorded: Sequence[VarBind]) -> None:
        self._recorded = recorded

    async def open(self, device: SnmpDevice, deadline: float) -> RecordedSession:
        return RecordedSession(self._recorded)

    def close(self) -> None:
        """Nothing is open."""


class WalkReplay(Snmp):
    """Reads a file that `snmpwalk -On` wrote.

    Args:
        config: As the plugin's.
        file: The walk.

    Raises:
        ConfigurationError: It is no such file.
    """

    def __init__(self, config: SnmpConfig, file: Path) -> None:
        super().__init__(config)
        self._recorded = read_walk(file)

    async def start(self, host: PluginHost) -> None:
        self._catalogue.load()
        self._lease = PoolLease(self._settings, host, RecordedOpener(self._recorded))


def _position(one: VarBind) -> tuple[int, ...]:
    return decode_parts(one[0])
