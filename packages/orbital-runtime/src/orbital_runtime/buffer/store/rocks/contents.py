"""What a database holds, read when it is opened."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orbital_runtime.buffer.format.frame import unseal
from orbital_runtime.buffer.format.letter import head_of
from orbital_runtime.buffer.format.stored import (
    LAYOUT,
    LETTER,
    NOTE,
    OUTPUT,
    SUMMARY,
    VERSION,
    State,
    Summary,
    unpack,
)
from orbital_runtime.buffer.model.damage import Damaged
from orbital_runtime.buffer.model.letter_index import Known

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orbital_runtime.buffer.store.rocks.port import Store


@dataclass
class Contents:
    """What a database holds, without the records themselves."""

    summaries: dict[int, Summary] = field(default_factory=dict[int, Summary])
    """By the sequence number of the first batch, in order."""
    states: dict[str, State] = field(default_factory=dict[str, State])
    layouts: dict[int, int] = field(default_factory=dict[int, int])
    """Bytes of layouts, by segment."""
    letters: dict[int, tuple[str, Known]] = field(default_factory=dict[int, tuple[str, Known]])
    """Dead letters by id, in order, with their outputs."""
    bad_letters: dict[int, str] = field(default_factory=dict[int, str])
    """Those that cannot be read, and why."""
    damaged: bool = False
    """Whether something is there and cannot be read."""
    notes: dict[str, bytes] = field(default_factory=dict[str, bytes])
    """By output."""
    start: int = 1
    """How many times it was opened, this time included."""
    names: dict[int, str] = field(default_factory=dict[int, str])
    """Start -> its name."""

    def update(self, noted: Mapping[str, bytes]) -> None:
        """Take over the states that know more than those of the database."""
        for output, data in noted.items():
            state, known = unpack(State, data), self.states.get(output)
            if known is None or known.progress < state.progress:
                self.states[output] = state

    @property
    def kept(self) -> Counter[str]:
        """How many dead letters there are, by output."""
        return Counter(output for output, _ in self.letters.values())

    @property
    def segment(self) -> int:
        """A segment that nothing stored belongs to."""
        used = (*self.layouts, *(summary.segment for summary in self.summaries.values()))
        return max(used, default=0) + 1


def find(store: Store, noted: Mapping[str, bytes]) -> Contents:
    """Read summaries, states and sizes of layouts.

    Args:
        store: The database.
        noted: States of the last checkpoint. Where the database has an older one or none, it was damaged.
    """
    found = Contents()
    for key, data in store.scan(SUMMARY):
        try:
            found.summaries[int.from_bytes(key[1:], "big")] = unpack(Summary, data)
        except Damaged:
            found.damaged = True
    for key, data in store.scan(OUTPUT):
        try:
            found.states[key[1:].decode()] = unpack(State, data)
        except ValueError:
            found.damaged = True
    for key, data in store.scan(LAYOUT):
        segment = int.from_bytes(key[1:5], "big")
        found.layouts[segment] = found.layouts.get(segment, 0) + len(data)
    _letters(store, found)
    for key, data in store.scan(NOTE):
        with suppress(
            Damaged, UnicodeDecodeError
        ):  # `verify` tells; it spares a double and nothing else
            found.notes[key[1:].decode()] = bytes(unseal(VERSION, data))
    found.damaged = found.damaged or store.skipped
    found.update(noted)
    return found


def _letters(store: Store, found: Contents) -> None:
    for key, data in store.scan(LETTER):
        letter = int.from_bytes(key[1:], "big")
        try:
            head = head_of(data)
        except Damaged as error:
            found.bad_letters[letter] = str(error)
        else:
            found.letters[letter] = head.output, Known(len(data), head.at_ms)
