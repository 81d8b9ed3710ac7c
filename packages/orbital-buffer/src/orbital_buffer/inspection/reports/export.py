"""Waiting samples as JSON lines with name, labels and outputs."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final

import msgspec

from orbital_buffer.inspection.reports.layout_fetcher import LayoutFetcher
from orbital_buffer.model.damage import Damaged
from orbital_buffer.model.intervals import Intervals
from orbital_sdk.jsontext import numbers, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from orbital_buffer.inspection.snapshot import Books, BufferView, Stored
    from orbital_sdk import Batch, Layout

_KEY: Final = "buffer.export"
_encode: Final = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Export:
    """Exports a buffer record by record, with constant memory.

    Args:
        look: The buffer.
        output: Only samples of this output; empty: of all outputs.
        since: Samples of this time or later, milliseconds UTC.
        until: Samples before this time.
        limit: Lines at most.
    """

    look: BufferView
    output: str = ""
    since: int = -sys.maxsize
    until: int = sys.maxsize
    limit: int = sys.maxsize
    damage: list[str] = field(default_factory=list[str])
    """Messages about what could not be read and is left out."""

    def lines(self, passed: Callable[[int], None] = lambda _: None) -> Iterator[bytes]:
        """All lines, several at a time.

        Args:
            passed: Called with the number of samples processed, for progress.
        """
        fetcher, left = LayoutFetcher(self.look), self.limit
        for page in self.look.pages():
            wanted = self._wanted(page.books)
            for stored in page.records:
                if stored.oldest_ms < self.until:
                    lines = list(islice(self._record(stored, wanted, fetcher), left))
                    left -= len(lines)
                    yield b"".join(lines)
                passed(stored.samples)
                if left <= 0:
                    return

    def _wanted(self, books: Books) -> dict[str, Intervals]:
        return {
            book.name: Intervals(book.needs)
            for book in books.outputs
            if book.needs and self.output in ("", book.name)
        }

    def _record(
        self, stored: Stored, wanted: dict[str, Intervals], fetcher: LayoutFetcher
    ) -> Iterator[bytes]:
        takers = {
            seq: [name for name, needed in wanted.items() if seq in needed]
            for seq in range(stored.first, stored.stop)
        }
        if not any(takers.values()):
            return
        try:
            opened = stored.opened()
        except Damaged as error:
            self._report(stored, f"record {stored.first}, {stored.samples} samples: {error}")
            return
        layouts = fetcher.of(opened)
        for seq, outputs in takers.items():
            index = seq - stored.first
            layout = layouts.get(opened.heads[index].layout) if outputs else None
            if layout is not None:
                yield from self._batch(opened.batch(index, layout), seq, outputs)
            elif outputs:
                head = opened.heads[index]
                self._report(stored, f"layout {head.layout} of segment {stored.segment}")

    def _report(self, stored: Stored, what: str) -> None:
        """Report damage once, and only if the batch was not delivered meanwhile."""
        if what not in self.damage and self.look.has(stored.first):
            self.damage.append(what)

    def _batch(self, batch: Batch, seq: int, outputs: Sequence[str]) -> Iterator[bytes]:
        constant = batch.layout.each(_KEY, texts)
        end = b',"sequence":%d,"waits_for":%b}\n' % (seq, _encode(outputs))
        if batch.stale:
            end = b',"stale":true' + end
        times = batch.times or (batch.ts,) * len(batch)
        for ts, (name, rest), value in zip(times, constant, numbers(batch.values), strict=True):
            if self.since <= ts < self.until:
                yield b'{"timestamp_ms":%d,"name":%b,"value":%b%b%b' % (ts, name, value, rest, end)


def texts(layout: Layout) -> list[tuple[bytes, bytes]]:
    """The constant parts of each row's line: its name, and what follows the value."""
    origin = layout.origin
    who = {
        "device": origin.device_id,
        "target": origin.target,
        "task": origin.task,
        "plugin": origin.plugin,
        "sentinel": origin.sentinel.id,
        "sentinel_name": origin.sentinel.name,
        "region": origin.sentinel.region,
        "sentinel_labels": dict(origin.sentinel.labels),
    }
    about = [
        {"labels": dict(row.labels), "kind": row.kind, "unit": row.unit} | who
        for row in layout.rows
    ]
    rests = [b"," + text(one)[1:-1] for one in about]
    return [(text(row.name), rest) for row, rest in zip(layout.rows, rests, strict=True)]
