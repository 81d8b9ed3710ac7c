"""The agent's handle of a running storage process. Every call may wait for the disk."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from typing import Any, Final

from orbital_buffer.store.rocks.process.frames import FAILED, Channel, time_out
from orbital_buffer.store.rocks.process.progress import Progress

MODULE: Final = "orbital_buffer.store.rocks.process.serve"
LOOK: Final = 1.0
"""Seconds without an answer after which its progress is checked."""
REAP: Final = 1.0
"""Seconds in which a killed process ends, unless it is blocked by the disk."""


class SpinsError(OSError):
    """The storage process used CPU without progress, and was killed."""


class Child:
    """One process with two channels, so that reads do not wait for a sync. It ends with the thread that
    started it (prctl(2), `PR_SET_PDEATHSIG`).

    Args:
        module: The module that it runs.
        spin: Seconds of CPU without a read or write of a file after which it is killed.

    Raises:
        OSError: It cannot be started.
    """

    def __init__(self, module: str, spin: float) -> None:
        self._spin = spin
        self._why = ""
        pairs = [socket.socketpair() for _ in range(2)]
        self._ends = [ours for ours, _ in pairs]
        try:
            self._process = _started(module, [theirs.fileno() for _, theirs in pairs])
        except BaseException:
            for ours in self._ends:
                ours.close()
            raise
        finally:
            for _, theirs in pairs:
                theirs.close()
        self._progress = Progress(self._process.pid)
        for end in self._ends:
            time_out(end, LOOK)
        self._channels = [Channel(end, self._look) for end in self._ends]
        self._locks = [threading.Lock() for _ in self._ends]

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether it has ended, so that no calls are possible."""
        return bool(self._why) or self._process.poll() is not None

    def ask(self, call: str, number: int = 0, *arguments: Any) -> Any:
        """Call it and return the answer.

        Raises:
            SpinsError: It was killed, as it made no progress.
            OSError: The call failed, or the process has ended.
        """
        lane = int(call == "values")
        with self._locks[lane]:
            try:
                self._channels[lane].send((call, number, arguments))
                kind, answer = self._channels[lane].receive()
            except SpinsError:
                raise
            except (EOFError, OSError) as error:
                raise OSError(self.end("")) from error
        if kind == FAILED:
            raise OSError(*answer)
        return answer

    def end(self, why: str) -> str:
        """Kill it if it still runs; waiting calls get an error. Idempotent.

        Args:
            why: The reason as a message; empty if it ended by itself.

        Returns:
            Why it ended.
        """
        if why and not self._why:
            self._why = f"the storage process {why}"
        self._hang_up()
        if why:
            self._process.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(REAP)
        self._process.kill()  # does nothing if it has ended
        self._why = self._why or f"the storage process {_how(self._process.returncode)}"
        return self._why

    def leave(self) -> None:
        """Close the channels: it has nothing open, and ends by itself."""
        self._hang_up()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(REAP)
        self.end("was not needed any more")
        for lock, end in zip(self._locks, self._ends, strict=True):
            with lock:
                end.close()

    def _hang_up(self) -> None:
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _look(self) -> None:
        if self._progress.wasted() >= self._spin:
            raise SpinsError(self.end(f"used {self._spin:g} s of CPU and came to nothing"))


def _started(module: str, handles: list[int]) -> subprocess.Popen[bytes]:
    """Start it without the current folder in `sys.path`, from which foreign modules could be imported."""
    command = [sys.executable, "-P", "-m", module, *map(str, handles)]
    return subprocess.Popen(  # noqa: S603 (this program itself)
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=handles
    )


def _how(code: int | None) -> str:
    if code is None:
        return "does not answer"
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with code {code}"
