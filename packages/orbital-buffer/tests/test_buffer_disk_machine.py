"""A state machine that breaks the disk buffer: crashes at any write, a full disk, flipped bytes, cut tails.

Its invariants: what was acknowledged and made durable never returns; what was not always does, in order and
as it was; what damage or a crash took is in the ledger under its name, and for each output

    accepted = delivered + waiting + dead_lettered + sum(dropped by reason)
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
    precondition,
    rule,
    run_state_machine_as_test,
)

from orbital_buffer.buffer import disk_buffer
from orbital_buffer.model.limits import BufferLimits
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

ROWS = 5
LAYOUTS = [make_layout(ROWS) for _ in range(3)]
OUTPUTS = ("a", "b")


class FaultMachine(RuleBasedStateMachine):
    @initialize()
    def begin(self):
        self.runner = asyncio.Runner()
        self.folder = Path(mkdtemp(dir=IN_MEMORY))
        self.copies = self.number = 0
        self.needed = {output: set() for output in OUTPUTS}
        self.done = {output: set() for output in OUTPUTS}
        self.unsure = {output: set() for output in OUTPUTS}
        """What may have been lost or may return: it was under way, or in memory, when the process ended."""
        self.full = False
        self.buffer = self.open(self.folder / "0")

    def run(self, work):
        return self.runner.run(work)

    def open(self, path):
        buffer = disk_buffer(
            path, BufferLimits(samples=None, size=None), ManualClock(), min_free=SMALL
        )
        self.run(buffer.open())
        for output in OUTPUTS:
            buffer.attach(output)
        self.run(buffer.store.commit())
        self.write = buffer.store.database.write
        return buffer

    @rule(count=st.integers(1, 6))
    def append(self, count):
        numbers = range(self.number, self.number + count)
        self.number += count
        self.run(self.buffer.append([batch(number) for number in numbers]))
        for output in OUTPUTS:
            self.needed[output].update(numbers)

    @rule(output=st.sampled_from(OUTPUTS), count=st.integers(1, 8), dead=st.integers(0, 3))
    def deliver(self, output, count, dead):
        chunk = self.run(self.buffer.read(output, samples=count * ROWS, size=PLENTY))
        if chunk is not None:
            self.run(self.buffer.acknowledge(chunk, letters=refused(chunk, dead)))
            numbers = {entry.batch.ts for entry in chunk.entries}
            assert numbers <= self.needed[output]
            self.needed[output] -= numbers
            self.done[output] |= numbers
            if self.full:
                self.unsure[output] |= numbers

    @rule()
    def fill_the_disk(self):
        def refuse(*_, **__):
            raise OSError("No space left on device")

        self.full = True
        self.buffer.store.database.write = refuse

    @rule()
    def make_room(self):
        self.buffer.store.database.write = self.write
        self.run(self.buffer.store.look(1))
        self.full = False
        for output in OUTPUTS:
            self.unsure[output].clear()
        assert self.buffer.usage().trouble == ""

    @rule()
    def restart(self):
        self.make_room()
        self.run(self.buffer.close())
        self.buffer = self.open(self.buffer.store.path)
        self.compare()

    @rule(count=st.integers(1, 4), before=st.booleans(), act=st.sampled_from(["append", "deliver"]))
    def crash_at_a_write(self, count, before, act):
        """The files as they are before, or behind, the write of what is done last."""
        target = self.next_path()
        write = self.buffer.store.database.write

        def watched(*arguments, **options):
            if before and not target.exists():
                crash_image(self.buffer.store.path, target)
            write(*arguments, **options)
            if not target.exists():
                crash_image(self.buffer.store.path, target)

        held = {output: set(numbers) for output, numbers in self.needed.items()}
        self.buffer.store.database.write = watched
        if act == "append":
            self.append(count)
        else:
            self.deliver("a", count, 0)
        if not target.exists():
            crash_image(self.buffer.store.path, target)
        for output in OUTPUTS:
            self.unsure[output] |= held[output] ^ self.needed[output]
            if self.full:
                self.unsure[output] |= self.in_memory()
        self.move(target)
        self.compare()

    @rule(where=st.floats(0, 1), which=st.integers(0, 100), cut=st.booleans())
    @precondition(lambda self: not self.full)
    def damage(self, where, which, cut):
        """A byte is flipped in any file, or any write-ahead log loses its tail."""
        self.run(self.buffer.store.commit())
        target = self.next_path()
        crash_image(self.buffer.store.path, target)
        pattern = "db/*.log" if cut else "**/*"
        files = [f for f in sorted(target.glob(pattern)) if f.is_file() and f.stat().st_size]
        files = [
            f for f in files if f.name not in ("ballast", "lock") and "quarantine" not in f.parts
        ]
        file = files[which % len(files)]
        data = bytearray(file.read_bytes())
        place = int(where * (len(data) - 1))
        data = (
            data[:place] if cut else data[:place] + bytes((data[place] ^ 0x10,)) + data[place + 1 :]
        )
        file.write_bytes(data)
        self.move(target)
        self.judge_damage()

    def next_path(self):
        self.copies += 1
        return self.folder / str(self.copies)

    def move(self, target):
        """The process is gone; another one begins with these files."""
        old = self.buffer
        old.store.database.write = lambda *_, **__: None
        self.run(old.close())
        rmtree(old.store.path)
        self.full = False
        self.buffer = self.open(target)

    def in_memory(self):
        records = self.buffer.store.journal.records
        log = self.buffer.store.index
        spans = [(r.first, r.stop) for r in log.records if r.first in records]
        return {n for seq, n in self.seqs().items() if any(a <= seq < b for a, b in spans)}

    def seqs(self):
        found = {}
        for output in OUTPUTS:
            chunk = self.run(self.buffer.read(output, samples=PLENTY, size=PLENTY))
            if chunk is not None:
                found |= {entry.seq: entry.batch.ts for entry in chunk.entries}
                self.buffer.release(chunk)
        return found

    def read(self, output):
        chunk = self.run(self.buffer.read(output, samples=PLENTY, size=PLENTY))
        if chunk is None:
            return []
        self.buffer.release(chunk)
        for entry in chunk.entries:
            assert list(entry.batch.values) == values(entry.batch.ts)
        return [entry.batch.ts for entry in chunk.entries]

    def compare(self):
        """What was durable is there, and what was acknowledged durably is not."""
        for output in OUTPUTS:
            seen = self.read(output)
            assert seen == sorted(set(seen))
            unsure = self.unsure[output]
            assert self.needed[output] - unsure <= set(seen) <= self.needed[output] | unsure
            self.settle(output, seen)

    def judge_damage(self):
        """All that is missing is counted; what comes again is what was there once."""
        for output in OUTPUTS:
            before = self.buffer.ledger.account(output)
            seen = self.read(output)
            assert seen == sorted(set(seen))
            assert set(seen) <= self.needed[output] | self.done[output]
            missing = len(self.needed[output] - set(seen)) * ROWS
            assert missing <= before.dropped["quarantined"] + before.dropped["unsaved"]
            self.settle(output, seen)

    def settle(self, output, seen):
        self.needed[output] = set(seen)
        self.unsure[output].clear()

    @invariant()
    def the_books_balance(self):
        balanced(self.buffer)
        for output in OUTPUTS:
            assert self.buffer.waiting(output) == len(self.needed[output]) * ROWS

    def teardown(self):
        if hasattr(self, "buffer"):
            with self.runner:
                self.runner.run(self.buffer.close())
            rmtree(self.folder)


def values(number):
    return [float(number * ROWS + row) for row in range(ROWS)]


def batch(number):
    return make_batch(values(number), ts=number, layout=LAYOUTS[number % len(LAYOUTS)])


def test_faults_lose_nothing_quietly():
    """Crash, fill, flip and cut in any order: see above for what holds after every step."""
    run_state_machine_as_test(
        FaultMachine, settings=settings(max_examples=40, stateful_step_count=25, deadline=None)
    )
