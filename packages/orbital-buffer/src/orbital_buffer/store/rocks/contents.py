"""Contents of a database, read when it is opened."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orbital_buffer.format.frame import unseal
from orbital_buffer.format.letter import head_of
from orbital_buffer.format.stored import (
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
from orbital_buffer.model.damage import Damaged
from orbital_buffer.model.letter_index import Known

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orbital_buffer.store.rocks.port import Store


@dataclass
class Contents:
    """Contents of a database, without the records themselves."""

    summaries: dict[int, Summary] = field(default_factory=dict[int, Summary])
    """Summaries of records by the sequence number of their first batch, in order."""
    states: dict[str, State] = field(default_factory=dict[str, State])
    layouts: dict[int, int] = field(default_factory=dict[int, int])
    """Bytes of layouts, by segment."""
    letters: dict[int, tuple[str, Known]] = field(default_factory=dict[int, tuple[str, Known]])
    """Dead letters by id, in order, with their outputs."""
    bad_letters: dict[int, str] = field(default_factory=dict[int, str])
    """Dead letters that cannot be read, with the reason."""
    damaged: bool = False
    """Whether something in it cannot be read."""
    notes: dict[str, bytes] = field(default_factory=dict[str, bytes])
    """Notes by output."""
    start: int = 1
    """Number of times that it was opened, including this one."""
    names: dict[int, str] = field(default_factory=dict[int, str])
    """Names of starts, by their number."""

    def update(self, noted: Mapping[str, bytes]) -> None:
        """Replace states by noted ones that are newer."""
        for output, data in noted.items():
            state, known = unpack(State, data), self.states.get(output)
            if known is None or known.progress < state.progress:
                self.states[output] = state

    @property
    def kept(self) -> Counter[str]:
        """Number of dead letters by output."""
        return Counter(output for output, _ in self.letters.values())

    @property
    def segment(self) -> int:
        """The number of an unused segment."""
        used = (*self.layouts, *(summary.segment for summary in self.summaries.values()))
        return max(used, default=0) + 1


def find(store: Store, noted: Mapping[str, bytes]) -> Contents:
    """Read summaries, states and sizes of layouts.

    Args:
        store: The database.
        noted: States of the last checkpoint. If the database has an older state or none, it was damaged.
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
        ):  # reported by `verify`; it only prevents a duplicate
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
