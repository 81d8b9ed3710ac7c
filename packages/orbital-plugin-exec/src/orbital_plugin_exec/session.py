"""A program that is started for each run."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Final

from orbital_plugin_exec.error_log import ErrorLog
from orbital_plugin_exec.formats.choose import new_format
from orbital_plugin_exec.formats.nagios import STATES
from orbital_plugin_exec.formats.reading import TOO_LONG, Reading
from orbital_plugin_exec.lines import Lines
from orbital_plugin_exec.metrics import NAGIOS_STATE, REFUSED
from orbital_plugin_exec.one_run import run_once
from orbital_sdk import DeviceUnreachable, PartialCollect, Session, UnexpectedReply

if TYPE_CHECKING:
    from orbital_plugin_exec.formats.families import Families
    from orbital_plugin_exec.one_run import Ran
    from orbital_plugin_exec.program import Program
    from orbital_plugin_exec.settings import RunFields
    from orbital_sdk import Context, Sample

SMALL: Final = 64 << 10
"""Bytes of output that are read on the event loop; more of it on a thread."""
MARGIN: Final = 0.2
"""Share of a run that is kept for reading the output; at most half a second."""


class RunSession(Session):
    """Starts the program at each run.

    Args:
        program: What to start.
        settings: How its output is read.
        families: Makes series.
    """

    def __init__(self, program: Program, settings: RunFields, families: Families) -> None:
        self._program = program
        self._settings = settings
        self._format = new_format(settings.format, families)
        self._errors = ErrorLog(program.name)

    async def collect(self, ctx: Context) -> list[Sample]:
        room = ctx.remaining() - min(0.5, MARGIN * ctx.timeout)
        seconds = max(0.0, min(room, self._settings.timeout or math.inf))
        most = self._settings.max_output
        ran = await run_once(self._program, self._errors, ctx.log, seconds=seconds, most=most)
        if len(ran.output) <= SMALL:
            reading = self._read(ran)
        else:
            reading = await asyncio.to_thread(self._read, ran)
        return self._outcome(ran, reading)

    def _read(self, ran: Ran) -> Reading:
        reading, lines = Reading(), Lines(self._settings.max_line)
        complete = [*lines.feed(ran.output)]
        if not ran.killed:
            complete += lines.end()
        self._format.read(complete, reading)
        for _ in range(lines.too_long):
            reading.refuse(TOO_LONG, f"a line of more than {self._settings.max_line} bytes")
        return reading

    def _outcome(self, ran: Ran, reading: Reading) -> list[Sample]:
        samples, problem = reading.samples, ran.problem
        found = len(samples)
        samples += [REFUSED(count, reason) for reason, count in sorted(reading.refused.items())]
        if self._settings.format == "nagios" and ran.status in STATES and not ran.killed:
            samples.append(NAGIOS_STATE(ran.status))
            return samples
        if problem and not ran.killed and self._errors.last:
            problem += f": {self._errors.last}"
        if wrong := reading.wrong:
            lines = f"{wrong} lines or values are left out ({reading.problem})"
            problem = f"{problem}; {lines}" if problem else lines
        if not problem:
            return samples
        message = f"{self._program.name}: {problem}"
        if found:
            raise PartialCollect(message, failed=max(1, wrong), samples=samples)
        if ran.late:
            raise DeviceUnreachable(message, samples=samples)
        raise UnexpectedReply(message, samples=samples)
