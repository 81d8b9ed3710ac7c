"""Statistics of a buffer: its segments, and waiting samples by task and device."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from orbital_buffer.inspection.reports.layout_fetcher import LayoutFetcher
from orbital_buffer.model.damage import Damaged
from orbital_buffer.model.intervals import Intervals
from orbital_sdk.jsontext import numbers

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_buffer.format.codec import Opened
    from orbital_buffer.inspection.snapshot import BufferView, Stored
    from orbital_sdk import Layout

LOST = "(layout not readable)"


@dataclass(slots=True)
class Segment:
    """A range of records with common layouts."""

    segment: int
    first: int
    """Sequence number of its first batch."""
    last: int = 0
    """Sequence number of its last batch."""
    records: int = 0
    batches: int = 0
    samples: int = 0
    size: int = 0
    """Bytes of its records."""
    layouts: int = 0
    series: int = 0
    """Rows of these layouts."""
    oldest_ms: int = 0


@dataclass(slots=True)
class Inspection:
    """Counts of waiting samples: each batch once, even if several outputs need it."""

    segments: list[Segment] = field(default_factory=list[Segment])
    tasks: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    """Samples by task and plugin."""
    devices: Counter[str] = field(default_factory=Counter[str])
    """Samples by device."""
    series: int = 0
    """Different series, by layouts: if the rows of a task changed, both versions count."""
    damage: list[str] = field(default_factory=list[str])


class Inspector:
    """One pass over a buffer."""

    def __init__(self, look: BufferView) -> None:
        self._look = look
        self._fetcher = LayoutFetcher(look)
        self._seen: set[tuple[int, int]] = set()
        self._rows: dict[int, int] = {}
        self.result = Inspection()

    def run(self, passed: Callable[[int], None] = lambda _: None) -> Inspection:
        """Read all records; `passed` is called with the samples of each."""
        for page in self._look.pages():
            needed = Intervals(piece for book in page.books.outputs for piece in book.needs)
            for stored in page.records:
                self._record(stored, needed)
                passed(stored.samples)
        self.result.series = sum(self._rows.values())
        return self.result

    def _record(self, stored: Stored, needed: Intervals) -> None:
        segment = self._segment(stored)
        segment.last = stored.stop - 1
        segment.records += 1
        segment.batches += len(stored.counts)
        segment.samples += stored.samples
        segment.size += stored.size
        segment.oldest_ms = min(segment.oldest_ms, stored.oldest_ms)
        try:
            opened = stored.opened()
        except Damaged as error:
            if self._look.has(stored.first):
                self.result.damage.append(f"record {stored.first}: {error}")
            return
        layouts = self._fetcher.of(opened)
        self._count_layouts(segment, layouts)
        self._count_samples(stored, opened, layouts, needed)

    def _segment(self, stored: Stored) -> Segment:
        segments = self.result.segments
        if not segments or segments[-1].segment != stored.segment:
            segments.append(Segment(stored.segment, stored.first, oldest_ms=stored.oldest_ms))
        return segments[-1]

    def _count_layouts(self, segment: Segment, layouts: dict[int, Layout]) -> None:
        for number, layout in layouts.items():
            if (segment.segment, number) not in self._seen:
                self._seen.add((segment.segment, number))
                segment.layouts += 1
                segment.series += len(layout)
                same = hash((layout.origin.task, tuple(row.key for row in layout.rows)))
                self._rows[same] = len(layout)

    def _count_samples(
        self, stored: Stored, opened: Opened, layouts: dict[int, Layout], needed: Intervals
    ) -> None:
        for start, stop in needed.within(stored.first, stored.stop):
            for seq in range(start, stop):
                head = opened.heads[seq - stored.first]
                layout = layouts.get(head.layout)
                task = (layout.origin.task, layout.origin.plugin) if layout else (LOST, "")
                self.result.tasks[task] += head.samples
                self.result.devices[layout.origin.device_id if layout else LOST] += head.samples


def describe(look: BufferView, seq: int) -> dict[str, Any] | None:
    """A batch with its record, decoded; None if there is none.

    Raises:
        Damaged: It cannot be read.
    """
    page = next(iter(look.pages(seq)), None)
    stored = page.records[0] if page and page.records else None
    if page is None or stored is None or not stored.first <= seq < stored.stop:
        return None
    opened = stored.opened()
    head = opened.heads[seq - stored.first]
    layout = LayoutFetcher(look).of(opened).get(head.layout)
    if layout is None:
        raise Damaged(f"layout {head.layout} of segment {stored.segment} cannot be read")
    batch, origin = opened.batch(seq - stored.first, layout), layout.origin
    return {
        "sequence": seq,
        "record": {
            "first": stored.first, "last": stored.stop - 1, "batches": len(stored.counts),
            "samples": stored.samples, "size": stored.size, "segment": stored.segment,
        },
        "layout": head.layout,
        "task": origin.task,
        "plugin": origin.plugin,
        "device": origin.device_id,
        "target": origin.target,
        "timestamp_ms": batch.ts,
        "stale": batch.stale,
        "waits_for": [b.name for b in page.books.outputs if seq in Intervals(b.needs)],
        "samples": [
            {"name": row.name, "labels": dict(row.labels), "kind": row.kind, "unit": row.unit,
             "timestamp_ms": ts, "value": msgspec.json.decode(value)}
            for (row, ts, _), value in zip(batch.items(), numbers(batch.values), strict=True)
        ],
    }  # fmt: skip
