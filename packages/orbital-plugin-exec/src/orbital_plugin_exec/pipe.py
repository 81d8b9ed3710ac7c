"""What a program writes, as a stream."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from types import TracebackType

AT_ONCE: Final = 64 << 10
"""Bytes that are read at once."""


class Pipe:
    """A pipe whose reading end may be closed at any time.

    asyncio's own `PIPE` ends only when all have closed it, and a process that left its group may keep it open
    for ever.
    """

    def __init__(self) -> None:
        self._mine, self.theirs = os.pipe()
        """`theirs` is the end that the program gets."""
        self._reader = asyncio.StreamReader(limit=AT_ONCE)
        self._transport: asyncio.ReadTransport | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        file = os.fdopen(self._mine, "rb", buffering=0)
        self._transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(self._reader), file
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.started()
        if self._transport is not None:
            self._transport.close()

    def started(self) -> None:
        """The program has its end, so ours of it is closed: the stream ends with the program."""
        if self.theirs >= 0:
            with suppress(OSError):
                os.close(self.theirs)
            self.theirs = -1

    async def read(self) -> bytes:
        """Some bytes; none at the end."""
        return await self._reader.read(AT_ONCE)
