"""Makes batches of windows."""

from __future__ import annotations

from array import array
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from orbital_sdk import Batch, Layout, Row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from orbital_processors.aggregate.functions import Output
    from orbital_processors.aggregate.group import Group

LARGEST: Final = 2000
"""Groups in one batch."""


class Emission:
    """Makes batches, with the same layouts as long as the groups are the same.

    Args:
        outputs: The aggregates of each group.
    """

    def __init__(self, outputs: Sequence[Output]) -> None:
        self._outputs = outputs
        self._layouts: dict[tuple[str, int], Layout] = {}
        """By scope and number of the part."""
        self.undefined = 0
        """Aggregates so far that are not numbers: of infinities of both signs."""

    def batches(self, states: Mapping[Group, Mapping[str, Any]], ts: int) -> Iterator[Batch]:
        """What a window has.

        Args:
            states: Of each group.
            ts: Milliseconds UTC of the end of the window.
        """
        before, self._layouts = self._layouts, {}
        groups = sorted(states, key=lambda group: (group.scope, group.number))
        for scope, alike in groupby(groups, key=lambda group: group.scope):
            ours = list(alike)
            for part in range(0, len(ours), LARGEST):
                key = scope, part
                rows, values = self._samples(ours[part : part + LARGEST], states)
                if rows:
                    layout = before.get(key)
                    origin = ours[0].origin
                    if (
                        layout is None
                        or layout.rows != rows
                        or layout.origin.fields != origin.fields
                    ):
                        layout = Layout(origin, rows)
                    self._layouts[key] = layout
                    yield Batch(layout, ts, values)

    def _samples(
        self, groups: Sequence[Group], states: Mapping[Group, Mapping[str, Any]]
    ) -> tuple[tuple[Row, ...], array[float]]:
        rows: list[Row] = []
        values = array("d")
        for group in groups:
            group.rows = group.rows or self._rows(group)
            kept = states[group]
            for row, output in zip(group.rows, self._outputs, strict=True):
                value = output.value(kept)
                if value == value:  # noqa: PLR0124 (this is what tells NaN)
                    rows.append(row)
                    values.append(value)
                else:
                    self.undefined += 1
        return tuple(rows), values

    def _rows(self, group: Group) -> list[Row]:
        return [
            Row(
                f"{group.name}{output.suffix}",
                {**group.labels, **output.labels},
                unit=group.unit if output.has_unit else "",
                honor_labels=group.honor_labels,
            )
            for output in self._outputs
        ]
