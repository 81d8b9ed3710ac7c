"""A state machine that does what agents do to a buffer, in any order, and compares with a model.

Its invariants: what was acknowledged never comes again; what was not always does, unless the policy dropped
it, which drops the oldest and no more than needed; order holds in each lane; and for each output, after
every step,

    accepted = delivered + waiting + dead_lettered + sum(dropped by reason)

A buffer that survives a restart adds rules of its own in a subclass.
"""
# ruff: noqa: S101 (asserts are what a contract suite is made of)

from __future__ import annotations

import asyncio
from abc import abstractmethod
from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING, Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
)

from orbital_buffer.model.chunk import Chunk
from orbital_buffer.model.errors import BufferFull, NoReader
from orbital_buffer.model.limits import BufferLimits
from orbital_runtime.clock import ManualClock
from orbital_runtime_testing.buffer.model import Sent, Side, needed_by_any
from orbital_runtime_testing.buffer.tools import PLENTY, raises, refused
from orbital_sdk.testing import make_batch, make_layout

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from orbital_buffer.buffer import Buffer
    from orbital_buffer.model.limits import Policy
    from orbital_runtime.clock import Clock

T = TypeVar("T")

AGE = 100.0
NOTHING: Any = multiple()  # pyright: ignore[reportUnknownVariableType] (of nothing, no type is known)
LAYOUTS = {rows: [make_layout(rows) for _ in range(2)] for rows in range(1, 13)}

outputs = st.sampled_from(["a", "b", "c"])
sizes = st.lists(st.integers(1, 12), min_size=1, max_size=5)


class BufferMachine(RuleBasedStateMachine):
    """Subclass it, say how to open a buffer, and give `Subclass.TestCase` to pytest."""

    chunks: Bundle[Chunk] = Bundle("chunks")

    @abstractmethod
    async def open(self, limits: BufferLimits, clock: Clock) -> Buffer:
        """An empty buffer."""

    @initialize(
        policy=st.sampled_from(["drop_oldest", "drop_newest"]),
        samples=st.none() | st.integers(10, 60),
        age=st.none() | st.just(AGE),
    )
    def begin(self, policy: Policy, samples: int | None, age: float | None) -> None:
        self.runner = asyncio.Runner()
        self.clock = ManualClock()
        self.limits = BufferLimits(samples=samples, size=None, age=age, policy=policy)
        self.buffer = self.run(self.open(self.limits, self.clock))
        self.sides: dict[str, Side] = {}
        self.known: dict[str, Side] = {}
        self.next = 1
        self.places: list[tuple[int, int]] = []
        """Number in the model and in the buffer of what was appended."""
        for output in ("a", "b"):
            self.attach(output)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @rule(output=outputs, change=st.sampled_from(["attach", "attach", "orphan", "detach"]))
    def change(self, output: str, change: str) -> None:
        """One rule for all three, or outputs would come and go more often than batches."""
        if change == "attach":
            self.attach(output)
        elif change == "orphan":
            self.orphan(output)
        else:
            self.detach(output)

    def attach(self, output: str) -> None:
        self.buffer.attach(output)
        side = self.sides.setdefault(output, self.known.get(output, Side()))
        self.known[output] = side
        side.reading = True

    def orphan(self, output: str) -> None:
        self.buffer.orphan(output)
        if output in self.sides:
            self.sides[output].reading = False

    def detach(self, output: str) -> None:
        self.buffer.detach(output)
        side = self.sides.pop(output, None)
        if side is not None:
            side.clear()

    @rule(sizes=sizes, which=st.integers(0, 1))
    def append(self, sizes: list[int], which: int) -> None:
        now = self.clock.steady()
        sent = [Sent(self.next + i, size, now) for i, size in enumerate(sizes)]
        self.next += len(sent)
        batches = [
            make_batch([float(s.number)] * s.samples, ts=s.number, layout=LAYOUTS[s.samples][which])
            for s in sent
        ]
        first = self.buffer.edge()
        try:
            self.run(self.buffer.append(batches))
            self.places += [(s.number, first + i) for i, s in enumerate(sent)]
        except NoReader:
            assert not any(side.reading for side in self.sides.values())
            return
        except BufferFull:
            assert self.limits.policy == "drop_newest"
        self.admit(sent)

    @rule(target=chunks, output=outputs, room=st.integers(1, 40))
    def read(self, output: str, room: int) -> Any:
        return self.read_part(output, room, 0, PLENTY)

    @rule(target=chunks, output=outputs, room=st.integers(1, 40), edge=st.integers(0, 200))
    def read_fresh(self, output: str, room: int, edge: int) -> Any:
        return self.read_part(output, room, edge, PLENTY)

    @rule(target=chunks, output=outputs, room=st.integers(1, 40), edge=st.integers(0, 200))
    def read_backlog(self, output: str, room: int, edge: int) -> Any:
        return self.read_part(output, room, 0, edge)

    def read_part(self, output: str, room: int, low: int, high: int) -> Any:
        """Read the batches that the model numbers `low` to `high`; the buffer has numbers of its own."""
        side = self.sides.get(output)
        since, before = self.seq(low), self.seq(high)
        work = self.buffer.read(output, samples=room, size=PLENTY, since=since, before=before)
        if side is None:
            self.run(raises(LookupError, work))
            return NOTHING
        part, counted = side.part(low, high), self.buffer.unsent(output, since=since, before=before)
        assert counted[:2] == (len(part), sum(sent.samples for sent in part))
        expected = side.fitting(room, low, high)
        chunk = self.run(work)
        if chunk is None:
            assert not expected
            return NOTHING
        assert [entry.batch.ts for entry in chunk.entries] == [sent.number for sent in expected]
        for entry, sent in zip(chunk.entries, expected, strict=True):
            assert list(entry.batch.values) == [float(sent.number)] * sent.samples
            side.flight[sent.number] = side.todo.pop(sent.number)
        return chunk

    def seq(self, number: int) -> int:
        """Where the batches from this number of the model on begin in the buffer."""
        index = bisect_left(self.places, (number, 0))
        return self.places[index][1] if index < len(self.places) else self.buffer.edge()

    @rule(chunk=chunks, skip=st.integers(0, 3), dead=st.integers(0, 6))
    def acknowledge(self, chunk: Chunk, skip: int, dead: int) -> None:
        """All of a chunk or its end, for the first time or again."""
        entries = chunk.entries[skip:]
        if entries:
            part = Chunk(chunk.output, entries, sum(e.batch.samples for e in entries))
            letters = refused(part, dead)
            self.run(self.buffer.acknowledge(part, letters=letters))
            if chunk.output in self.sides:
                dead_of = Counter(letter.ts for letter in letters)
                self.sides[chunk.output].settle([e.batch.ts for e in entries], dead_of)

    @rule(output=outputs, room=st.integers(1, 40))
    def deliver(self, output: str, room: int) -> None:
        """What a healthy output does all day."""
        chunk = self.read(output, room)
        if isinstance(chunk, Chunk):
            self.acknowledge(chunk, 0, 0)

    @rule(chunk=chunks)
    def release(self, chunk: Chunk) -> None:
        self.buffer.release(chunk)
        if chunk.output in self.sides:
            self.sides[chunk.output].give_back([e.batch.ts for e in chunk.entries])

    @rule(seconds=st.integers(1, 60))
    def advance(self, seconds: int) -> None:
        self.clock.advance(seconds)
        if self.limits.age is not None:
            for side in self.sides.values():
                side.expire(self.clock.steady() - self.limits.age)

    @invariant()
    def agrees(self) -> None:
        usage = self.buffer.usage()
        needed = needed_by_any(self.sides.values())
        assert usage.samples == sum(sent.samples for sent in needed)
        assert usage.batches == len(needed)
        assert set(self.buffer.outputs()) == set(self.sides)
        for output, side in self.known.items():
            side.agrees(self.buffer.ledger.account(output), self.buffer.waiting(output))

    def teardown(self) -> None:
        """At the end everything that was neither acknowledged nor dropped comes, in order."""
        if hasattr(self, "runner"):
            with self.runner:
                self.runner.run(self.end())

    async def end(self) -> None:
        try:
            for output, side in self.sides.items():
                chunk = await self.buffer.read(output, samples=PLENTY, size=PLENTY)
                numbers = [] if chunk is None else [entry.batch.ts for entry in chunk.entries]
                assert numbers == sorted(side.todo)
        finally:
            await self.buffer.close()

    def admit(self, sent: list[Sent]) -> None:
        """The model follows what the policy decided, and judges it."""
        total, limit = sum(s.samples for s in sent), self.limits.samples
        taken: dict[int, Sent] = {}
        refused = False
        gone: list[Sent] = []
        for output, side in self.sides.items():
            account = self.buffer.ledger.account(output)
            if side.reading:
                if side.offer(sent, refused=account.dropped["refused"]):
                    taken.update({s.number: s for s in sent})
                else:
                    refused = True
            gone += side.drop(account.dropped["full"])
        rest = needed_by_any(self.sides.values())
        held = sum(s.samples for s in rest)
        if limit is None:
            assert not refused
            assert not gone
            return
        assert held <= limit
        if refused:
            assert held + total * (not taken) > limit * 0.9
        if gone and self.limits.policy == "drop_oldest":
            newest = max(gone)
            assert all(newest < s for s in rest)
            assert held + newest.samples > limit, "more was dropped than needed"
