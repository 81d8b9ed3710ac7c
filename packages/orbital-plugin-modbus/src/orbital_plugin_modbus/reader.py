"""Reads one unit by one map: runs its program, and learns from what the device refuses."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from orbital_plugin_modbus.decoder import ReadDecoder
from orbital_plugin_modbus.exceptions import (
    GATEWAY_CODES,
    SPLITS,
    ExchangeError,
    OutOfTime,
    Refused,
    Resting,
)
from orbital_plugin_modbus.planner import read_of, split
from orbital_plugin_modbus.program import Program, Step, make_program

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_plugin_modbus.bus import Bus, Way
    from orbital_plugin_modbus.decoder import Value
    from orbital_plugin_modbus.field import MapField
    from orbital_plugin_modbus.planner import ReadLimits
    from orbital_plugin_modbus.register_map import RegisterMap
    from orbital_plugin_modbus.tables import Read
    from orbital_sdk import Series

FOR_GOOD: Final = frozenset({1, 2, 3})
"""Exceptions that will come again."""


@dataclass(slots=True)
class Turn:
    """What one turn brought."""

    until: float
    """Loop time at which it has to end."""
    values: list[Value] = field(default_factory=list["Value"])
    requests: int = 0
    answered: int = 0
    """Requests that the unit answered, with data or with an exception."""
    invalid: int = 0
    """Fields of which the device says that they have no value."""
    missing: list[MapField] = field(default_factory=list["MapField"])
    """Fields that were not read."""
    faults: list[str] = field(default_factory=list[str])
    """Why, in words."""
    error: ExchangeError | None = None
    """What ended the turn before its end."""

    def miss(self, fields: Sequence[MapField], where: object, why: object) -> None:
        self.missing += fields
        self.faults.append(f"{where}: {why}")


class UnitReader:
    """One unit of one task.

    Args:
        bus: Where it is.
        number: Its unit id.
        way: How it wants to be asked.
        register_map: What to read.
        limits: What one read may be.
        tail: Series of the plugin's own that go behind the fields'.
    """

    def __init__(
        self,
        bus: Bus,
        number: int,
        way: Way,
        *,
        register_map: RegisterMap,
        limits: ReadLimits,
        tail: Sequence[Series],
    ) -> None:
        self._bus, self._way = bus, way
        self._map, self._limits, self._tail = register_map, limits, tail
        self.unit = bus.unit(number)
        self.exceptions: Counter[int] = Counter()
        """Exceptions so far, by code."""
        self.errors: Counter[str] = Counter()
        """What went wrong so far, by reason."""
        self._program: Program | None = None

    @property
    def program(self) -> Program:
        """By what is known now."""
        program, quirks = self._program, self.unit.quirks
        if program is None or program.version != quirks.version or program.until < self._now():
            program = self._program = make_program(
                self._map, quirks, self._limits, self._tail, unit=self.unit.number, now=self._now()
            )
        return program

    async def turn(self, program: Program, until: float = math.inf) -> Turn:
        """Read everything once. A unit that stops answering is asked no more in this turn.

        Args:
            program: What to read.
            until: Loop time at which the turn ends with what it has.
        """
        turn = Turn(until=until)
        for step in program.steps:
            if turn.error is None:
                turn.values += await self._step(step, turn)
            else:
                turn.values += step.decoder.nothing
                turn.missing += step.fields
        turn.invalid = turn.values.count(None) - len(turn.missing)
        for each in program.left_out:
            turn.miss([each], each.title, "refused before, left out for now")
        return turn

    async def _step(self, step: Step, turn: Turn) -> Sequence[Value]:
        try:
            data = await self._ask(step.read, turn)
        except Refused as error:
            if error.code not in GATEWAY_CODES:
                found: dict[int, Value] = {}
                await self._explore(step.fields, error, turn, found)
                return [found.get(id(field)) for field in step.decoder.fields]
            self._end(step.fields, step.read, error, turn)
        except ExchangeError as error:
            self._end(step.fields, step.read, error, turn)
        else:
            if step.again:
                self.unit.quirks.accept(step.fields)
            return step.decoder.decode(data)
        return step.decoder.nothing

    async def _ask(self, read: Read, turn: Turn) -> bytes:
        turn.requests += 1
        try:
            data = await self._in_time(read, turn.until)
        except Refused as error:
            turn.answered += 1
            self.exceptions[error.code] += 1
            raise
        except Resting:
            turn.requests -= 1
            raise
        turn.answered += 1
        return data

    async def _in_time(self, read: Read, until: float) -> bytes:
        """Most requests are sure to end in time, and need no watch."""
        left = until - self._now()
        if left > self._way.longest and not self._bus.busy:
            return await self._bus.read(self.unit, read, self._way, self.errors, until)
        try:
            async with asyncio.timeout(None if left == math.inf else max(0.0, left)):
                return await self._bus.read(self.unit, read, self._way, self.errors, until)
        except TimeoutError:
            self.errors[OutOfTime.reason] += 1
            raise OutOfTime from None

    def _end(
        self, fields: Sequence[MapField], read: Read, error: ExchangeError, turn: Turn
    ) -> None:
        turn.error = error
        turn.miss(fields, read, error)

    async def _explore(
        self, group: Sequence[MapField], error: Refused, turn: Turn, found: dict[int, Value]
    ) -> None:
        """Read the two halves of what was refused; remember what parts them when both are fine alone.

        Args:
            group: Fields of the refused read.
            error: What the device said.
            turn: Takes what is missing.
            found: Takes values, by the identity of their field.
        """
        halves = split(group) if error.code in SPLITS else None
        if halves is None:
            if error.code in FOR_GOOD:
                self.unit.quirks.refuse(group, self._now())
            turn.miss(group, read_of(group), error)
            return
        fine = [await self._try(half, turn, found) for half in halves]
        if all(fine):
            self._learn(*halves, error.code)

    async def _try(self, group: Sequence[MapField], turn: Turn, found: dict[int, Value]) -> bool:
        read = read_of(group)
        if turn.error is not None:
            turn.missing += group
            return False
        try:
            data = await self._ask(read, turn)
        except Refused as error:
            if error.code in GATEWAY_CODES:
                self._end(group, read, error, turn)
            else:
                await self._explore(group, error, turn, found)
            return False
        except ExchangeError as error:
            self._end(group, read, error, turn)
            return False
        decoder = ReadDecoder(group, read.start)
        found.update(zip(map(id, decoder.fields), decoder.decode(data), strict=True))
        return True

    def _learn(self, left: Sequence[MapField], right: Sequence[MapField], code: int) -> None:
        quirks, table = self.unit.quirks, left[0].table
        stop, start = read_of(left).stop, right[0].start
        if code == 3 and start == stop:  # it is the size that it does not like
            most = max(read_of(left).count, read_of(right).count)
            quirks.learn_limit(bits=table.bits, most=most)
        else:
            quirks.learn_hole(table.name, stop, start)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
