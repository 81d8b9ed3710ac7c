"""Plugins that misbehave, each in its own way: what they may cost is their own tasks."""

from __future__ import annotations

import asyncio
import ctypes
import os
import stat
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from orbital_sdk import DeviceFields, Metric, Plugin, PluginConfig

if TYPE_CHECKING:
    from orbital_sdk import Context, PluginHost, Sample

PIECE: Final = 16 << 20
"""Bytes that the leaking one takes at once."""


class Bad(Plugin[DeviceFields, PluginConfig]):
    """Gives one sample, where it comes so far."""

    done = Metric("bench_bad_done", "1")

    async def collect(self, device: DeviceFields, ctx: Context) -> list[Sample]:
        del device, ctx
        await self.misbehave()
        return [self.done(1.0)]

    async def misbehave(self) -> None:
        raise NotImplementedError


class Segfault(Bad):
    name = "bench_segfault"

    async def misbehave(self) -> None:
        ctypes.string_at(0)


class Leak(Bad):
    """Wants a gigabyte more at each run."""

    name = "bench_leak"

    async def start(self, host: PluginHost) -> None:
        del host
        self._kept: list[bytearray] = []

    async def misbehave(self) -> None:
        for _ in range((1 << 30) // PIECE):
            self._kept.append(bytearray(os.urandom(1)) * PIECE)
            await asyncio.sleep(0)


class Spin(Bad):
    """Holds the interpreter's lock in C, for longer than anybody lives."""

    name = "bench_spin"

    async def misbehave(self) -> None:
        sum(range(10**15))


class Forks(Bad):
    """Forks for as long as it may, and so do all that it forked; half of them leave their session."""

    name = "bench_forks"

    async def misbehave(self) -> None:
        while True:
            try:
                if os.fork() == 0 and os.getpid() % 2:
                    os.setsid()
            except OSError:
                time.sleep(0.1)  # noqa: ASYNC251 (it answers nobody any more)


class Rubbish(Bad):
    """Writes on its connection to the agent what is not a message."""

    name = "bench_rubbish"

    async def misbehave(self) -> None:
        for number in range(3, 64):
            with suppress(OSError):
                if stat.S_ISSOCK(os.fstat(number).st_mode):
                    os.write(number, b"rubbish " * 1000)


class Silent(Bad):
    """Holds its own event loop, so that it answers no question."""

    name = "bench_silent"

    async def misbehave(self) -> None:
        time.sleep(3600)  # noqa: ASYNC251 (as its summary says)


PLUGINS: Final[tuple[type[Plugin[Any, Any]], ...]] = (
    Segfault, Leak, Spin, Forks, Rubbish, Silent,
)  # fmt: skip
