"""snmpsim with its recordings of real devices: odd ones, that no agent of ours would be like."""

from __future__ import annotations

import bz2
import contextlib
import hashlib
import os
import shutil
import socket
import subprocess
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from orbital_testbench.cache import alone, cache
from orbital_testbench.ports import LOOPBACK
from orbital_testbench.programs import MissingProgramError
from orbital_testbench.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PYTHON: Final = "/usr/bin/python3"
"""Debian's: snmpsim indexes its recordings with dbm.gnu, which a Python built elsewhere seldom has."""
LOCK: Final = resources.files("orbital_testbench") / "snmpsim.txt"
"""What its environment holds, by version and hash."""


class SnmpSim(Server):
    """snmpsim; each recording answers to its own name as community.

    Args:
        folder: For its log.
        recordings: Names, as `recordings()` has them; or files of one's own, which keep all they have.
        below: Columns and scalars to keep. Some recordings have millions of lines, and the first start of
            snmpsim indexes a thousand a second, so only what is asked for is kept.
        rows: Of each column, at most.
    """

    program: ClassVar[str] = "env"
    package: ClassVar[str] = "coreutils"
    start_timeout: ClassVar[float] = 600.0  # its first start makes an index

    def __init__(
        self,
        folder: Path,
        recordings: Sequence[str | Path],
        *,
        below: Sequence[str],
        rows: int = 60,
        port: int | None = None,
    ) -> None:
        super().__init__(folder, port=port)
        self.recordings = tuple(one for one in recordings if isinstance(one, str))
        self.own = tuple(one for one in recordings if isinstance(one, Path))
        self.below = tuple(below)
        self.rows = rows
        self._home = Path()

    def prepare(self) -> None:
        self._home = _home()
        data = _trimmed(self._home, self.recordings, self.own, self.below, self.rows)
        self._data, self._index = data, data.with_name(f"{data.name}-index")
        self._index.mkdir(exist_ok=True)

    def arguments(self) -> list[str]:
        self.prepare()
        user = ["--process-user=root", "--process-group=root"] if os.geteuid() == 0 else []
        return [
            str(self._home / "bin" / "snmpsim-command-responder"),
            f"--data-dir={self._data}",
            f"--cache-dir={self._index}",
            f"--agent-udpv4-endpoint={LOOPBACK}:{self.port}",
            "--log-level=error",
            *user,
        ]

    def healthy(self) -> bool:
        """Whether it answers for its last recording."""
        community = [*self.recordings, *(one.stem for one in self.own)][-1].encode()
        body = bytes.fromhex("a01c020411111111020100020100300e300c06082b060102010101000500")
        head = b"\x02\x01\x01\x04" + bytes((len(community),)) + community
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.settimeout(0.5)
            probe.connect((LOOPBACK, self.port))
            with contextlib.suppress(OSError):
                probe.send(b"\x30" + bytes((len(head + body),)) + head + body)
                return bool(probe.recv(1500))
        return False


def recordings() -> dict[str, Path]:
    """Recordings of whole devices by name, the smallest first.

    Raises:
        MissingProgramError: What is needed to install snmpsim is not there.
    """
    folder = next(_home().glob("lib/python3*/site-packages/snmpsim_data/data"))
    ours = ("UPS", "bmc", "camera", "cloud", "iot", "network", "os", "storage", "unclassified")
    files = [file for part in ours for file in (folder / part).rglob("*.snmprec*")]
    files.sort(key=lambda file: file.stat().st_size)
    named = {file.name.partition(".snmprec")[0]: file for file in files}
    return {name: named[name] for name in sorted(named, key=lambda n: named[n].stat().st_size)}


def _home() -> Path:
    """An environment with snmpsim in it, made once on this machine."""
    home = cache() / f"snmpsim-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:8]}"
    with alone("snmpsim"):
        if not home.exists():
            _install(home)
    return home


def _install(home: Path) -> None:
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv is None:
        raise MissingProgramError("uv", "(not in Debian; tools/uv.sh brings it)")
    probe = subprocess.run([PYTHON, "-c", "import dbm.gnu"], check=False, capture_output=True)
    if probe.returncode:
        raise MissingProgramError("dbm.gnu of Debian's python3", "python3-gdbm")
    fresh = home.with_name(f"{home.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    environment = {k: v for k, v in os.environ.items() if k != "VIRTUAL_ENV"}
    python = str(fresh / "bin" / "python")
    with resources.as_file(LOCK) as lock:
        for command in (
            [uv, "venv", "--quiet", "--relocatable", "--python", PYTHON, str(fresh)],
            [uv, "pip", "sync", "--quiet", "--require-hashes", "--python", python, str(lock)],
        ):
            subprocess.run(command, check=True, env=environment)
    fresh.rename(home)


def _trimmed(
    home: Path, names: Iterable[str], own: Iterable[Path], below: Sequence[str], rows: int
) -> Path:
    """A folder with some rows of some columns of the recordings; made once for each choice."""
    names = sorted(names)
    texts = {one.name: one.read_text() for one in own}
    key = hashlib.sha256(repr((home.name, names, texts, below, rows)).encode()).hexdigest()[:12]
    folder = cache() / f"recordings-{key}"
    if folder.exists():  # others may be busy with theirs for minutes
        return folder
    with alone("recordings"):
        if not folder.exists():
            fresh = folder.with_name(f"{folder.name}.new")
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir()
            known = recordings()
            for name in names:
                _trim(known[name], fresh / f"{name}.snmprec", below, rows)
            for name, text in texts.items():
                (fresh / name).write_text(text)
            fresh.rename(folder)
    return folder


def _trim(source: Path, target: Path, below: Sequence[str], rows: int) -> None:
    columns = tuple(f"{oid}.".encode() for oid in below)
    left = dict.fromkeys(columns, rows)
    opener = bz2.open if source.suffix == ".bz2" else open
    with opener(source, "rb") as lines, target.open("wb") as kept:
        for line in lines:
            if line.startswith(columns):
                column = next(one for one in columns if line.startswith(one))
                left[column] -= 1
                if left[column] >= 0:
                    kept.write(line)


if __name__ == "__main__":  # before the tests, so that none of them waits for a download
    with contextlib.suppress(MissingProgramError):  # the tests that need it say so
        _home()
