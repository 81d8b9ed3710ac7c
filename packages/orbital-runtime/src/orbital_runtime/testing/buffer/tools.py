"""What the checks share."""
# ruff: noqa: S101 (asserts are what a contract suite is made of)

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Protocol

from orbital_runtime.buffer import Limits
from orbital_sdk.testing import make_batch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    from orbital_runtime.buffer import Buffer, Chunk
    from orbital_runtime.clock import Clock
    from orbital_sdk import Batch

    Check = Callable[["OpenBuffer"], Awaitable[None]]

PLENTY: Final = 1 << 40
UNLIMITED: Final = Limits(samples=None, size=None)


class OpenBuffer(Protocol):
    """Opens an empty buffer, and closes it at the end."""

    def __call__(self, limits: Limits, clock: Clock) -> AbstractAsyncContextManager[Buffer]: ...


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


def balanced(buffer: Buffer) -> None:
    """The ledger's equation: what it says is waiting is what the buffer holds, for each output."""
    for output, account in buffer.ledger.accounts().items():
        assert account.waiting == buffer.waiting(output), (output, account)
