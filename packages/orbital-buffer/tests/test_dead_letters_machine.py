"""A state machine of dead letters: refused, evicted, replayed, purged; restarts, a full disk, and crashes.

After each step each sample is waiting, a letter, or counted as gone, and

    accepted = delivered + waiting + dead_lettered
    dead_lettered = kept + sum(letters gone by reason)

A crash at any write leaves what was before the step, or what was after it, and nothing in between.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from orbital_buffer.buffer import disk_buffer
from orbital_buffer.model.letter_index import Wanted
from orbital_buffer.model.limits import BufferLimits, LetterLimits
from orbital_runtime.clock import ManualClock
from orbital_runtime_testing.buffer.tools import (
    IN_MEMORY,
    PLENTY,
    SMALL,
    balanced,
    crash_image,
    refused,
)
from orbital_sdk.testing import make_batch, make_layout

OUTPUTS = ("a", "b")
LAYOUT = make_layout(1)
MOST = 8

outputs = st.sampled_from(OUTPUTS)
steps = st.tuples(st.sampled_from(["refuse", "replay", "purge"]), outputs, st.integers(1, 6))


class LetterMachine(RuleBasedStateMachine):
    @initialize()
    def begin(self):
        self.runner = asyncio.Runner()
        self.folder = Path(mkdtemp(dir=IN_MEMORY))
        self.copies = self.number = 0
        self.ids = set()
        self.open(self.folder / "0")
        self.seen = self.observed()

    def run(self, work):
        return self.runner.run(work)

    def open(self, path):
        self.buffer = disk_buffer(
            path,
            BufferLimits(samples=None, size=None),
            ManualClock(),
            letters=LetterLimits(letters=MOST),
            min_free=SMALL,
        )
        self.run(self.buffer.open())
        for output in OUTPUTS:
            self.buffer.attach(output)
        self.run(self.buffer.store.commit())
        self.write = self.buffer.store.database.write

    def observed(self):
        """All that there is to see: samples by their values, and the ledger."""
        found = {}
        for output in OUTPUTS:
            chunk = self.run(self.buffer.read(output, samples=PLENTY, size=PLENTY))
            if chunk is not None:
                self.buffer.release(chunk)
            waiting = [e.batch.values[0] for e in chunk.entries] if chunk else []
            letters = self.run(self.buffer.dead_letters.list(Wanted(output)))
            account = self.buffer.ledger.account(output)
            gone = {reason: count for reason, count in account.letters_gone.items() if count}
            counts = account.accepted, account.delivered, account.dead_lettered, gone
            found[output] = sorted(waiting), [letter.value for letter in letters], counts
        return found

    @rule(step=steps)
    def act(self, step):
        """What it says is what it does: samples move where they should, the oldest give way."""
        what, output, count = step
        new = self.number
        before, self.seen = self.seen, self.do(step)
        for name in OUTPUTS:
            (_, had, counts), (_, kept, now) = before[name], self.seen[name]
            evicted = now[3].get("evicted", 0) - counts[3].get("evicted", 0)
            if what == "refuse" and name == output:
                had = [float(n) for n in reversed(range(new, new + count))] + had
            elif what != "refuse" and name == output:
                moved = had[-count:]
                had = had[: len(had) - len(moved)]
                if what == "replay":
                    assert set(moved) <= set(self.seen[name][0])
            assert kept == had[: len(had) - evicted]
            if evicted:
                most = max(len(one[1]) for one in self.seen.values())
                assert len(kept) >= most - 1, "an output with few letters gave way"

    def do(self, step):
        what, output, count = step
        if what == "refuse":
            self.run(self.refuse(output, count))
        elif what == "replay":
            self.run(self.buffer.dead_letters.replay(Wanted(output, limit=count)))
        else:
            self.run(self.buffer.dead_letters.purge(Wanted(output, limit=count)))
        return self.observed()

    async def refuse(self, output, count):
        numbers = range(self.number, self.number + count)
        self.number += count
        await self.buffer.append([make_batch([float(n)], ts=n, layout=LAYOUT) for n in numbers])
        await self.acknowledge(output, numbers)

    async def acknowledge(self, output, numbers):
        """Everything that waits is settled: these samples as letters, others as delivered."""
        chunk = await self.buffer.read(output, samples=PLENTY, size=PLENTY)
        letters = [one for one in refused(chunk, PLENTY) if one.value in numbers]
        await self.buffer.acknowledge(chunk, letters=letters)

    @rule(output=outputs)
    def deliver(self, output):
        if self.seen[output][0]:
            self.run(self.acknowledge(output, ()))
            self.seen = self.observed()

    @rule()
    def restart(self):
        self.run(self.buffer.close())
        self.open(self.buffer.store.path)
        assert self.observed() == self.seen

    @rule(step=steps)
    def on_a_full_disk(self, step):
        """All of it happens in memory, together, and is on the disk as soon as there is room."""

        def no_room(*_, **__):
            raise OSError("No space left on device")

        self.buffer.store.database.write = no_room
        self.act(step)
        self.buffer.store.database.write = self.write
        self.run(self.buffer.store.look(1))
        assert not self.buffer.store.letters.unsaved
        self.restart()

    @rule(step=steps, late=st.integers(0, 2))
    def crash(self, step, late):
        """The files as they are before the first, second or third write of a step, or at its end."""
        what, output, _ = step
        target = self.next_path()
        if what == "refuse":  # two steps: the samples come first
            self.run(self.buffer.append([make_batch([float(self.number)], layout=LAYOUT)]))
            self.number += 1
            self.seen = self.observed()
        write, count = self.buffer.store.database.write, 0

        def watched(*arguments, **options):
            nonlocal count
            if count == late:
                crash_image(self.buffer.store.path, target)
            count += 1
            write(*arguments, **options)

        self.buffer.store.database.write = watched
        if what == "refuse":
            self.run(self.acknowledge(output, (float(self.number - 1),)))
            after = self.observed()
        else:
            after = self.do(step)
        if not target.exists():
            crash_image(self.buffer.store.path, target)
        before, old = self.seen, self.buffer
        old.store.database.write = lambda *_, **__: None
        self.run(old.close())
        rmtree(old.store.path)
        self.open(target)
        self.seen = self.observed()
        assert self.seen in (before, after)

    def next_path(self):
        self.copies += 1
        return self.folder / str(self.copies)

    @invariant()
    def all_is_accounted_for(self):
        balanced(self.buffer)
        kept = self.run(self.buffer.dead_letters.list())
        assert len(kept) <= MOST
        assert [letter.id for letter in kept] == sorted(
            (letter.id for letter in kept), reverse=True
        )

    def teardown(self):
        if hasattr(self, "buffer"):
            with self.runner:
                self.runner.run(self.buffer.close())
            rmtree(self.folder)


def test_letters_are_never_lost_quietly():
    """See above for what holds after every step."""
    run_state_machine_as_test(
        LetterMachine, settings=settings(max_examples=25, stateful_step_count=20, deadline=None)
    )
