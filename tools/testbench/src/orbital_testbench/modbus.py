"""A Modbus device that is not pymodbus: libmodbus' server, compiled when it is needed."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from orbital_testbench.ports import LOOPBACK
from orbital_testbench.processes import guard
from orbital_testbench.programs import MissingProgramError, find_program
from orbital_testbench.server import Server
from orbital_testbench.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

HEADER = Path("/usr/include/modbus/modbus.h")
PROGRAM = "modbus-server"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as the server saw it."""

    unit: int
    function: int
    address: int
    count: int


@lru_cache(maxsize=1)
def _compiled() -> Path:
    """The program, made once a process."""
    compiler = find_program("gcc", "gcc libc6-dev libmodbus-dev")
    if not HEADER.exists():
        raise MissingProgramError("libmodbus", "libmodbus-dev")
    folder = tempfile.TemporaryDirectory(prefix="orbital-modbus-")
    _KEPT.append(folder)
    program = Path(folder.name) / PROGRAM
    with resources.as_file(resources.files("orbital_testbench") / "modbus_server.c") as source:
        subprocess.run([compiler, "-O2", "-o", program, source, "-lmodbus"], check=True)
    return program


_KEPT: list[tempfile.TemporaryDirectory[str]] = []


class ModbusServer(Server):
    """libmodbus' server on TCP.

    Args:
        folder: For its content and its log.
        lines: Content and quirks; see `modbus_server.c`.
        port: A fixed one, if it has to be.
        address: To listen on; 0.0.0.0 makes it as many devices as there are addresses.
    """

    program = PROGRAM
    package = "libmodbus-dev"

    def __init__(
        self,
        folder: Path,
        lines: Sequence[str] = (),
        *,
        port: int | None = None,
        address: str = LOOPBACK,
    ) -> None:
        super().__init__(folder, port=port)
        self.lines = list(lines)
        self._address = address

    def command(self) -> list[str]:
        return [str(_compiled()), *self.arguments()]

    def arguments(self) -> list[str]:
        return ["tcp", str(self.port), str(self.folder / "content"), self._address]

    def prepare(self) -> None:
        (self.folder / "content").write_text("\n".join(self.lines) + "\n")

    def healthy(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((self.host, self.port), 1):
            return True
        return False

    @property
    def asked(self) -> list[Asked]:
        """All requests so far, in order."""
        return asked_in(self.log)

    @property
    def connections(self) -> int:
        """Connections so far that asked for something."""
        return self.log.count("connect\n")

    @property
    def overlaps(self) -> int:
        """Requests that arrived while another was not answered yet."""
        return self.log.count("overlap\n")


def asked_in(log: str) -> list[Asked]:
    """The requests in a server's output."""
    words = (line.split() for line in log.splitlines())
    return [Asked(*map(int, w[1:])) for w in words if w and w[0] == "ask" and len(w) == 5]


class SerialLine(NamedTuple):
    """Our end of a serial line with a unit of libmodbus at the other."""

    device: str
    log: Path

    @property
    def asked(self) -> list[Asked]:
        """All requests so far, in order."""
        return asked_in(self.log.read_text())


@contextlib.contextmanager
def pty_pair(folder: Path) -> Generator[tuple[str, str]]:
    """Two ends of a serial line that exists only in memory (socat).

    Raises:
        MissingProgramError: socat is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ends = str(folder / "near"), str(folder / "far")
    command = [find_program("socat", "socat"), *(f"pty,raw,echo=0,link={end}" for end in ends)]
    with _running(command, folder / "socat.log"):
        wait_until(lambda: all(Path(end).exists() for end in ends), every=0.01, what="the ptys")
        yield ends


@contextlib.contextmanager
def serial_modbus(folder: Path, lines: Sequence[str] = ()) -> Generator[SerialLine]:
    """A unit of libmodbus that speaks RTU on a serial line (19200 8N1).

    Raises:
        MissingProgramError: socat or libmodbus is not installed.
    """
    program = _compiled()
    with pty_pair(folder) as (near, far):
        content, log = folder / "content", folder / "rtu.log"
        content.write_text("\n".join(lines) + "\n")
        with _running([str(program), "rtu", far, str(content)], log):
            wait_until(lambda: "ready" in log.read_text(), every=0.01, what="the unit")
            yield SerialLine(near, log)


@contextlib.contextmanager
def _running(command: Sequence[str], log: Path) -> Generator[None]:
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
        )
    guardian = guard(process.pid)
    try:
        yield
    finally:
        process.kill()
        process.wait()
        guardian.kill()
        guardian.communicate()
