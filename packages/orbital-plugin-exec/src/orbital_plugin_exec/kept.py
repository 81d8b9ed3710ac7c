"""A program that is kept running: it prints metrics when it is asked by a newline, or when it wants."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from orbital_plugin_exec.error_log import ErrorLog
from orbital_plugin_exec.formats.choose import new_format
from orbital_plugin_exec.formats.reading import TOO_LONG, Reading
from orbital_plugin_exec.lines import Lines
from orbital_plugin_exec.one_run import DRAIN
from orbital_plugin_exec.pipe import Pipe
from orbital_plugin_exec.program import ended, running
from orbital_sdk import BufferRefused, EmissionTooLarge, UnexpectedReply

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Generator

    from orbital_plugin_exec.error_log import Log
    from orbital_plugin_exec.formats.families import Families
    from orbital_plugin_exec.program import Program
    from orbital_plugin_exec.settings import StreamFields
    from orbital_sdk import Emit

GOODBYE: Final = 2.0
"""Seconds between SIGTERM and SIGKILL."""


class KeptProgram:
    """One program, from its start to its end.

    Args:
        program: What to start.
        settings: How its output is read.
        families: Makes series.
        log: Takes its standard error.
    """

    def __init__(
        self, program: Program, settings: StreamFields, families: Families, log: Log
    ) -> None:
        self.samples = 0
        """That it printed."""
        self.refused: Counter[str] = Counter()
        """Lines and values left out, by reason."""
        self.problem = ""
        """The first of these since the last `ask`."""
        self._program = program
        self._format = new_format(settings.format, families)
        self._lines = Lines(settings.max_line)
        self._errors = ErrorLog(program.name)
        self._log = log
        self._stdin = -1

    def ask(self) -> bool:
        """Write a newline to it; False where it has not read those before."""
        try:
            return self._stdin < 0 or os.write(self._stdin, b"\n") == 1
        except BlockingIOError:
            return False
        except BrokenPipeError:  # it does not want to be asked, or just ended: `serve` notices
            return True

    async def serve(self, emit: Emit) -> None:
        """Start it, and emit what it prints until it ends.

        Raises:
            ConfigurationError: It cannot be started.
            UnexpectedReply: It ended.
        """
        async with Pipe() as out, Pipe() as err:
            forwarding = asyncio.create_task(self._forward(out, emit))
            logging = asyncio.create_task(self._errors.follow(err, self._log))
            try:
                with self._input() as stdin:
                    async with running(self._program, out, err, stdin) as process:
                        await self._until_end(process, forwarding)
                await asyncio.wait({forwarding, logging}, timeout=DRAIN)
            finally:
                forwarding.cancel()
                logging.cancel()
        words = ended(process.returncode or 0) or "ended, although it should keep running"
        last = f": {self._errors.last}" if self._errors.last else ""
        raise UnexpectedReply(f"{self._program.name} {words}{last}")

    async def _until_end(self, process: Process, forwarding: asyncio.Task[None]) -> None:
        """Wait until it ended or closed its output; ask it to end where we are cancelled."""
        ending = asyncio.create_task(process.wait())
        try:
            await asyncio.wait({ending, forwarding}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not ending.done():
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGTERM)
                await asyncio.wait({ending}, timeout=GOODBYE)
            ending.cancel()

    async def _forward(self, out: Pipe, emit: Emit) -> None:
        while data := await out.read():
            reading = Reading()
            self._format.read(self._lines.feed(data), reading)
            self._note(reading)
            if reading.samples:
                with suppress(BufferRefused, EmissionTooLarge):  # the agent counted them
                    await emit(reading.samples)

    def _note(self, reading: Reading) -> None:
        self.samples += len(reading.samples)
        self.refused.update(reading.refused)
        self.refused[TOO_LONG] = self._lines.too_long
        self.problem = self.problem or reading.problem

    @contextmanager
    def _input(self) -> Generator[int]:
        """The end of a pipe that is its standard input; ours never blocks."""
        theirs, mine = os.pipe()
        os.set_blocking(mine, False)
        self._stdin = mine
        try:
            yield theirs
        finally:
            self._stdin = -1
            os.close(mine)
            os.close(theirs)
