"""The books from what is stored: which records there are, what each output needs, and what is missing."""

from __future__ import annotations

import logging
import math
from bisect import bisect_right
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from orbital_runtime.buffer.disk.stored import (
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
from orbital_runtime.buffer.frame import unseal
from orbital_runtime.buffer.intervals import Intervals
from orbital_runtime.buffer.letters.index import Known
from orbital_runtime.buffer.letters.letter import head_of
from orbital_runtime.buffer.log import DAMAGED, Position
from orbital_runtime.ledger import Account
from orbital_runtime.storage.errors import Damaged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from orbital_runtime.buffer.log import Log, Record
    from orbital_runtime.storage.port import Store

logger = logging.getLogger(__name__)


@dataclass
class Found:
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


def find(store: Store, noted: Mapping[str, bytes]) -> Found:
    """Read summaries, states and sizes of layouts.

    Args:
        store: The database.
        noted: States of the last checkpoint. Where the database has an older one or none, it was damaged.
    """
    found = Found()
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


def _letters(store: Store, found: Found) -> None:
    for key, data in store.scan(LETTER):
        letter = int.from_bytes(key[1:], "big")
        try:
            head = head_of(data)
        except Damaged as error:
            found.bad_letters[letter] = str(error)
        else:
            found.letters[letter] = head.output, Known(len(data), head.at_ms)


def restore(
    log: Log,
    found: Found,
    tell: Callable[[str], None] = logger.error,
    *,
    now: float = math.inf,
) -> list[Record]:
    """Fill empty books. Gives the records that no output needs any more; what is missing is told.

    Args:
        log: The books.
        found: What is stored.
        tell: Told in sentences.
        now: Steady milliseconds. Records from later (the clock was set back) age from now on: else they would
            never be too old, nor would anything behind them.
    """
    log.records = [summary.record(first) for first, summary in found.summaries.items()]
    for record in log.records:
        if record.written > now:
            record.written = int(now)
    for output, state in found.states.items():
        _account(log, output, state)
        if state.attached:
            _position(log, output, state, tell)
    _count_letters(log, found, tell)
    needed = Intervals()
    for position in log.positions.values():
        needed.update(position.todo)
    for start, stop in needed:
        for record in _between(log.records, start, stop):
            live = min(stop, record.stop) - max(start, record.first)
            record.live += live
            log.batches += live
            log.samples += record.between(start, stop)
    dead = [record for record in log.records if not record.live]
    log.records = [record for record in log.records if record.live]
    log.size = sum(record.size for record in log.records)
    log.recount()
    return dead


def _account(log: Log, output: str, state: State) -> None:
    dropped = Counter(state.dropped)
    gone = Counter(state.letters_gone)
    stored = Account(
        state.accepted, state.delivered, state.dead_lettered, dropped, gone, state.recovered
    )
    log.ledger.account(output).add(stored)


def _count_letters(log: Log, found: Found, tell: Callable[[str], None]) -> None:
    """Hold the letters that are there against the accounts."""
    kept = found.kept
    for output in {*kept, *log.ledger.accounts()}:
        account = log.ledger.account(output)
        lost = account.letters - kept[output]
        if lost > 0:
            account.letters_gone["damaged"] += lost
            tell(f"output {output}: {lost} dead letters are not on the disk any more (damaged)")
        elif (
            lost < 0
        ):  # an account that is older than what is there, or a replay that a crash undid
            account.accepted -= lost
            account.dead_lettered -= lost


def _position(log: Log, output: str, state: State, tell: Callable[[str], None]) -> None:
    """What it needs and is there. It is an orphan until it is attached again."""
    position = log.positions[output] = Position()
    position.reading, position.orphaned_ms = False, state.orphaned_ms
    position.lose(state.lost)
    position.back = Intervals(state.back)
    account = log.ledger.account(output)
    kept = 0
    for start, stop in state.todo:
        for record in _between(log.records, start, stop):
            position.todo.add(max(start, record.first), min(stop, record.stop))
            kept += record.between(start, stop)
    if lost := _missing(state, account, position, kept):
        tell(f"output {output}: {lost}")
    if state.reading:
        kept += _newer(log, position, account, state.next)
    position.unsent = kept


def _missing(state: State, account: Account, position: Position, kept: int) -> str:
    """Count what the account says is waiting and the disk does not have, and say so."""
    lost = account.waiting - kept
    if lost < 0:  # an account that is older than what is there
        account.accepted -= lost
    if lost <= 0:
        return ""
    missing = Intervals(state.todo)
    missing.difference_update(position.todo)
    position.lose(missing)
    unsaved = state.reading and any(stop > state.saved for _, stop in missing)
    reason = "unsaved" if unsaved else DAMAGED
    account.dropped[reason] += lost
    return (
        f"{lost} samples ({len(missing)} batches) that waited for it are not on the disk any more "
        f"({reason})"
    )


def _newer(log: Log, position: Position, account: Account, following: int) -> int:
    """Records that this state does not know: the state that came with them is damaged. They come (again)."""
    samples = 0
    for record in _between(log.records, following, 1 << 64):
        position.todo.add(record.first, record.stop)
        samples += record.samples
    account.accepted += samples
    return samples


def _between(records: list[Record], start: int, stop: int) -> Iterator[Record]:
    """The records that hold any of the batches `start` to `stop`."""
    index = max(0, bisect_right(records, start, key=lambda record: record.first) - 1)
    for record in islice(records, index, None):
        if record.first >= stop:
            return
        if record.stop > start:
            yield record
