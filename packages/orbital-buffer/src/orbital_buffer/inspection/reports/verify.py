"""Verifies a buffer: checksums, layouts, numbers, positions, ledger."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from itertools import islice
from typing import TYPE_CHECKING, Final

import msgspec

from orbital_buffer.inspection.reports.layout_fetcher import LayoutFetcher
from orbital_buffer.model.damage import Damaged
from orbital_buffer.model.intervals import Intervals
from orbital_buffer.model.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_buffer.format.codec import Opened
    from orbital_buffer.inspection.snapshot import BufferView, OutputBook, Stored
    from orbital_buffer.model.intervals import Pieces

FINDINGS: Final = 1000
"""Maximum of findings as text; further ones are only counted."""


class CountedOutput(msgspec.Struct, frozen=True):
    """The ledger of an output, with waiting samples counted from the records."""

    name: str
    state: str
    accepted: int
    delivered: int
    waiting: int
    dead_lettered: int
    dropped: dict[str, int]
    letters: int
    """Dead letters found."""
    letters_gone: dict[str, int]

    @property
    def missing(self) -> int:
        """Samples in the ledger that were not found; negative: more were found."""
        gone = self.delivered + self.dead_lettered + sum(self.dropped.values())
        return self.accepted - gone - self.waiting

    @property
    def letters_missing(self) -> int:
        """Likewise of the dead letters: dead-lettered = kept + gone by reason."""
        return self.dead_lettered - self.letters - sum(self.letters_gone.values())


class Verdict(msgspec.Struct):
    """The result of a verification."""

    records: int = 0
    batches: int = 0
    samples: int = 0
    layouts: int = 0
    outputs: list[CountedOutput] = []
    findings: list[str] = []
    more: int = 0
    """Findings beyond those in `findings`."""

    @property
    def good(self) -> bool:
        return not self.findings

    def find(self, text: str) -> None:
        """Add a finding."""
        if len(self.findings) < FINDINGS:
            self.findings.append(text)
        else:
            self.more += 1


class Verification:
    """One verification.

    Args:
        look: The buffer.
        findings: Earlier findings.
    """

    def __init__(self, look: BufferView, findings: list[str]) -> None:
        self._look = look
        self._fetcher = LayoutFetcher(look)
        self._read: list[Record] = []
        self._layouts: set[tuple[int, int]] = set()
        self._lost: set[tuple[int, int]] = set()
        self._broken = Intervals()
        self.verdict = Verdict(findings=[*findings])

    def run(self, passed: Callable[[int], None] = lambda _: None) -> Verdict:
        """Read all records.

        Args:
            passed: Called with the samples of each record.
        """
        books = None
        for page in self._look.pages():
            books = page.books  # those of the last page: all that they speak of was read by then
            for stored in page.records:
                self._record(stored)
                passed(stored.samples)
        for book in books.outputs if books else ():
            self._output(book)
        self.verdict.layouts = len(self._layouts)
        return self.verdict

    def _record(self, stored: Stored) -> None:
        if self._read and stored.first < self._read[-1].stop:
            self.verdict.find(f"record {stored.first} begins inside of {self._read[-1].first}")
        try:
            opened = stored.opened()
        except Damaged as error:
            if self._look.has(stored.first):
                samples = stored.samples
                self._broken.add(stored.first, stored.stop)
                self.verdict.find(f"record {stored.first} ({samples} samples): {error}")
            return
        self._batches(stored, opened)
        self._read.append(_entry(stored))
        self.verdict.records += 1
        self.verdict.batches += len(stored.counts)
        self.verdict.samples += stored.samples

    def _batches(self, stored: Stored, opened: Opened) -> None:
        layouts = self._fetcher.of(opened)
        for head in opened.heads:
            key = opened.segment, head.layout
            if head.layout in layouts:
                self._layouts.add(key)
            elif key not in self._lost and self._look.has(stored.first):
                self._lost.add(key)
                self.verdict.find(
                    f"layout {head.layout} of segment {opened.segment} cannot be read, or is another one "
                    f"(record {stored.first} needs it)"
                )

    def _output(self, book: OutputBook) -> None:
        """Check its ledger against the records that were read."""
        there = Intervals((record.first, record.stop) for record in self._read)
        there.update(self._broken)  # told already
        lost = Intervals(book.needs)
        lost.difference_update(there)
        for start, stop in lost:
            self.verdict.find(
                f"output {book.name} needs batches {_span(start, stop)}, which are not there"
            )
        counted = CountedOutput(
            book.name, book.state, book.accepted, book.delivered, self._count(book.needs),
            book.dead_lettered, book.dropped, book.letters, book.letters_gone,
        )  # fmt: skip
        self.verdict.outputs.append(counted)
        if counted.missing:
            self.verdict.find(f"output {book.name}: {_equation(counted)}")
        if counted.letters_missing:
            self.verdict.find(f"output {book.name}: {_letters(counted)}")

    def _count(self, needs: Pieces) -> int:
        samples = 0
        for start, stop in needs:
            first = bisect_right(self._read, start, key=lambda record: record.stop)
            for record in islice(self._read, first, None):
                if record.first >= stop:
                    break
                samples += record.between(start, stop)
        return samples


def _equation(one: CountedOutput) -> str:
    dropped = sum(one.dropped.values())
    off = f"{one.missing} are missing" if one.missing > 0 else f"{-one.missing} are too many"
    return (
        f"accepted {one.accepted} is not delivered {one.delivered} + waiting {one.waiting} + dead-lettered "
        f"{one.dead_lettered} + dropped {dropped}: {off}"
    )


def _letters(one: CountedOutput) -> str:
    gone = (
        ", ".join(f"{count} {reason}" for reason, count in one.letters_gone.items()) or "none gone"
    )
    return (
        f"{one.dead_lettered} were dead-lettered, but {one.letters} dead letters are kept ({gone}): "
        f"{abs(one.letters_missing)} {'are missing' if one.letters_missing > 0 else 'are too many'}"
    )


def _span(start: int, stop: int) -> str:
    return f"{start} to {stop - 1}" if stop - start > 1 else f"{start}"


def _entry(stored: Stored) -> Record:
    """Its index entry, for counting."""
    counts = array("I", stored.counts) if len(stored.counts) > 1 else None
    return Record(
        stored.first, len(stored.counts), stored.samples, stored.size, stored.written,
        stored.oldest_ms, counts, len(stored.counts),
    )  # fmt: skip
