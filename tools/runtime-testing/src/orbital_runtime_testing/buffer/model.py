"""A buffer as plain Python sets, which the state machine compares a real one with."""
# ruff: noqa: S101 (asserts are what a contract suite is made of)

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from orbital_buffer.ledger import Account


class Sent(NamedTuple):
    """A batch that was appended."""

    number: int
    """In order of appending; its batch carries it as time and as values."""
    samples: int
    written: float
    """Steady seconds."""


@dataclass
class Side:
    """One output's view."""

    reading: bool = True
    todo: dict[int, Sent] = field(default_factory=dict[int, Sent])
    """By number."""
    flight: dict[int, Sent] = field(default_factory=dict[int, Sent])
    accepted: int = 0
    delivered: int = 0
    dead: int = 0
    refused: int = 0
    full: int = 0
    other: int = 0
    """Samples dropped for age or because the output was forgotten."""

    @property
    def needed(self) -> list[Sent]:
        """What it has not acknowledged, oldest first."""
        return sorted((*self.todo.values(), *self.flight.values()))

    def part(self, low: int, high: int) -> list[Sent]:
        """What is unsent of the numbers `low` to `high`, oldest first."""
        return sorted(sent for sent in self.todo.values() if low <= sent.number < high)

    def fitting(self, room: int, low: int, high: int) -> list[Sent]:
        """What a read of so many rows must give."""
        chosen: list[Sent] = []
        for sent in self.part(low, high):
            if chosen and sent.samples > room:
                break
            chosen.append(sent)
            room -= sent.samples
        return chosen

    def offer(self, sent: list[Sent], *, refused: int) -> bool:
        """New batches, which the ledger says were refused, all together, or not."""
        samples = sum(s.samples for s in sent)
        self.accepted += samples
        if refused == self.refused:
            self.todo.update({s.number: s for s in sent})
            return True
        assert refused == self.refused + samples
        self.refused = refused
        return False

    def settle(self, numbers: Iterable[int], dead: Mapping[int, int]) -> None:
        """Acknowledge these, as far as they are in flight; so many samples of each were refused."""
        for number in numbers:
            if sent := self.flight.pop(number, None):
                self.dead += dead.get(number, 0)
                self.delivered += sent.samples - dead.get(number, 0)

    def give_back(self, numbers: Iterable[int]) -> None:
        self.todo.update({n: self.flight.pop(n) for n in numbers if n in self.flight})

    def drop(self, full: int) -> list[Sent]:
        """The ledger says that so many samples were dropped in all: whole batches, the oldest."""
        dropped: list[Sent] = []
        for sent in self.needed:
            if self.full >= full:
                break
            self.full += sent.samples
            self._remove(sent)
            dropped.append(sent)
        assert self.full == full, "a part of a batch was dropped"
        return dropped

    def expire(self, before: float) -> None:
        """Drop what was written before this."""
        for sent in self.needed:
            if sent.written < before:
                self.other += sent.samples
                self._remove(sent)

    def clear(self) -> None:
        """Drop everything."""
        self.other += sum(sent.samples for sent in self.needed)
        self.todo.clear()
        self.flight.clear()

    def agrees(self, account: Account, waiting: int) -> None:
        """Whether the ledger and the buffer say the same."""
        assert waiting == sum(sent.samples for sent in self.needed)
        assert account.waiting == waiting
        assert account.accepted == self.accepted
        assert account.delivered == self.delivered
        assert account.dead_lettered == self.dead
        assert account.dropped.total() == self.refused + self.full + self.other

    def _remove(self, sent: Sent) -> None:
        self.todo.pop(sent.number, None)
        self.flight.pop(sent.number, None)


def needed_by_any(sides: Iterable[Side]) -> set[Sent]:
    """Every batch that some output needs."""
    return {sent for side in sides for sent in side.needed}
