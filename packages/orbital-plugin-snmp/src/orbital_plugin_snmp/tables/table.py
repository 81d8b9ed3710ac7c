"""One table of one task, from poll to poll: which rows it has, and what they are called."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Final

from orbital_plugin_snmp.tables.column import ColumnState, Output
from orbital_plugin_snmp.tables.filters import Sieve
from orbital_plugin_snmp.tables.rows import Lookups
from orbital_plugin_snmp.tables.shortcut import Shortcut

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orbital_plugin_snmp.tables.plan import TablePlan
    from orbital_plugin_snmp.tables.texts import Raw
    from orbital_plugin_snmp.wire.smi import VarBind

    Found = Mapping[bytes, list[VarBind]]
    """Column -> its varbinds, of the columns that could be read."""

ROOM: Final = 1000
"""Cells that a table may remember beyond twice what it has now: rows come and go."""


class TableState:
    """What is known of a table's rows.

    Args:
        plan: The table.
        wrap: Take counters above 2^53 modulo 2^53, as snmp_exporter does, so that every step stays exact.
    """

    def __init__(self, plan: TablePlan, *, wrap: bool = True) -> None:
        patterns = {one.label: re.compile(one.regex) for one in plan.labels if one.regex}
        self.plan = plan
        self.columns = [ColumnState(column, wrap=wrap) for column in plan.columns]
        self._plain = [state for state in self.columns if state.is_plain]
        self._others = [state for state in self.columns if not state.is_plain]
        self._shortcut = Shortcut(self._plain)
        self._by_oid = {state.plan.oid: state for state in self.columns}
        self._lookups = Lookups(plan, patterns)
        self._sieve = Sieve(plan.filters)
        self._beginnings: dict[bytes, Raw] = {}
        self.strangers = 0
        """Rows of the last reading that came new, and that the look-ups do not know."""

    @property
    def wanted(self) -> list[bytes]:
        """Columns that a poll has to read, look-ups left out, and stand-ins that nothing needs."""
        needed = [
            state.plan.oid
            for state in self.columns
            if state.plan.stands_in_for is None or not state.idle
        ]
        return list(dict.fromkeys([*self.plan.watched, *needed]))

    def look_up(self, found: Found) -> None:
        """Take in looked-up columns. Where one of them changed, all labels are worked out again."""
        changed = [
            self._lookups.fill(oid, found[oid]) for oid in self.plan.label_oids if oid in found
        ]
        if any(changed):
            self.forget()

    def forget(self) -> None:
        """Labels may have changed: work out all rows again."""
        self._lookups.clear()
        self._shortcut.forget()
        for state in self.columns:
            state.forget()

    def restart(self) -> None:
        """The device started again: so did its counters."""
        for state in self.columns:
            if state.unwrapper is not None:
                state.unwrapper.restart()

    def read(self, found: Found, whole: Found, out: Output) -> None:
        """Turn the columns of one poll into samples.

        Args:
            found: All that came.
            whole: Columns of which nothing is missing: a filter must not take half a column for all of it.
            out: Takes the samples.
        """
        self._watch(whole)
        self.strangers = 0
        if not self._shortcut.take(found, out):
            self._tidy(found)
            self._read(self._plain, found, out)
            self._shortcut.remember(found)
        self._read(self._others, found, out)
        if self._lookups.wrong:
            out.problems[f"{self.plan.name}: index of another form"] += self._lookups.wrong

    def _read(self, columns: Sequence[ColumnState], found: Found, out: Output) -> None:
        for state in columns:
            varbinds = found.get(state.plan.oid)
            if varbinds:
                state.read(varbinds, partial(self._labels, state), out)

    def _tidy(self, found: Found) -> None:
        """Forget everything where most of what is known is no longer there."""
        known = sum(map(len, self.columns))
        if known > ROOM and known > ROOM + 2 * sum(
            len(found.get(state.plan.oid, ())) for state in self.columns
        ):
            self.forget()

    def _watch(self, found: Found) -> None:
        for oid in self.plan.watched:
            varbinds = found.get(oid)
            if varbinds is None:
                continue
            for index in self._sieve.note(oid, varbinds):
                self._shortcut.forget()
                for state in self.columns:
                    state.drop(index)
            if oid == self.plan.discontinuity:
                self._compare_beginnings(oid, varbinds)

    def _compare_beginnings(self, oid: bytes, varbinds: Sequence[VarBind]) -> None:
        """Rows whose counters started again, although the device did not."""
        now: dict[bytes, Raw] = {o[len(oid) :]: value for o, _, value in varbinds}
        if now == self._beginnings:
            return
        anew = [index for index, value in now.items() if self._beginnings.get(index) != value]
        for state in self.columns:
            if state.unwrapper is not None:
                state.unwrapper.forget(state.plan.oid + index for index in anew)
        self._beginnings = now

    def _labels(self, state: ColumnState, index: bytes) -> tuple[str, ...] | None:
        """Labels of a row; None where it is filtered out, or told by the column this one stands in for."""
        first = state.plan.stands_in_for
        if first is not None and self._by_oid[first].series_of(first + index) is not None:
            return None
        self.strangers += not self._lookups.has(index)
        labels = self._lookups.labels(index)
        return labels if labels is not None and self._sieve.keeps(index, labels) else None
