"""A started program: limited, and all that it starts ends with it."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from orbital_plugin_host.handshake import (
    LONGEST_LINE,
    SECONDS,
    Address,
    NoHandshake,
    environment,
    level_name,
    new_cookie,
    parsed,
)
from orbital_plugin_host.remote.descendants import kill_descendants
from orbital_plugin_host.remote.folder import PrivateFolder, remove_left_behind
from orbital_plugin_host.remote.output import Output
from orbital_sdk.limits import Limits
from orbital_sdk.thread_pool import ThreadPool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ENDING: Final = 0.5
"""Seconds in which a process ends that has closed its connection."""
REAP: Final = 2.0
"""Seconds in which a killed process ends."""
_THREADS: Final = ThreadPool(2, "orbital-processes")


@dataclass(frozen=True, slots=True)
class Command:
    """A program to be started."""

    plugin: str
    """Whose it is."""
    arguments: tuple[str, ...]
    folder: Path | None = None
    """Where it is started; None for the agent's."""
    environ: Mapping[str, str] = field(default_factory=os.environ.copy, repr=False)
    """Its variables, those of the handshake left out. Default: the agent's, as for a plugin within it."""
    limits: Limits = field(default_factory=Limits)


class Process:
    """A program that has announced its address. Made by `started`."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        folder: PrivateFolder,
        cookie: str,
        output: Output,
    ) -> None:
        self.cookie = cookie
        self.address = Address("", "")
        self._process = process
        self._folder = folder
        self.output = output
        self._pumps: list[asyncio.Task[None]] = []

    @property
    def pid(self) -> int:
        return self._process.pid

    async def announce(self) -> None:
        """Wait for the address, and log all that is printed from now on.

        Raises:
            NoHandshake: It says something else, or nothing.
        """
        stdout, stderr = self._process.stdout, self._process.stderr
        assert stdout is not None and stderr is not None  # noqa: S101, PT018 (both are pipes)
        loop = asyncio.get_running_loop()
        self._pumps.append(loop.create_task(self.output.pump(stderr)))
        try:
            async with asyncio.timeout(SECONDS):
                line = await stdout.readline()
        except TimeoutError:
            raise NoHandshake(f"said no address within {SECONDS:g} s") from None
        except ValueError:  # more than a stream keeps
            line = bytes(LONGEST_LINE + 1)
        if len(line) > LONGEST_LINE:
            raise NoHandshake(f"printed a line of more than {LONGEST_LINE} bytes")
        if not line:
            raise NoHandshake(await self.why() or "closed its standard output")
        self.address = parsed(line.decode("utf-8", "replace"))
        if not Path(self.address.socket).is_relative_to(self._folder.path):
            raise NoHandshake(f"listens at {self.address.socket}, outside of its private folder")
        self._pumps.append(loop.create_task(self.output.pump(stdout)))

    async def why(self) -> str:
        """How it failed, as a clause, with the last line that it printed about that; empty while it runs, and
        where it says that all is well.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(ENDING):
                await self._process.wait()
                await asyncio.wait(self._pumps)
        if not self._process.returncode:
            return ""
        last, code = self.output.last, self._process.returncode
        return _how(code) if code < 0 or not last else f"{_how(code)}: {last}"

    async def end(self, patience: float = 0.0) -> None:
        """Kill it with all that it started, and remove its folder. Idempotent.

        Args:
            patience: Seconds in which it may end by itself.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._process.wait()
        running = self._process.pid if self._process.returncode is None else 0
        await _on_thread(partial(kill_descendants, self._folder.path, running))
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with suppress(TimeoutError):
            async with asyncio.timeout(REAP):
                await self._process.wait()
        for pump in self._pumps:
            pump.cancel()
        self._folder.remove()


async def started(command: Command) -> Process:
    """Start a program, and wait for its address.

    Raises:
        NoHandshake: It ended, or says something else; the text is a clause.
        OSError: It cannot be started.
    """
    owner = command.limits.owner()
    owners = {os.geteuid()} if owner is None else {os.geteuid(), owner.pw_uid}
    await _on_thread(partial(remove_left_behind, owners))
    folder = PrivateFolder(owner)
    cookie, log = new_cookie(), logging.getLogger(f"orbital.plugin.{command.plugin}")
    level = level_name(log.getEffectiveLevel())
    process: Process | None = None
    try:
        made = await asyncio.create_subprocess_exec(
            *command.limits.command(command.arguments),
            cwd=command.folder,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={**command.environ, **environment(cookie, str(folder.path), level)},
            start_new_session=True,
        )  # fmt: skip
        process = Process(made, folder, cookie, Output(log))
        await process.announce()
    except BaseException:
        if process is not None:
            await process.end()
        else:
            folder.remove()
        raise
    return process


async def _on_thread(work: Callable[[], None]) -> None:
    try:
        future = _THREADS.submit(work)
    except RuntimeError:  # the system has no thread
        work()
    else:
        await asyncio.wrap_future(future)


def _how(code: int) -> str:
    if code < 0:
        known = [one.name for one in signal.Signals if one == -code]
        return f"was ended by {known[0] if known else f'signal {-code}'}"
    return f"ended with code {code}"
