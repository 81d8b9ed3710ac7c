"""Batches as JSON lines.

All of a line but its time and its value is known once a layout is, so these two and the cached rest are
put together in one join.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orbital_sdk.jsontext import numbers, text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orbital_sdk import Batch, Layout, Row

OPENING: Final = b'{"ts":'
"""How each line begins."""
_NAMES: Final = "file, what stands between time and value"
_RESTS: Final = "file, what follows the value"


def encode(batches: Iterable[Batch]) -> bytes:
    """One line a sample, in order."""
    parts: list[bytes] = []
    for batch in batches:
        parts += _lines(batch)
    return b"".join(parts)


def _lines(batch: Batch) -> list[bytes]:
    layout = batch.layout
    parts = [_opening(batch.ts)] * (4 * len(batch))
    if batch.times is not None:
        known = {ts: _opening(ts) for ts in set(batch.times)}
        parts[0::4] = [known[ts] for ts in batch.times]
    parts[1::4] = layout.each(_NAMES, _names)
    parts[2::4] = numbers(batch.values)
    parts[3::4] = layout.each(_RESTS, _rests)
    return parts


def _opening(ts: int) -> bytes:
    return b'%b%d,"name":' % (OPENING, ts)


def _names(layout: Layout) -> list[bytes]:
    return [text(row.name) + b',"value":' for row in layout.rows]


def _rests(layout: Layout) -> list[bytes]:
    origin = layout.origin
    who = {
        "task": origin.task,
        "plugin": origin.plugin,
        "target": origin.target,
        "sentinel": origin.sentinel.id,
    }
    about = text(who)[1:]
    return [_rest(row, about) for row in layout.rows]


def _rest(row: Row, about: bytes) -> bytes:
    return b',"labels":%b,%b\n' % (text(dict(row.labels)), about)
