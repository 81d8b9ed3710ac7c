"""Changes of the index that are not on disk yet. Pure: it composes writes, and is told which succeeded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from orbital_buffer.format.stored import (
    LAYOUT,
    OUTPUT,
    RECORD,
    SUMMARY,
    layout_key,
    letter_key,
    number,
    pack,
    state_of,
    summary_of,
)
from orbital_buffer.model.intervals import Intervals

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from orbital_buffer.model.index import LogIndex
    from orbital_buffer.model.record import Record
    from orbital_buffer.store.disk.letters import DiskLetterStore, LetterChange

PORTION: Final = 4 << 20
"""Maximum bytes of records in one write; only what accumulated while the disk was full is more."""
DEAD: Final = 1 << 20
"""Bytes of unneeded records after which they are deleted: fewer, larger ranges are cheaper to read past."""
DEAD_RECORDS: Final = 256


class Pending(NamedTuple):
    """A record that is being stored, and the outputs that get it. It is not in the index yet."""

    record: Record
    readers: Sequence[str]


class Change(NamedTuple):
    """One atomic write."""

    puts: list[tuple[bytes, bytes]]
    deletes: list[bytes]
    drops: list[tuple[bytes, bytes]]
    records: dict[int, bytes]
    layouts: dict[tuple[int, int], bytes]
    states: dict[str, bytes]
    letters: LetterChange
    dead: list[tuple[int, int]]
    segments: list[int]
    dead_size: int
    more: bool
    """Whether there are records that did not fit into this write."""


class Journal:
    """Records, layouts, states and deletions that are not on disk yet."""

    def __init__(self) -> None:
        self.records: dict[int, bytes] = {}
        """Encoded records by their first batch, in order."""
        self.layouts: dict[tuple[int, int], bytes] = {}
        """Encoded layouts by segment and number."""
        self.size = 0
        """Bytes of `records`."""
        self._summaries: dict[int, bytes] = {}
        self._states: dict[str, bytes] = {}
        self._dead = Intervals()
        self._dead_segments: list[int] = []
        self._dead_size = 0
        self._dead_records = 0

    def add(self, record: Record, data: bytes, segment: int, layouts: Mapping[int, bytes]) -> None:
        """Add a new record with its new layouts."""
        self.records[record.first] = data
        self._summaries[record.first] = pack(summary_of(record, segment))
        self.size += len(data)
        self.layouts.update({(segment, n): layout for n, layout in layouts.items()})

    def delete(self, records: Iterable[Record], segments: Sequence[int]) -> None:
        """Delete these records, and the layouts of these segments: no output needs them any more."""
        for record in records:
            self._pop(record.first)
            self._dead.add(record.first, record.stop)
            self._dead_size += record.size
            self._dead_records += 1
        self._dead_segments += segments
        for key in [key for key in self.layouts if key[0] in segments]:
            del self.layouts[key]

    def forget_states(self) -> None:
        """Write every state again, as the database was replaced."""
        self._states.clear()

    def take(
        self,
        log: LogIndex,
        pending: Pending | None,
        letters: DiskLetterStore,
        *,
        records: bool = True,
        tidy: bool = False,
    ) -> Change | None:
        """The next write; None if the disk has everything.

        Args:
            log: The index.
            pending: The record that is not in the index yet.
            letters: Dead letters, which change together with these states.
            records: Whether there is room for records; deletions and states are always written.
            tidy: Delete unneeded records even if they are few.
        """
        portion = self._portion() if records else {}
        layouts = dict(self.layouts) if portion else {}
        states = self._changed(log, pending, self._saved(log, pending, portion))
        dead: list[tuple[int, int]] = []
        if tidy or self._dead_size >= DEAD or self._dead_records >= DEAD_RECORDS:
            dead = list(self._dead)
        moved = letters.take(self.records.keys() - portion.keys())
        if not (portion or states or dead or moved.puts or moved.drops):
            return None
        segments = list(self._dead_segments) if dead else []
        return Change(
            puts=[
                *((layout_key(*key), data) for key, data in layouts.items()),
                *((SUMMARY + number(first), self._summaries[first]) for first in portion),
                *((RECORD + number(first), data) for first, data in portion.items()),
                *((OUTPUT + output.encode(), state) for output, state in states.items()),
                *((letter_key(letter), data) for letter, data in moved.puts.items()),
            ],
            deletes=[letter_key(letter) for letter in moved.drops],
            drops=[
                *(
                    (kind + number(a), kind + number(b))
                    for a, b in dead
                    for kind in (SUMMARY, RECORD)
                ),
                *((_segment(segment), _segment(segment + 1)) for segment in segments),
            ],
            records=portion,
            layouts=layouts,
            states=states,
            letters=moved,
            dead=dead,
            segments=segments,
            dead_size=self._dead_size if dead else 0,
            more=records and len(portion) < len(self.records),
        )

    def done(self, change: Change) -> None:
        """This write is on disk."""
        for first, data in change.records.items():
            if self.records.get(first) is data:  # otherwise it was dropped meanwhile
                self._pop(first)
        for key, layout in change.layouts.items():
            if self.layouts.get(key) is layout:
                del self.layouts[key]
        self._states |= change.states
        for start, stop in change.dead:
            self._dead.discard(start, stop)
        if change.dead:
            self._dead_size -= change.dead_size
            self._dead_records = 0
            self._dead_segments = [s for s in self._dead_segments if s not in change.segments]

    @property
    def states(self) -> Mapping[str, bytes]:
        """The state of every output as on disk."""
        return self._states

    def books(self, log: LogIndex, pending: Pending | None) -> Mapping[str, bytes]:
        """The current state of every output, with all records of the journal counted as in memory only."""
        return self._states | self._changed(log, pending, self._saved(log, pending, {}))

    def _portion(self) -> dict[int, bytes]:
        portion: dict[int, bytes] = {}
        size = 0
        for first, data in self.records.items():
            if portion and size + len(data) > PORTION:
                break
            portion[first] = data
            size += len(data)
        return portion

    def _saved(self, log: LogIndex, pending: Pending | None, portion: Mapping[int, bytes]) -> int:
        """The first batch that remains in memory only after this write."""
        if len(portion) < len(self.records):
            return next(first for first in self.records if first not in portion)
        return _following(log, pending)

    def _changed(self, log: LogIndex, pending: Pending | None, saved: int) -> dict[str, bytes]:
        states: dict[str, bytes] = {}
        following = _following(log, pending)
        for output, account in log.ledger.accounts().items():
            position = log.positions.get(output)
            gets = pending is not None and output in pending.readers and position is not None
            state = pack(
                state_of(
                    account, position, following=following, saved=saved,
                    more=pending.record if pending is not None and gets else None,
                )
            )  # fmt: skip
            if self._states.get(output) != state:
                states[output] = state
        return states

    def _pop(self, first: int) -> None:
        data = self.records.pop(first, None)
        if data is not None:
            self.size -= len(data)
            del self._summaries[first]


def _following(log: LogIndex, pending: Pending | None) -> int:
    return log.next if pending is None else pending.record.stop


def _segment(segment: int) -> bytes:
    return LAYOUT + segment.to_bytes(4, "big")
