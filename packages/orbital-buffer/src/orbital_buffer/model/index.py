"""The index of a buffer: its records, and what each output needs of them. Pure.

The data is in the store, which is told here what it can remove.
"""

from __future__ import annotations

from bisect import bisect_right
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING

from orbital_buffer.ledger import Ledger
from orbital_buffer.model.intervals import Intervals
from orbital_buffer.model.position import DAMAGED, Position

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence

    from orbital_buffer.model.intervals import Pieces
    from orbital_buffer.model.record import Record


class LogIndex:
    """Records in order, positions by output, and the ledger."""

    def __init__(self, forget: Callable[[Sequence[Record]], None]) -> None:
        """`forget` is called with records that no output needs any more, after they were removed from
        `records`.
        """
        self._forget = forget
        self.ledger = Ledger()
        self.records: list[Record] = []
        self.positions: dict[str, Position] = {}
        self.next = 1
        """The next sequence number."""
        self.samples = 0
        """Samples that some output needs."""
        self.batches = 0
        self.size = 0
        """Bytes of all records."""
        self.shared = 0
        """Bytes of their layouts; updated by the store."""
        self._added = 0

    def attach(self, output: str) -> None:
        """Attach an output, or attach it again."""
        position = self.positions.setdefault(output, Position())
        position.reading, position.orphaned_ms = True, 0
        self.ledger.account(output)

    def detach(self, output: str, reason: str = "removed") -> None:
        """Drop the waiting samples of this output, and remove it."""
        position = self.positions.get(output)
        if position is None:
            return
        self._count_dropped(output, reason, position.waiting)
        pieces = [*position.todo, *position.flight]
        del self.positions[output]
        self._delete(pieces)

    def add(self, record: Record, readers: Iterable[str]) -> None:
        """Add a record for these outputs; at least one."""
        record.before = self._added
        self._added += record.samples
        self.records.append(record)
        self.next = record.stop
        self.samples += record.samples
        self.batches += record.batches
        self.size += record.size
        for output in readers:
            position = self.positions[output]
            position.todo.add(record.first, record.stop)
            position.unsent += record.samples
            self.ledger.account(output).accepted += record.samples

    def refuse(self, samples: int, outputs: Iterable[str]) -> None:
        """Count samples as refused for these outputs."""
        for output in outputs:
            self.ledger.account(output).accepted += samples
            self._count_dropped(output, "refused", samples)

    @contextmanager
    def recovering(
        self, outputs: Iterable[str], numbers: Intervals, samples: int
    ) -> Generator[None]:
        """Count batches as recovered for these outputs; undone by an exception within the block."""
        before = {
            name: (self.positions[name].lost.copy(), self.positions[name].back.copy())
            for name in outputs
        }
        for name in before:
            self.positions[name].recovered(numbers)
            self.ledger.account(name).recovered += samples
        try:
            yield
        except BaseException:
            for name, (lost, back) in before.items():
                self.positions[name].lost, self.positions[name].back = lost, back
            raise

    def take(self, output: str, pieces: Pieces) -> Pieces:
        """Set batches in flight. Returns those that were not in flight before and are still waiting."""
        position = self.positions[output]
        mine = _moved(pieces, position.todo, position.flight)
        samples = self.count(mine)
        position.unsent -= samples
        position.flying += samples
        return mine

    def give_back(self, output: str, pieces: Pieces) -> None:
        """Return batches in flight to waiting."""
        position = self.positions.get(output)
        if position is None:
            return
        samples = self.count(_moved(pieces, position.flight, position.todo))
        position.flying -= samples
        position.unsent += samples

    def flying(self, output: str, pieces: Pieces) -> Intervals:
        """Those of these batches that are in flight."""
        position = self.positions.get(output)
        if position is None:
            return Intervals()
        return Intervals(part for a, b in pieces for part in position.flight.within(a, b))

    def settle(
        self,
        output: str,
        pieces: Pieces,
        *,
        dead: int = 0,
        dropped: Mapping[str, int] | None = None,
    ) -> None:
        """Acknowledge those of these batches that are in flight. No sample is counted twice."""
        position = self.positions.get(output)
        if position is None:
            return
        mine = [part for a, b in pieces for part in position.flight.within(a, b)]
        samples = rest = self.count(mine)
        account = self.ledger.account(output)
        account.dead_lettered += min(dead, rest)
        rest -= min(dead, rest)
        for reason, count in (dropped or {}).items():
            self._count_dropped(output, reason, min(count, rest))
            rest -= min(count, rest)
        account.delivered += rest
        for start, stop in mine:
            position.flight.discard(start, stop)
        position.flying -= samples
        self._delete(mine)

    def drop(self, start: int, stop: int, reason: str, *, output: str | None = None) -> None:
        """Drop the batches from `start` to `stop` for all outputs, or for this one, in flight or not."""
        gone: Pieces = []
        for name, position in self.positions.items():
            if output in (None, name):
                todo, flight = (
                    position.todo.within(start, stop),
                    position.flight.within(start, stop),
                )
                position.todo.discard(start, stop)
                position.flight.discard(start, stop)
                unsent, flying = self.count(todo), self.count(flight)
                position.unsent -= unsent
                position.flying -= flying
                self._count_dropped(name, reason, unsent + flying)
                gone += todo + flight
                if reason == DAMAGED:
                    position.mark_lost(todo + flight)
        self._delete(gone)

    def merge(self, other: LogIndex) -> None:
        """Merge the records, positions and counts of another index, which has different numbers."""
        self.records = sorted((*self.records, *other.records), key=_first)
        self.next = max(self.next, other.next)
        self.samples += other.samples
        self.batches += other.batches
        self.size += other.size
        for output, theirs in other.positions.items():
            position = self.positions.setdefault(output, Position())
            position.reading, position.orphaned_ms = theirs.reading, theirs.orphaned_ms
            position.todo.update(theirs.todo)
            position.flight.update(theirs.flight)
            position.unsent += theirs.unsent
            position.flying += theirs.flying
            position.mark_lost(theirs.lost)
            position.back.update(theirs.back)
        for output, account in other.ledger.accounts().items():
            self.ledger.account(output).add(account)
        self.recount()

    def recount(self) -> None:
        """Update cumulative counts after a change of the records."""
        self._added = 0
        for record in self.records:
            record.before = self._added
            self._added += record.samples

    @property
    def readers(self) -> list[str]:
        """The outputs that get new records."""
        return [name for name, position in self.positions.items() if position.reading]

    @property
    def head(self) -> int:
        """The oldest batch that any output needs; `next` if there is none."""
        firsts = [p.first for p in self.positions.values()]
        return min((n for n in firsts if n is not None), default=self.next)

    def record(self, seq: int) -> Record:
        """The record that holds this batch, which some output must need."""
        return self.records[self._index(seq)]

    def since(self, seq: int) -> Iterator[Record]:
        """The record that holds this batch, which some output must need, and all after it."""
        return islice(self.records, self._index(seq), None)

    def has(self, record: Record) -> bool:
        """Whether some output still needs it."""
        index = self._index(record.first)
        return index >= 0 and self.records[index] is record

    def _index(self, seq: int) -> int:
        return bisect_right(self.records, seq, key=_first) - 1

    def edge(self, written: int) -> int:
        """The first batch written after this time in steady milliseconds; `next` if there is none."""
        index = bisect_right(self.records, written, key=lambda record: record.written)
        return self.records[index].first if index < len(self.records) else self.next

    def count(self, pieces: Pieces) -> int:
        """Samples of these batches, which some output must need."""
        return sum(self._between(start, stop) for start, stop in pieces)

    def _between(self, start: int, stop: int) -> int:
        first = self.records[self._index(start)]
        last = self.records[self._index(stop - 1)]
        ends = first.between(start, stop)
        if first is last:
            return ends
        return ends + last.between(start, stop) + last.before - first.before - first.samples

    def _count_dropped(self, output: str, reason: str, samples: int) -> None:
        if samples:
            self.ledger.account(output).dropped[reason] += samples

    def _delete(self, pieces: Pieces) -> None:
        """Remove what no output needs any more."""
        gone = Intervals(pieces)
        for position in self.positions.values():
            gone.difference_update(position.todo)
            gone.difference_update(position.flight)
        for start, stop in gone:
            self._remove(start, stop)

    def _remove(self, start: int, stop: int) -> None:
        low = high = self._index(start)
        while high < len(self.records) and self.records[high].first < stop:
            record = self.records[high]
            self.samples -= record.between(start, stop)
            record.live -= min(stop, record.stop) - max(start, record.first)
            high += 1
        self.batches -= stop - start
        touched = self.records[low:high]
        dead = [r for r in touched if not r.live]
        self.size -= sum(r.size for r in dead)
        self.records[low:high] = [r for r in touched if r.live]
        self._forget(dead)


def _first(record: Record) -> int:
    return record.first


def _moved(pieces: Pieces, source: Intervals, target: Intervals) -> Pieces:
    """Move those that are in `source` to `target`. Returns them."""
    mine = [part for start, stop in pieces for part in source.within(start, stop)]
    for start, stop in mine:
        source.discard(start, stop)
        target.add(start, stop)
    return mine
