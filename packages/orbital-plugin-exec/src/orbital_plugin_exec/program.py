"""A program in a process group of its own, all of which ends with it."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from orbital_sdk import ConfigurationError

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncGenerator, Mapping

    from orbital_plugin_exec.pipe import Pipe


@dataclass(frozen=True, slots=True)
class Program:
    """What is started."""

    argv: tuple[str, ...] = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)
    folder: Path | None = None
    memory: int = 0
    """Bytes of writable memory of each process; 0: no limit."""

    @property
    def name(self) -> str:
        """Its path, for messages."""
        return self.argv[0]

    @property
    def path(self) -> str:
        """What is executed: a relative path starts in `folder`, a bare name is looked for in `PATH`."""
        if self.folder is not None and os.sep in self.argv[0]:
            return str(self.folder.absolute() / self.argv[0])
        return self.argv[0]


@asynccontextmanager
async def running(
    program: Program, out: Pipe, err: Pipe, stdin: int = asyncio.subprocess.DEVNULL
) -> AsyncGenerator[Process]:
    """The program, started. At the end its whole process group is killed, and it is reaped.

    Raises:
        ConfigurationError: It cannot be started.
    """
    process = await _start(program, out, err, stdin)
    try:
        yield process
    finally:
        kill_group(process)
        await process.wait()


async def _start(program: Program, out: Pipe, err: Pipe, stdin: int) -> Process:
    try:
        process = await asyncio.create_subprocess_exec(
            program.path,
            *program.argv[1:],
            stdin=stdin,
            stdout=out.theirs,
            stderr=err.theirs,
            cwd=program.folder,
            env=dict(program.environment),
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise ConfigurationError(_not_found(program), field="command") from error
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        hint = "; is it executable, with #! in its first line?" if _is_form(error) else ""
        raise ConfigurationError(
            f"{program.name} cannot be started: {why}{hint}", field="command"
        ) from error
    _limit(process.pid, program.memory)
    out.started()
    err.started()
    return process


def _limit(pid: int, memory: int) -> None:
    """From outside: it has hardly begun. A launcher would cost more than many a program does."""
    if memory and sys.platform == "linux":
        with suppress(ProcessLookupError, PermissionError):  # ended, or setuid: another user's now
            _, hard = resource.prlimit(pid, resource.RLIMIT_DATA)
            most = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
            resource.prlimit(pid, resource.RLIMIT_DATA, (most, most))


def _is_form(error: Exception) -> bool:
    """EACCES or ENOEXEC."""
    return isinstance(error, PermissionError) or getattr(error, "errno", 0) == 8


def _not_found(program: Program) -> str:
    if program.folder is not None and not program.folder.is_dir():
        return f"there is no folder {program.folder}"
    if os.sep in program.name and Path(program.path).exists():
        return f"{program.name} cannot be started: the interpreter in its first line is missing"
    where = "" if os.sep in program.name else " in PATH"
    return f"there is no program {program.name}{where}"


def kill_group(process: Process) -> None:
    """Kill the program and all that it started, as far as they did not leave its group."""
    with suppress(ProcessLookupError, PermissionError):  # macOS: EPERM where only zombies are left
        os.killpg(process.pid, signal.SIGKILL)


def ended(status: int) -> str:
    """How a program ended, in words; empty where well."""
    if status < 0:
        with suppress(ValueError):
            return f"was ended by {signal.Signals(-status).name}"
        return f"was ended by signal {-status}"
    return f"exited with status {status}" if status else ""
