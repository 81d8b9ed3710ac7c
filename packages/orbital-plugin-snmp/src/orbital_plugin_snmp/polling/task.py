"""What a task remembers of its device, and how it is polled.

Tables are read before the scalars, so that the sysUpTime among these tells of a restart in between. Labels
are looked up last, so that they are not older than the rows. Where none are known yet they come before the
rows: of a device that is too slow for all of it, what came can be told then.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orbital_plugin_snmp.lldp.neighbours import Neighbours
from orbital_plugin_snmp.polling.gather import Gathering
from orbital_plugin_snmp.tables.column import Output
from orbital_plugin_snmp.tables.convert import plain_number
from orbital_plugin_snmp.tables.scalars import SYS_UP_TIME, Scalars
from orbital_plugin_snmp.tables.table import TableState
from orbital_plugin_snmp.tables.uptime import Uptime

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orbital_plugin_snmp.session.reader import Reader
    from orbital_plugin_snmp.tables.plan import ReadPlan
    from orbital_plugin_snmp.wire.smi import VarBind

MIXED = "the device started again while it was read, so that rows of before and after may be mixed"


@dataclass(slots=True)
class Polled:
    """What one poll gave."""

    gathering: Gathering
    output: Output = field(default_factory=Output)
    tables: dict[str, bool] = field(default_factory=dict[str, bool])
    """Table -> whether it could be read; those that the device does not have are left out."""
    walked: float = 0.0
    """Seconds that reading took."""


class PollTask:
    """One task: its plan, and what is known of its device.

    Args:
        plan: What to read.
        refresh: Seconds after which looked-up labels are read again, whatever the device says.
        wrap: Take counters above 2^53 modulo 2^53.
        clock: Seconds, steady.
    """

    def __init__(
        self,
        plan: ReadPlan,
        *,
        refresh: float,
        wrap: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.plan = plan
        self._clock = clock
        self._refresh = refresh
        self._tables = [TableState(table, wrap=wrap) for table in plan.tables]
        watched = [table.changed for table in plan.tables if table.changed]
        self._scalars = Scalars(plan.scalars, watched, wrap=wrap)
        self._lldp = Neighbours(refresh) if plan.lldp else None
        self._uptime = Uptime()
        self._looked_up: dict[str, float] = {}
        self._changed: dict[bytes, object] = {}

    @property
    def restarted(self) -> bool:
        """Whether the device started again since the poll before the last."""
        return self._uptime.restarted

    async def poll(self, reader: Reader) -> Polled:
        """Read everything once.

        Raises:
            DeviceUnreachable, AuthenticationFailed, UnexpectedReply: Nothing at all could be read.
        """
        began = self._clock()
        polled = Polled(Gathering(reader))
        gathering = polled.gathering
        complete = {s.plan.name: await self._walk(s, gathering) for s in self._tables}
        if self._lldp is not None:
            complete["lldp"] = await gathering.walk("lldp", self._lldp.wanted())
        asked, retries = self._clock(), reader.cost.retries
        scalars = self._scalars.note(await gathering.get(self._scalars.wanted(began)))
        if reader.cost.retries > retries:  # it may have been away in between
            asked = self._clock()
        if not gathering.answered and gathering.error is not None:
            raise gathering.error
        self._note_uptime(scalars, began, asked)
        if self._uptime.restarted:
            self._begin_again(reader, asked)
        if self._uptime.during_poll:
            gathering.failures |= dict.fromkeys(complete, MIXED)
        else:
            fresh = await self._look_up(gathering, scalars)
            await self._convert(polled, complete, fresh)
        self._scalars.read(scalars, polled.output)
        polled.walked = self._clock() - began
        polled.tables = self._up(gathering, complete)
        return polled

    async def _walk(self, state: TableState, gathering: Gathering) -> bool:
        """Read a table's columns; whether all came."""
        plan = state.plan
        unknown = plan.labels and plan.name not in self._looked_up
        if unknown and not await gathering.walk(plan.name, plan.label_oids):
            return False  # its rows would have no names
        return await gathering.walk(plan.name, state.wanted)

    def _note_uptime(self, scalars: Mapping[bytes, VarBind], began: float, asked: float) -> None:
        varbind = scalars.get(SYS_UP_TIME)
        ticks = plain_number(varbind[2]) if varbind else None
        self._uptime.note(None if ticks is None else int(ticks), began=began, now=asked)

    def _begin_again(self, reader: Reader, asked: float) -> None:
        """The device started again: its counters, names and tables may be others."""
        reader.look_again()
        self._looked_up.clear()
        self._scalars.look_again(asked)
        for state in self._tables:
            state.restart()
        if self._lldp is not None:
            self._lldp.forget()

    async def _look_up(self, gathering: Gathering, scalars: Mapping[bytes, VarBind]) -> set[str]:
        """Read labels anew where they may have changed. The tables for which that was done."""
        due = [state for state in self._tables if self._is_due(state, scalars)]
        for state in due:
            await self._look_up_one(state, gathering)
        return {state.plan.name for state in due}

    def _is_due(self, state: TableState, scalars: Mapping[bytes, VarBind]) -> bool:
        mark = state.plan.changed
        if not state.plan.labels:
            return False
        if mark is not None and mark in scalars:
            self._note_change(mark, scalars[mark][2])
        age = self._clock() - self._looked_up.get(state.plan.name, float("-inf"))
        return age >= self._refresh

    def _note_change(self, mark: bytes, value: object) -> None:
        """Where the mark has another value than before, all tables that go by it are due."""
        if self._changed.setdefault(mark, value) != value:
            self._changed[mark] = value
            for state in self._tables:
                if state.plan.changed == mark:
                    self._looked_up.pop(state.plan.name, None)

    async def _look_up_one(self, state: TableState, gathering: Gathering) -> None:
        plan = state.plan
        if await gathering.walk(plan.name, plan.label_oids):
            state.look_up(gathering.whole)
            self._looked_up[plan.name] = self._clock()

    async def _convert(self, polled: Polled, complete: dict[str, bool], fresh: set[str]) -> None:
        """Turn columns into samples; look labels up where rows came that nobody knew."""
        gathering = polled.gathering
        for state in self._tables:
            name = state.plan.name
            if state.plan.labels and name not in self._looked_up:
                gathering.failures.setdefault(name, "its labels could not be read")
                continue
            out = Output()
            state.read(gathering.columns, gathering.whole, out)
            if state.strangers and name not in fresh:
                await self._look_up_one(state, gathering)
                state.forget()
                out = Output()
                state.read(gathering.columns, gathering.whole, out)
            polled.output.add(out)
        if self._lldp is not None and complete["lldp"]:
            self._lldp.came()
            self._lldp.read(gathering.columns, polled.output)

    def _up(self, gathering: Gathering, complete: Mapping[str, bool]) -> dict[str, bool]:
        there = {
            state.plan.name
            for state in self._tables
            if any(gathering.columns.get(column.plan.oid) for column in state.columns)
        }
        if self._lldp is not None:
            there.add("lldp")
        failed = gathering.failures
        return {name: name not in failed for name in complete if name in there or name in failed}
