"""Runs of `python -m PACKAGE` that cost no imports: each is forked from a process that has imported it.

What is run is a process of its own all the same, with its own arguments, folder, environment, standard
streams and exit code.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_READY: Final = b"ready"


class Forks:
    """Of one package, until `close`.

    Args:
        package: What is run.
        imports: Modules that it will need; `GROUP` of entry points as `GROUP:`.
    """

    def __init__(self, package: str, imports: Sequence[str]) -> None:
        self._turn = threading.Lock()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            os.set_inheritable(theirs.fileno(), True)
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "orbital_testbench.forking",
                    str(theirs.fileno()),
                    package,
                    *imports,
                ],
                pass_fds=[theirs.fileno()],
            )
        if self._control.recv(16) != _READY:
            raise RuntimeError(f"{package} cannot be imported")

    def close(self) -> None:
        """Fork no more. Processes that run go on."""
        self._control.close()
        self._process.wait()

    def start(
        self,
        arguments: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        stdout: int | IO[Any],
        stderr: int | IO[Any],
        stdin: int | IO[Any] = subprocess.DEVNULL,
    ) -> Fork:
        """Begin a run; streams are files or descriptors."""
        ours, theirs = socket.socketpair()
        told = json.dumps({"arguments": [*arguments], "cwd": str(cwd), "env": dict(env)})
        with theirs, Path(os.devnull).open() as null, self._turn:
            given = null if stdin == subprocess.DEVNULL else stdin
            streams = [
                one if isinstance(one, int) else one.fileno() for one in (given, stdout, stderr)
            ]
            socket.send_fds(self._control, [told.encode()], [*streams, theirs.fileno()])
        return Fork(ours)

    def run(
        self,
        arguments: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        timeout: float,
        stdin: int | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run it to its end, as `subprocess.run` with `capture_output` and `text`."""
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            given = subprocess.DEVNULL if stdin is None else stdin
            fork = self.start(arguments, cwd=cwd, env=env, stdin=given, stdout=out, stderr=err)
            try:
                code = fork.wait(timeout)
            except subprocess.TimeoutExpired:
                fork.kill()
                fork.wait()
                raise
            for one in (out, err):
                one.seek(0)
            return subprocess.CompletedProcess([*arguments], code, out.read(), err.read())


class Fork:
    """A process, with what tests use of `subprocess.Popen`."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self.pid = int.from_bytes(link.recv(4), "little")
        self.returncode: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        """The exit code; negative for a signal, as ever."""
        if self.returncode is None:
            self._link.settimeout(timeout)
            try:
                self.returncode = int.from_bytes(self._link.recv(4), "little", signed=True)
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired(["forked"], timeout or 0) from None
            self._link.close()
        return self.returncode

    def poll(self) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(9)

    def terminate(self) -> None:
        self.send_signal(15)
