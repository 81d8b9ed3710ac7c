"""The scalars of one task, read in one GET."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orbital_plugin_snmp import oids
from orbital_plugin_snmp.tables.column import ColumnState
from orbital_plugin_snmp.tables.convert import plain_number
from orbital_plugin_snmp.tables.plan import instance
from orbital_plugin_snmp.wire.smi import EXCEPTIONS, NO_SUCH_OBJECT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from orbital_plugin_snmp.tables.column import Output
    from orbital_plugin_snmp.tables.plan import ColumnPlan
    from orbital_plugin_snmp.wire.smi import VarBind

SYS_UP_TIME: Final = oids.encode("1.3.6.1.2.1.1.3.0")
LOOK_AGAIN: Final = 3600.0
"""Seconds until an object that a device did not have is asked for again."""


class Scalars:
    """What is known of a task's scalars.

    Args:
        plans: The scalars.
        watched: Further instances to read, for others: `changed` of tables.
    """

    def __init__(
        self, plans: Sequence[ColumnPlan], watched: Iterable[bytes], *, wrap: bool
    ) -> None:
        self._states = [ColumnState(plan, wrap=wrap) for plan in plans]
        self._totals = {p.oid: instance(p.value.free_of) for p in plans if p.value.free_of}
        wanted = [SYS_UP_TIME, *watched, *(plan.oid for plan in plans), *self._totals.values()]
        self._wanted = tuple(dict.fromkeys(wanted))
        self._absent: set[bytes] = set()
        self._looked = 0.0

    def wanted(self, now: float) -> list[bytes]:
        """Instances to read: those that the device has, and once an hour the others."""
        if now - self._looked > LOOK_AGAIN:
            self.look_again(now)
        return [oid for oid in self._wanted if oid not in self._absent]

    def look_again(self, now: float) -> None:
        """The device may have become another: ask for everything."""
        self._absent.clear()
        self._looked = now

    def note(self, varbinds: Iterable[VarBind]) -> dict[bytes, VarBind]:
        """What came, by instance. What a device does not implement is not asked for again; what only has no
        value yet (ssCpuUser in net-snmp's first minute) is.
        """
        found: dict[bytes, VarBind] = {}
        for varbind in varbinds:
            if varbind[1] not in EXCEPTIONS:
                found[varbind[0]] = varbind
            elif varbind[1] == NO_SUCH_OBJECT:
                self._absent.add(varbind[0])
        return found

    def read(self, found: Mapping[bytes, VarBind], out: Output) -> None:
        """Turn them into samples. A stand-in is told where what it stands in for did not come."""
        for state in self._states:
            plan = state.plan
            varbind = found.get(plan.oid)
            if varbind is None or plan.stands_in_for in found:
                continue
            if plan.oid in self._totals:
                self._share(state, varbind, found.get(self._totals[plan.oid]), out)
            else:
                state.read([varbind], _no_labels, out)

    def _share(self, state: ColumnState, free: VarBind, total: VarBind | None, out: Output) -> None:
        part, whole = plain_number(free[2]), plain_number(total[2]) if total else None
        if part is None or not whole or not 0 <= part <= whole:
            out.problems[f"{state.plan.metric.name} makes no sense"] += 1
        else:
            out.extend([(state.plan.metric.series(), 100 * (1 - part / whole))])


def _no_labels(_index: bytes) -> tuple[str, ...]:
    return ()
