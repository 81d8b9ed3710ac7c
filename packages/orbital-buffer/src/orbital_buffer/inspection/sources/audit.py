"""The folder of a stopped agent for `verify`: all that is stored, before a start repairs it and counts the
damage. Samples that were in memory only at a kill are no damage; they are counted as the next start will
count them.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from orbital_buffer.format.frame import unseal
from orbital_buffer.format.layout import decode_layout
from orbital_buffer.format.letter import decode_letter
from orbital_buffer.format.stored import (
    LAYOUT,
    LETTER,
    META,
    NOTE,
    OUTPUT,
    RECORD,
    SUMMARY,
    VERSION,
    Meta,
    State,
    Summary,
    unpack,
)
from orbital_buffer.inspection.snapshot import (
    ATTACHED,
    ORPHANED,
    REMOVED,
    Books,
    OutputBook,
    Page,
)
from orbital_buffer.inspection.sources.paging import choose
from orbital_buffer.model.damage import Damaged
from orbital_buffer.model.intervals import Intervals
from orbital_buffer.store.rocks.checkpoint import FILES, Checkpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from orbital_buffer.inspection.sources.directory import Directory
    from orbital_buffer.store.folder_usage import FolderUsage
    from orbital_sdk import Layout

_KINDS: Final[dict[bytes, tuple[str, Callable[[bytes], object]]]] = {
    SUMMARY: ("summaries", partial(unpack, Summary)),
    OUTPUT: ("states of outputs", partial(unpack, State)),
    META: ("counts of starts", partial(unpack, Meta)),
    LAYOUT: ("layouts", decode_layout),
    NOTE: ("notes of outputs", partial(unseal, VERSION)),
    LETTER: ("dead letters", partial(decode_letter, letter=0)),
}


class Audit:
    """Reads what is stored. For one use.

    Args:
        directory: The open folder.
    """

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self.damage: list[str] = [*directory.damage]
        self._outputs = {name: self._after(name) for name in sorted(directory.found.states)}
        self._files()
        self._keys()
        self._states()

    @property
    def folder_usage(self) -> FolderUsage | None:
        return self._directory.folder_usage

    def books(self) -> Books:
        found = self._directory.found
        kept = found.kept
        return Books(
            outputs=[_book(name, state, kept[name]) for name, state in self._outputs.items()],
            records=len(found.summaries),
            batches=sum(len(summary.counts) for summary in found.summaries.values()),
            samples=sum(sum(summary.counts) for summary in found.summaries.values()),
            size=sum(summary.size for summary in found.summaries.values()),
            fill=0.0,
        )

    def pages(self, start: int = 0) -> Iterator[Page]:
        summaries = self._directory.found.summaries.items()
        records = [summary.record(first) for first, summary in summaries]
        books, following = self.books(), start
        while following is not None:
            chosen, following = choose(records, following)
            yield Page(books, [self._directory.stored(record) for record in chosen], following)

    def layouts(self, segment: int, numbers: Sequence[int]) -> dict[int, Layout]:
        return self._directory.layouts(segment, numbers)

    def has(self, seq: int) -> bool:
        return self._directory.has(seq)

    def _after(self, name: str) -> State:
        """The state of an output without samples in memory only, which a start counts as `unsaved`."""
        state, log = self._directory.found.states[name], self._directory.log
        unsaved = log.ledger.account(name).dropped["unsaved"]
        if unsaved == state.dropped.get("unsaved", 0):
            return state
        needs = Intervals(log.positions[name].todo)
        damaged = [
            (start, min(stop, state.saved)) for start, stop in state.todo if start < state.saved
        ]
        needs.update(Intervals(damaged))
        dropped = {**state.dropped, "unsaved": unsaved}
        return msgspec.structs.replace(state, todo=list(needs), dropped=dropped)

    def _files(self) -> None:
        """Check the files beside the database."""
        folder = self._directory.folder
        if not folder.known_format():
            self.damage.append(f"{folder.path / 'format'} is missing or damaged")
        for name in FILES:
            try:
                unpack(Checkpoint, (folder.path / name).read_bytes())
            except FileNotFoundError:
                continue
            except (Damaged, OSError) as error:
                self.damage.append(f"{folder.path / name} is damaged: {error}")

    def _keys(self) -> None:
        """Check all keys of the database but the records, which are read later."""
        store, known = self._directory.store, self._directory.found.summaries
        for kind, (what, read) in _KINDS.items():
            bad = 0
            for _, data in store.scan(kind):
                try:
                    read(data)
                except Damaged:
                    bad += 1
            if bad:
                self.damage.append(f"{bad} of the {what} are damaged")
        lost = sum(int.from_bytes(key[1:], "big") not in known for key, _ in store.scan(RECORD))
        if lost:
            self.damage.append(f"{lost} records have no summary, so nobody would deliver them")

    def _states(self) -> None:
        """Check the database against the checkpoint, and against the records."""
        stored = dict(self._directory.store.scan(OUTPUT))
        last = max(self._directory.found.summaries, default=0)
        refused = (
            self._directory.folder.crash_counts.about()
        )  # by a disk that took the note at most
        for name, state in self._directory.noted.items():
            data = stored.get(OUTPUT + name.encode())
            try:
                behind = data is None or unpack(State, data).progress < state.progress
            except Damaged:
                continue  # told already
            if behind and not (name in refused or state.saved < state.next):
                self.damage.append(f"output {name}: the database is behind the last checkpoint")
        for name, state in self._outputs.items():
            if state.reading and last >= state.next:
                self.damage.append(f"output {name}: there are records that its state does not know")


def _book(name: str, state: State, letters: int) -> OutputBook:
    dropped = sum(state.dropped.values())
    return OutputBook(
        name=name,
        state=_standing(state),
        accepted=state.accepted,
        delivered=state.delivered,
        waiting=state.accepted - state.delivered - state.dead_lettered - dropped,
        dead_lettered=state.dead_lettered,
        dropped=state.dropped,
        needs=state.todo,
        letters=letters,
        letters_gone=state.letters_gone,
        recovered=state.recovered,
    )


def _standing(state: State) -> str:
    if state.reading:
        return ATTACHED
    return ORPHANED if state.attached and state.todo else REMOVED
