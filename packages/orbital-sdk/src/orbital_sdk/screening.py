"""Samples that a destination would drop without a word are taken out of a call and given back by name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from orbital_sdk.contract.batch import Batch, Layout
from orbital_sdk.contract.written import NotWritten, Refused, Written

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orbital_sdk.contract.written import WriteAnswer

_KEY: Final = "screening, what is left"


class Screened(NamedTuple):
    """What is left of a call, and what was taken out."""

    batches: Sequence[Batch]
    refused: Sequence[Refused]
    places: Sequence[tuple[int, Sequence[int]]]
    """Of each batch that is left: its number in the call, and the rows of it that are left."""

    def send(self, write: Callable[[Sequence[Batch]], WriteAnswer]) -> WriteAnswer:
        """Write what is left. All that is refused is named as in the call. Raises what `write` raises."""
        answer = write(self.batches)
        if isinstance(answer, NotWritten):
            return answer
        return Written(answer.bytes, [*self.refused, *map(self._original, answer.refused)])

    def _original(self, one: Refused) -> Refused:
        number, rows = self.places[one.batch]
        return replace(one, batch=number, row=rows[one.row])


def screen(batches: Sequence[Batch], faults: Callable[[Batch], Mapping[int, str]]) -> Screened:
    """Take out the rows that `faults` names, with its reasons. Stale markers go without a word."""
    left: list[Batch] = []
    refused: list[Refused] = []
    places: list[tuple[int, Sequence[int]]] = []
    for number, batch in enumerate(batches):
        bad = faults(batch)
        if not batch.stale:
            refused += [Refused(number, row, why) for row, why in bad.items()]
        rows = [row for row in range(len(batch)) if row not in bad]
        if rows:
            left.append(_only(batch, rows) if bad else batch)
            places.append((number, rows))
    return Screened(left, refused, places)


def _only(batch: Batch, rows: Sequence[int]) -> Batch:
    layout = _layout(batch.layout, rows)
    values, times = batch.values[:0], batch.times
    values.extend([batch.values[row] for row in rows])
    if times is not None:
        picked = times[:0]
        picked.extend([times[row] for row in rows])
        times = picked
    return Batch(layout, batch.ts, values, times, batch.stale)


def _layout(layout: Layout, rows: Sequence[int]) -> Layout:
    """The latest is kept: a row that is dropped for its labels is dropped each time."""
    known = layout.caches.get(_KEY)
    if known is None or known[0] != rows:
        rest = Layout(layout.origin, [layout.rows[row] for row in rows])
        known = layout.caches[_KEY] = rows, rest
    return known[1]
