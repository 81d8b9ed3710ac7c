"""Batches as JSON lines.

All of a line but its time and its value is known once a layout is, so these two and the cached rest are
put together in one join.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from orbital_sdk.jsontext import numbers, text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orbital_sdk import Batch, Layout, Row

OPENING: Final = b'{"ts":'
"""How each line begins."""
_KEY: Final = "file, JSON lines"


class _Texts(NamedTuple):
    """What stands between time and value, and what follows the value, of each row."""

    names: list[bytes]
    rests: list[bytes]


def encode(batches: Iterable[Batch]) -> bytes:
    """One line a sample, in order."""
    parts: list[bytes] = []
    for batch in batches:
        parts += _lines(batch)
    return b"".join(parts)


def _lines(batch: Batch) -> list[bytes]:
    texts = _texts(batch.layout)
    parts = [_opening(batch.ts)] * (4 * len(batch))
    if batch.times is not None:
        known = {ts: _opening(ts) for ts in set(batch.times)}
        parts[0::4] = [known[ts] for ts in batch.times]
    parts[1::4] = texts.names
    parts[2::4] = numbers(batch.values)
    parts[3::4] = texts.rests
    return parts


def _opening(ts: int) -> bytes:
    return b'%b%d,"name":' % (OPENING, ts)


def _texts(layout: Layout) -> _Texts:
    texts = layout.caches.get(_KEY)
    if texts is None:
        origin = layout.origin
        who = {
            "task": origin.task,
            "plugin": origin.plugin,
            "target": origin.target,
            "sentinel": origin.sentinel.id,
        }
        about = text(who)[1:]
        names = [text(row.name) + b',"value":' for row in layout.rows]
        texts = layout.caches[_KEY] = _Texts(names, [_rest(row, about) for row in layout.rows])
    return texts


def _rest(row: Row, about: bytes) -> bytes:
    return b',"labels":%b,%b\n' % (text(dict(row.labels)), about)
