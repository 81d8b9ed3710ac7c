"""The ledger: counts of accepted samples, by output and result.

accepted = delivered + waiting + dead_lettered + sum(dropped by reason)

and what became of every dead letter

dead_lettered = kept + sum(letters gone by reason)

All numbers but `waiting` and `kept` only grow. A replayed dead letter is removed and accepted again in one
step, so that both equations always hold. Samples recovered from the quarantine were dropped as
`quarantined`, and are accepted again, too. So the number of collected samples is `accepted -
letters_gone["replayed"] - recovered`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

BY_PROCESSOR: Final = "processor:"
"""How the reason begins under which an output's own processor leaves samples out; its name follows."""
BY_FAILURE: Final = "failed:"
"""The same for samples that are lost to a failure of it."""


@dataclass(slots=True)
class Account:
    """Samples of one output, counted since it was first attached."""

    accepted: int = 0
    delivered: int = 0
    dead_lettered: int = 0
    dropped: Counter[str] = field(default_factory=Counter[str])
    """By reason: `full` (drop_oldest), `refused` (drop_newest), `age`, `removed` (by hand), `orphaned` (not
    configured for long), `quarantined` (damaged), `unsaved` (a crash while the disk took nothing), `stopped`
    (waiting in memory at exit), `processor:NAME` (left out by the output's own processor) and `failed:NAME`
    (lost to a failure of it)."""

    letters_gone: Counter[str] = field(default_factory=Counter[str])
    """Dead letters by what became of them: `evicted` (for newer ones), `expired`, `purged` (by hand),
    `replayed` (accepted again), `damaged` (cannot be read, or not there after a start), `stopped` (kept in
    memory at exit)."""

    recovered: int = 0
    """Accepted samples that were recovered from the quarantine; they are in `dropped` as well."""

    @property
    def letters(self) -> int:
        """Dead letters that are kept."""
        return self.dead_lettered - self.letters_gone.total()

    @property
    def left_out(self) -> int:
        """Dropped by the output's own processors, as its configuration asks."""
        return sum(n for reason, n in self.dropped.items() if reason.startswith(BY_PROCESSOR))

    @property
    def waiting(self) -> int:
        """Samples in the buffer."""
        return self.accepted - self.delivered - self.dead_lettered - self.dropped.total()

    def add(self, other: Account) -> None:
        """Add the counts of another account."""
        self.accepted += other.accepted
        self.delivered += other.delivered
        self.dead_lettered += other.dead_lettered
        self.dropped.update(other.dropped)
        self.letters_gone.update(other.letters_gone)
        self.recovered += other.recovered


class Ledger:
    """The accounts of all outputs. Only the buffer changes them, in the step that changes a position."""

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}

    def account(self, output: str) -> Account:
        """The account of this output, created on first use."""
        return self._accounts.setdefault(output, Account())

    def accounts(self) -> dict[str, Account]:
        """All accounts, by output."""
        return dict(self._accounts)
