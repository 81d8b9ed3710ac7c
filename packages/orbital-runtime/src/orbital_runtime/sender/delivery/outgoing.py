"""What the writer of an output gets of the batches that were read for it, and what of them is left out."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from orbital_buffer.model.chunk import Entry
from orbital_runtime.processor.output_chain import OutputChain
from orbital_runtime.sender.refusals.groups import whole

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from orbital_runtime.processor.output_chain import Passed
    from orbital_runtime.sender.output import Output
    from orbital_runtime.sender.refusals.bisection import RefusedRow
    from orbital_runtime.sender.refusals.groups import Group
    from orbital_runtime.sender.status import Tally
    from orbital_sdk import Batch


class Outgoing:
    """Some batches on their way to a writer.

    Args:
        entries: What it gets, in order.
        passed: What the output's processors left of each, by number; empty without processors.
    """

    def __init__(self, entries: Iterable[Entry], passed: Mapping[int, Passed]) -> None:
        self.group: Group[Batch] = whole(entries)
        self._passed = passed

    def originals(self, refused: Sequence[RefusedRow]) -> Sequence[RefusedRow]:
        """The refused rows as they are numbered in the buffer."""
        return [self._original(row) for row in refused] if self._passed else refused

    def dropped(self, left: Container[int]) -> Counter[str]:
        """Samples that processors left out, by reason; of batches that have nothing left to send."""
        found: Counter[str] = Counter()
        for seq, passed in self._passed.items():
            if passed.dropped and seq not in left:
                found.update(passed.dropped)
        return found

    def _original(self, refused: RefusedRow) -> RefusedRow:
        sources = self._passed[refused.seq].sources
        return refused if sources is None else refused._replace(row=sources[refused.row])


class Departures:
    """Makes what goes out of what was read.

    Args:
        output: Its writer and its processors.
        tally: Gets the failures of its processors.
    """

    def __init__(self, output: Output, tally: Tally) -> None:
        self._stale = output.writer.takes_stale_markers
        given = output.processors
        self._chain = OutputChain(given, tally.processor_failures) if given else None

    def of(self, entries: Iterable[Entry]) -> Outgoing:
        """What the writer gets of these: no stale markers where it takes none, nothing that is empty."""
        wanted = [entry for entry in entries if self._stale or not entry.batch.stale]
        if self._chain is None:
            return Outgoing(wanted, {})
        passed = {entry.seq: self._chain(entry.batch) for entry in wanted}
        left = [Entry(seq, one.batch) for seq, one in passed.items() if len(one.batch)]
        return Outgoing(left, passed)
