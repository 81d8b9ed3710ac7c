"""The disk buffer keeps the buffer contract, and what it took survives a restart."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory, mkdtemp

import pytest
from hypothesis import settings
from hypothesis.stateful import rule, run_state_machine_as_test

from orbital_buffer.buffer import disk_buffer
from orbital_runtime_testing.buffer import CONTRACT
from orbital_runtime_testing.buffer.machine import BufferMachine
from orbital_runtime_testing.buffer.tools import IN_MEMORY, SMALL, crash_image


@asynccontextmanager
async def open_disk(limits, clock):
    with TemporaryDirectory() as folder:
        buffer = disk_buffer(Path(folder) / "buffer", limits, clock)
        await buffer.open()
        try:
            yield buffer
        finally:
            await buffer.close()


@pytest.mark.parametrize("check", CONTRACT, ids=lambda check: check.__name__)
async def test_disk_buffer_keeps_the_contract(check):
    """Each promise of the contract suite, on disk."""
    await check(open_disk)


class DiskMachine(BufferMachine):
    """The state machine, on disk, with clean restarts and crashes."""

    async def open(self, limits, clock):
        self.folder = Path(mkdtemp(dir=IN_MEMORY))
        self.generation = 0
        return await self.reopened()

    async def reopened(self):
        buffer = disk_buffer(
            self.folder / str(self.generation), self.limits, self.clock, min_free=SMALL
        )
        await buffer.open()
        return buffer

    @rule()
    def restart(self):
        self.run(self.buffer.close())
        self.begin_again()

    @rule()
    def crash(self):
        """What upkeep does within a second happened; then the process is gone, its files are as they are."""
        self.run(self.buffer.store.commit())
        self.generation += 1
        crash_image(self.buffer.store.path, self.folder / str(self.generation))
        self.run(self.buffer.close())
        self.begin_again()

    def begin_again(self):
        self.buffer = self.run(self.reopened())
        for output, side in self.sides.items():
            side.give_back(list(side.flight))
            if side.reading:
                self.buffer.attach(output)

    def teardown(self):
        super().teardown()
        if hasattr(self, "folder"):
            rmtree(self.folder)


def test_disk_buffer_agrees_with_the_model():
    """Whatever agents do, with restarts and crashes between: the ledger's equation holds, nothing is lost."""
    run_state_machine_as_test(
        DiskMachine, settings=settings(max_examples=40, stateful_step_count=50, deadline=None)
    )
