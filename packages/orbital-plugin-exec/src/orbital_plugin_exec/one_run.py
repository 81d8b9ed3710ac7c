"""One run of a program: what it printed, and how it ended."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from orbital_plugin_exec.pipe import Pipe
from orbital_plugin_exec.program import ended, running
from orbital_sdk.units import format_bytes, format_duration

if TYPE_CHECKING:
    from asyncio.subprocess import Process

    from orbital_plugin_exec.error_log import ErrorLog, Log
    from orbital_plugin_exec.program import Program

DRAIN: Final = 1.0
"""Seconds until output is given up that a process outside of the killed group holds open."""


@dataclass(slots=True)
class Ran:
    """The result of a run."""

    output: bytes
    status: int
    """Exit status; negative: a signal."""
    killed: str = ""
    """Why it was killed; its last line may be incomplete then. Empty where it ended by itself."""
    late: bool = False
    """It took too long."""

    @property
    def problem(self) -> str:
        """Why it was killed or how it ended; empty where well."""
        return self.killed or ended(self.status)


async def run_once(
    program: Program, errors: ErrorLog, log: Log, *, seconds: float, most: int
) -> Ran:
    """Start it and wait for its end.

    Args:
        program: What to start.
        errors: Takes its standard error.
        log: Of this run.
        seconds: Time limit; then it is killed.
        most: Bytes of output; a program that prints more is killed.

    Raises:
        ConfigurationError: It cannot be started.
    """
    output = bytearray()
    end = asyncio.get_running_loop().time() + seconds  # its start counts, too
    async with Pipe() as out, Pipe() as err:
        printing = asyncio.create_task(_collect(out, output, most))
        logging = asyncio.create_task(errors.follow(err, log))
        try:
            async with running(program, out, err) as process:
                late = await _is_late(process, printing, end)
            await asyncio.wait({printing, logging}, timeout=DRAIN)
        finally:
            printing.cancel()
            logging.cancel()
    killed = ""
    if late:
        killed = f"did not end within {format_duration(round(seconds, 3))} and was killed"
    elif len(output) > most:
        killed = f"printed more than {format_bytes(most)} and was killed"
    return Ran(bytes(output[:most]), process.returncode or 0, killed, late)


async def _collect(out: Pipe, output: bytearray, most: int) -> bool:
    """Read to the end, or until it is too much; whether it is."""
    while len(output) <= most and (data := await out.read()):
        output += data
    return len(output) > most


async def _is_late(process: Process, printing: asyncio.Task[bool], end: float) -> bool:
    """Wait for the program's end, or until it has printed too much; whether that took too long."""
    ending = asyncio.create_task(process.wait())
    try:
        async with asyncio.timeout_at(end):
            await asyncio.wait({ending, printing}, return_when=asyncio.FIRST_COMPLETED)
            if not (printing.done() and printing.result()):
                await ending
    except TimeoutError:
        return True
    finally:
        ending.cancel()
    return False
