"""What a session keeps between its runs: its device's bus, and a reader for each unit."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orbital_plugin_modbus.bus import Way
from orbital_plugin_modbus.buses import BUSES, Buses
from orbital_plugin_modbus.emitter import WrongDevice
from orbital_plugin_modbus.exceptions import OutOfTime
from orbital_plugin_modbus.line import line_of
from orbital_plugin_modbus.metrics import ModbusMetrics as M
from orbital_plugin_modbus.planner import ReadLimits
from orbital_plugin_modbus.reader import UnitReader
from orbital_sdk import (
    CollectError,
    Columns,
    DeviceUnreachable,
    PartialCollect,
    Sample,
    UnexpectedReply,
)

if TYPE_CHECKING:
    from orbital_plugin_modbus.config import ModbusConfig
    from orbital_plugin_modbus.device import ModbusDevice
    from orbital_plugin_modbus.line import Line
    from orbital_plugin_modbus.reader import Turn
    from orbital_sdk import Series

MARGIN = 0.2
"""Seconds before the task's timeout at which a run ends by itself."""
SHORTEST = 0.02
"""Seconds that a device always has for an answer."""
MOST_FAULTS = 5
"""Sentences in an error; more are only counted."""


@dataclass(slots=True)
class Gathered:
    """What the units of a run gave."""

    series: tuple[Series, ...] = ()
    values: list[float] = field(default_factory=list[float])
    missing: int = 0
    answered: int = 0
    faults: list[str] = field(default_factory=list[str])
    wrong: bool = False
    """Not the device that the map is for."""
    late: bool = False
    """The task's timeout came first."""


class Job:
    """One device by one map.

    Args:
        device: Its fields.
        config: The map.
        seconds: That a run may take.
        buses: Has the device's bus.
    """

    def __init__(
        self, device: ModbusDevice, config: ModbusConfig, seconds: float, buses: Buses = BUSES
    ) -> None:
        self.seconds = seconds
        self.fields = config.map.fields
        line = line_of(device, config.engine)
        self.way = _way(device, line, seconds - _margin(seconds))
        self._buses = buses
        bus = buses.get(line, self)
        limits = ReadLimits(config.most_registers, config.most_bits, config.bridge)
        self.readers = [
            UnitReader(
                bus,
                unit,
                self.way,
                register_map=config.map,
                limits=limits,
                tail=(M.requests.series(str(unit)), M.invalid.series(str(unit))),
            )
            for unit in device.units
        ]  # fmt: skip

    @property
    def version(self) -> int:
        """Grows with each thing learned of its units."""
        return sum(reader.unit.quirks.version for reader in self.readers)

    def leave(self) -> None:
        """Give the bus back. Safe twice."""
        self._buses.release(self)

    async def run(self, seconds: float) -> Columns:
        """Read all units once.

        Args:
            seconds: That are left. What came until shortly before that is given in any case.

        Raises:
            CollectError: Not everything came; it carries what did.
        """
        gathered = Gathered()
        until = asyncio.get_running_loop().time() + seconds - _margin(seconds)
        for reader in self.readers:
            await self._read(reader, gathered, until)
        if not gathered.faults:
            return Columns(gathered.series, gathered.values)
        raise self._failure(gathered)

    async def _read(self, reader: UnitReader, gathered: Gathered, until: float) -> None:
        program = reader.program
        turn = await reader.turn(program, until)
        tail = float(turn.requests), float(turn.invalid)
        try:
            series, values = program.emitter.emit(turn.values, tail)
        except WrongDevice as error:
            gathered.wrong = True
            turn.miss((), "expect", error)
            series, values = (M.requests.series(str(reader.unit.number)),), [tail[0]]
        gathered.series += series
        gathered.values += values
        gathered.answered += turn.answered
        gathered.late |= isinstance(turn.error, OutOfTime)
        if turn.faults:
            self._add_faults(reader, turn, gathered)
        if reader.exceptions or reader.errors:
            _add_counts(reader, gathered)

    def _add_faults(self, reader: UnitReader, turn: Turn, gathered: Gathered) -> None:
        gathered.missing += len(turn.missing)
        gathered.faults += [f"unit {reader.unit.number}: {fault}" for fault in turn.faults]

    def _failure(self, gathered: Gathered) -> CollectError:
        samples = [Sample(s, v) for s, v in zip(gathered.series, gathered.values, strict=True)]
        faults = gathered.faults
        more = f"; and {len(faults) - MOST_FAULTS} more" if len(faults) > MOST_FAULTS else ""
        message = f"{self.way.line.name}, {'; '.join(faults[:MOST_FAULTS])}{more}"
        if gathered.wrong:
            return UnexpectedReply(
                f"{message}: is this the right device, profile and base?", samples=samples
            )
        if not gathered.answered and gathered.late:
            return CollectError(message, samples=samples)
        if not gathered.answered:
            return DeviceUnreachable(message, samples=samples)
        if any(series.metric.name not in _OWN for series in gathered.series):
            return PartialCollect(message, failed=gathered.missing, samples=samples)
        return UnexpectedReply(message, samples=samples)


def _margin(seconds: float) -> float:
    return min(MARGIN, seconds / 10)


def _way(device: ModbusDevice, line: Line, seconds: float) -> Way:
    """How a device wants to be asked. Connecting and one answer fit into a run of `seconds`, so that a silent
    unit is known for what it is and is left alone, whatever time-outs people choose.
    """
    delay = device.request_delay
    pause = line.silence if delay is None else delay
    room = max(0.0, seconds - device.connect_delay - pause) / 2
    return Way(
        line,
        min(device.request_timeout, max(room, SHORTEST)),
        device.retries,
        device.connect_delay,
        pause,
        device.idle_close,
        device.max_backoff,
    )


_OWN = frozenset({M.requests.name, M.invalid.name, M.exceptions.name, M.errors.name})


def _add_counts(reader: UnitReader, gathered: Gathered) -> None:
    """Counters start with the first thing they count."""
    unit = str(reader.unit.number)
    gathered.series += tuple(M.exceptions.series(unit, str(code)) for code in reader.exceptions)
    gathered.series += tuple(M.errors.series(unit, reason) for reason in reader.errors)
    gathered.values += [float(n) for n in (*reader.exceptions.values(), *reader.errors.values())]
