"""Restores the index from the database: its records, what each output needs, and what is missing."""

from __future__ import annotations

import logging
import math
from bisect import bisect_right
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

from orbital_buffer.ledger import Account
from orbital_buffer.model.intervals import Intervals
from orbital_buffer.model.position import DAMAGED, Position

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from orbital_buffer.format.stored import State
    from orbital_buffer.model.index import LogIndex
    from orbital_buffer.model.record import Record
    from orbital_buffer.store.rocks.contents import Contents

logger = logging.getLogger(__name__)


def restore(
    log: LogIndex,
    found: Contents,
    report: Callable[[str], None] = logger.error,
    *,
    now: float = math.inf,
) -> list[Record]:
    """Fill an empty index. Returns the records that no output needs any more; missing samples are reported.

    Args:
        log: The empty index.
        found: Contents of the database.
        report: Called with messages about what is missing.
        now: Monotonic milliseconds. Records with a later time (the clock was set back) age from now on:
            otherwise neither they nor the records after them would ever expire.
    """
    log.records = [summary.record(first) for first, summary in found.summaries.items()]
    for record in log.records:
        if record.written > now:
            record.written = int(now)
    for output, state in found.states.items():
        _account(log, output, state)
        if state.attached:
            _position(log, output, state, report)
    _count_letters(log, found, report)
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


def _account(log: LogIndex, output: str, state: State) -> None:
    dropped = Counter(state.dropped)
    gone = Counter(state.letters_gone)
    stored = Account(
        state.accepted, state.delivered, state.dead_lettered, dropped, gone, state.recovered
    )
    log.ledger.account(output).add(stored)


def _count_letters(log: LogIndex, found: Contents, report: Callable[[str], None]) -> None:
    """Compare the stored dead letters with the ledger."""
    kept = found.kept
    for output in {*kept, *log.ledger.accounts()}:
        account = log.ledger.account(output)
        lost = account.letters - kept[output]
        if lost > 0:
            account.letters_gone["damaged"] += lost
            report(f"output {output}: {lost} dead letters are not on the disk any more (damaged)")
        elif lost < 0:  # the account is older than the letters, or a crash undid a replay
            account.accepted -= lost
            account.dead_lettered -= lost


def _position(log: LogIndex, output: str, state: State, report: Callable[[str], None]) -> None:
    """Restore the position of an output from existing records. It is orphaned until it is attached again."""
    position = log.positions[output] = Position()
    position.reading, position.orphaned_ms = False, state.orphaned_ms
    position.mark_lost(state.lost)
    position.back = Intervals(state.back)
    account = log.ledger.account(output)
    kept = 0
    for start, stop in state.todo:
        for record in _between(log.records, start, stop):
            position.todo.add(max(start, record.first), min(stop, record.stop))
            kept += record.between(start, stop)
    if lost := _missing(state, account, position, kept):
        report(f"output {output}: {lost}")
    if state.reading:
        kept += _newer(log, position, account, state.next)
    position.unsent = kept


def _missing(state: State, account: Account, position: Position, kept: int) -> str:
    """Count samples that wait according to the account but are not on disk; returns a message."""
    lost = account.waiting - kept
    if lost < 0:  # the account is older than the records
        account.accepted -= lost
    if lost <= 0:
        return ""
    missing = Intervals(state.todo)
    missing.difference_update(position.todo)
    position.mark_lost(missing)
    unsaved = state.reading and any(stop > state.saved for _, stop in missing)
    reason = "unsaved" if unsaved else DAMAGED
    account.dropped[reason] += lost
    return (
        f"{lost} samples ({len(missing)} batches) that waited for it are not on the disk any more "
        f"({reason})"
    )


def _newer(log: LogIndex, position: Position, account: Account, following: int) -> int:
    """Add records newer than this state: the state written with them is damaged. Delivers them (again)."""
    samples = 0
    for record in _between(log.records, following, 1 << 64):
        position.todo.add(record.first, record.stop)
        samples += record.samples
    account.accepted += samples
    return samples


def _between(records: list[Record], start: int, stop: int) -> Iterator[Record]:
    """The records with any of the batches `start` to `stop`."""
    index = max(0, bisect_right(records, start, key=lambda record: record.first) - 1)
    for record in islice(records, index, None):
        if record.first >= stop:
            return
        if record.stop > start:
            yield record
