"""Splits large batches, so that none blocks the loop for long or exceeds a record or a request.

Processors see the whole collection. The buffer and the outputs do not split batches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orbital_sdk import Layout

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orbital_sdk import Batch

ROWS: Final = 5000
"""Rows of a part: less than a request has by default (`sender.batch_size`)."""
_KEY: Final = "engine.parts"


def parts(batch: Batch) -> Iterator[Batch]:
    """The batch in parts of `ROWS` rows; their layouts are cached, so that they are shared."""
    if len(batch) <= ROWS:
        yield batch
        return
    for number, layout in enumerate(_layouts(batch.layout)):
        start, stop = number * ROWS, number * ROWS + len(layout)
        times = None if batch.times is None else batch.times[start:stop]
        yield type(batch)(layout, batch.ts, batch.values[start:stop], times, batch.stale)


def _layouts(layout: Layout) -> Sequence[Layout]:
    known: Sequence[Layout] | None = layout.caches.get(_KEY)
    if known is None:
        known = layout.caches[_KEY] = [
            Layout(layout.origin, layout.rows[start : start + ROWS])
            for start in range(0, len(layout), ROWS)
        ]
    return known
