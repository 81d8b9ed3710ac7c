"""The hot path of a table: its plain columns when they have the same cells as in the poll before.

Then nothing is looked up at all: the cells' OIDs are compared with those of last time in one go, and the
series of last time are told with the new values.
"""

from __future__ import annotations

from itertools import chain, compress
from typing import TYPE_CHECKING, Any

from orbital_plugin_snmp.oids import shared
from orbital_plugin_snmp.tables.column import EXACT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orbital_plugin_snmp.tables.column import ColumnState, Output
    from orbital_plugin_snmp.wire.smi import VarBind
    from orbital_sdk import Series


class Shortcut:
    """What plain columns gave last time.

    Args:
        columns: Columns whose numbers are told as they are.
    """

    def __init__(self, columns: Sequence[ColumnState]) -> None:
        self._columns = [state.plan.oid for state in columns]
        self._states = columns
        self._oids: list[bytes] | None = None
        self._series: list[Series] = []
        self._keep: list[bool] | None = None
        """Which cells are told; None for all."""

    def forget(self) -> None:
        """Labels or rows may have changed."""
        self._oids = None

    def take(self, found: Mapping[bytes, list[VarBind]], out: Output) -> bool:
        """Tell the cells, if they are those of last time and all are numbers that a double holds."""
        if self._oids is None:
            return False
        cells = self._cells(found)
        if [cell[0] for cell in cells] != self._oids:
            return False
        numbers: list[Any] = [cell[2] for cell in cells]
        try:
            if max(numbers) >= EXACT:
                return False
        except TypeError:  # a text, or nothing, among the numbers
            return False
        out.series += self._series
        out.values += numbers if self._keep is None else compress(numbers, self._keep)
        return True

    def remember(self, found: Mapping[bytes, list[VarBind]]) -> None:
        """What these cells are, now that every column has looked at them."""
        self._oids = [shared(cell[0]) for cell in self._cells(found)] or None
        series = [
            state.series_of(oid)
            for state in self._states
            for oid, _, _ in found.get(state.plan.oid, ())
        ]
        self._series = [one for one in series if one is not None]
        self._keep = (
            None if len(self._series) == len(series) else [one is not None for one in series]
        )

    def _cells(self, found: Mapping[bytes, list[VarBind]]) -> list[VarBind]:
        return list(chain.from_iterable([found.get(column, ()) for column in self._columns]))
