"""A real server process: started on a free port, awaited, paused, restarted, and stopped for sure."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

import requests

from orbital_testbench.ports import LOOPBACK, free_port, port_is_free
from orbital_testbench.processes import guard, is_stopped
from orbital_testbench.programs import MissingProgramError, find_program, skip_or_fail
from orbital_testbench.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START_TIMEOUT = 60.0
STOP_TIMEOUT = 20.0


class ServerError(RuntimeError):
    """The server ended, or did not get ready in time. The message has the end of its log."""


class Server(ABC):
    """A server with its data, its configuration and its log in `folder`.

    A context manager: started inside, stopped outside, its data kept. It also ends when this process
    is killed.
    """

    program: ClassVar[str]
    package: ClassVar[str]
    """Debian's name of what brings it."""
    health_path: ClassVar[str] = "/"
    start_timeout: ClassVar[float] = START_TIMEOUT
    """Seconds until it has to answer."""

    def __init__(self, folder: Path, *, port: int | None = None) -> None:
        self.folder = folder
        self.host = LOOPBACK
        self._fixed = port is not None
        self.port = port or free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._guardian: subprocess.Popen[bytes] | None = None
        self.http = requests.Session()
        self.http.trust_env = False

    @abstractmethod
    def arguments(self) -> list[str]:
        """What follows the program's name."""

    def command(self) -> list[str]:
        """The program with its arguments.

        Raises:
            MissingProgramError: Not installed.
        """
        return [find_program(self.program, self.package), *self.arguments()]

    def prepare(self) -> None:  # noqa: B027 (most need nothing)
        """Write what the server needs before it starts."""

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def pid(self) -> int:
        """Of the running process, for its CPU and memory."""
        if self._process is None:
            raise ServerError(f"{self.program} is not running")
        return self._process.pid

    @property
    def log(self) -> str:
        """All that it printed."""
        path = self.folder / f"{self.program}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self) -> Self:
        """Start it on its port and its data, and wait until it answers. Does nothing if it runs.

        Raises:
            MissingProgramError: Not installed.
            ServerError: Ended at once, or not ready within `start_timeout`.
        """
        if self._process is not None:
            return self
        for _ in range(5):
            if not self._fixed and not port_is_free(self.port, self.host):
                self.port = free_port(self.host)  # somebody was faster
            try:
                self._launch()
                self._wait_ready()
            except ServerError:
                self.kill()
                if self._fixed or "address already in use" not in self.log.lower():
                    raise
            except BaseException:
                self.kill()
                raise
            else:
                self._fixed = True
                return self
        raise ServerError(f"{self.program}: no free port in five attempts")

    def stop(self) -> None:
        """Ask it to end, wait, and kill it if it doesn't. Safe twice."""
        if self._process is None:
            return
        self.resume()
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_TIMEOUT)
        self.kill()

    def kill(self) -> None:
        """End it as a power cut would. Safe twice."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._guardian is not None:
            self._guardian.kill()
            self._guardian.communicate()
        self._process = self._guardian = None

    def restart(self) -> None:
        """Stop and start on the same port and data."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Stop its processes (SIGSTOP): connections are taken by the kernel, and nobody answers."""
        os.killpg(self.pid, signal.SIGSTOP)
        wait_until(lambda: is_stopped(self.pid), every=0.001, what=f"{self.program} stops")

    def resume(self) -> None:
        """Let it go on after `pause`."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGCONT)

    def healthy(self) -> bool:
        """Whether it answers its health page."""
        with contextlib.suppress(requests.RequestException):
            return self.http.get(self.url + self.health_path, timeout=5).ok
        return False

    def get(self, path: str, **parameters: Any) -> requests.Response:
        """GET a path of it; an answer that is no success raises."""
        chosen = {k: v for k, v in parameters.items() if v is not None}
        answer = self.http.get(self.url + path, params=chosen, timeout=30)
        answer.raise_for_status()
        return answer

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop it for good."""
        self.stop()
        self.http.close()

    def _launch(self) -> None:
        if not port_is_free(self.port, self.host):  # else its answers would pass for ours
            raise ServerError(f"{self.program}: port {self.port} is taken (address already in use)")
        command = self.command()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.prepare()
        with (self.folder / f"{self.program}.log").open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._guardian = guard(self._process.pid)

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + self.start_timeout
        while not self.healthy():
            if self._process is None or self._process.poll() is not None:
                raise ServerError(f"{self.program} ended while starting:\n{self.log[-4000:]}")
            if time.monotonic() > deadline:
                raise ServerError(
                    f"{self.program} not ready in {self.start_timeout} s:\n{self.log[-4000:]}"
                )
            time.sleep(0.05)
        if (
            self._process is None or self._process.poll() is not None
        ):  # a stranger answered on our port
            raise ServerError(f"{self.program} ended while starting:\n{self.log[-4000:]}")


S = TypeVar("S", bound=Server)


def running(server: S) -> Iterator[S]:
    """Give it started, and close it at the end. One that is not installed skips the test, or fails it in CI.

    >>> @pytest.fixture
    ... def agent(tmp_path):
    ...     yield from running(Snmpd(tmp_path))
    """
    try:
        server.start()
    except MissingProgramError as missing:
        skip_or_fail(missing)
    try:
        yield server
    finally:
        server.close()
