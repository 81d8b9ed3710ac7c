"""What the checks share."""
# ruff: noqa: S101 (asserts are what a contract suite is made of)

from __future__ import annotations

import asyncio
import os
import shutil
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Final, Protocol

from orbital_buffer.format.letter import DeadLetter
from orbital_buffer.model.limits import BufferLimits
from orbital_runtime.clock import ManualClock
from orbital_sdk.testing import make_batch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from orbital_buffer.buffer import Buffer
    from orbital_buffer.model.chunk import Chunk
    from orbital_runtime.clock import Clock
    from orbital_sdk import Batch

    Check = Callable[["OpenBuffer"], Awaitable[None]]

PLENTY: Final = 1 << 40
NOW: Final = ManualClock().utc_ms()
UNLIMITED: Final = BufferLimits(samples=None, size=None)
IN_MEMORY: Final = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 (for names of their own)
"""Where tests open hundreds of databases: whether the disk syncs is another test's business."""
SMALL: Final = 1 << 20
"""A `min_free` whose ballast costs little to make and to copy."""


def crash_image(source: Path, target: Path) -> None:
    """Copy a buffer's folder as it is at one moment, which is what a crash leaves.

    RocksDB tidies up in the background: it is copied again until no file came, went or grew meanwhile.
    """
    while True:
        before = _files(source)
        with suppress(shutil.Error):  # a file that went
            shutil.copytree(source, target)
            if _files(source) == before:
                return
        shutil.rmtree(target, ignore_errors=True)


def _files(folder: Path) -> dict[Path, int]:
    """Sizes of all but RocksDB's own log, which nobody reads."""
    found: dict[Path, int] = {}
    for file in folder.rglob("*"):
        with suppress(FileNotFoundError):
            found[file] = 0 if file.name.startswith("LOG") else file.stat().st_size
    return found


class OpenBuffer(Protocol):
    """Opens an empty buffer, and closes it at the end."""

    def __call__(
        self, limits: BufferLimits, clock: Clock
    ) -> AbstractAsyncContextManager[Buffer]: ...


async def take(buffer: Buffer, output: str) -> Chunk:
    """All that waits for this output; there must be something."""
    chunk = await buffer.read(output, samples=PLENTY, size=PLENTY)
    assert chunk is not None, f"nothing to read for {output}"
    return chunk


async def raises(kind: type[Exception], work: Awaitable[object]) -> None:
    try:
        await work
    except kind:
        return
    raise AssertionError(f"no {kind.__name__}")


async def idle() -> None:
    """Let everything run that can."""
    for _ in range(10):
        await asyncio.sleep(0)


def noise(rows: int, seed: int) -> Batch:
    """A batch that does not compress well."""
    return make_batch([(seed * 7919 + i * 104729) / 977 for i in range(rows)], ts=seed)


def refused(chunk: Chunk, count: int, *, at_ms: int = NOW, reason: str = "bad") -> list[DeadLetter]:
    """The first samples of a chunk as dead letters."""
    samples = (
        DeadLetter(chunk.output, at_ms, e.batch.layout.origin, row, value, ts, reason, seq=e.seq)
        for e in chunk.entries
        if not e.batch.stale
        for row, ts, value in e.batch.items()
    )
    return list(islice(samples, count))


def balanced(buffer: Buffer) -> None:
    """The ledger's equations: what it says is waiting, or is a letter, is what the buffer holds."""
    held = buffer.dead_letters.held()
    for output, account in buffer.ledger.accounts().items():
        assert account.waiting == buffer.waiting(output), (output, account)
        assert account.letters == held.get(output, (0, 0))[0], (output, account, held)
