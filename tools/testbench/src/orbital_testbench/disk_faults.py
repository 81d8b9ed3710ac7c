"""A disk that fails or stalls for one process: a library that is loaded before libc (disk_faults.c)."""

from __future__ import annotations

import mmap
import struct
import subprocess
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Self

from orbital_testbench.programs import find_program

if TYPE_CHECKING:
    from collections.abc import Sequence

Operation = Literal["open", "read", "write", "fsync", "rename", "unlink", "resize"]

_OPERATIONS: Final[tuple[Operation, ...]] = (
    "open", "read", "write", "fsync", "rename", "unlink", "resize",
)  # fmt: skip
_BENEATH: Final = 1024
_RULE: Final = struct.Struct("=IIQQQQQQQQ256s")
_RULES: Final = 16
_HIT: Final = 7
"""Field of a rule: calls that it touched."""
_KEPT: list[tempfile.TemporaryDirectory[str]] = []


@dataclass(frozen=True, slots=True)
class Fault:
    """What becomes of some calls.

    Args:
        operation: `fsync` is fdatasync too, `resize` is truncating and allocating.
        error: An errno; 0: the call goes on once its delay is over.
        every: Each Nth call.
        times: That many calls and no more; 0: all.
        delay: Seconds that a call is held, less when the rule is taken away before.
        match: Glob of the file's whole path.
        place: Only reads that touch these bytes of a file, as a half-open interval: an unreadable sector.
    """

    operation: Operation
    error: int = 0
    every: int = 1
    times: int = 0
    delay: float = 0.0
    match: str = "*"
    place: tuple[int, int] = (0, 0)


@lru_cache(maxsize=1)
def _compiled() -> Path:
    """The library, made once a process."""
    compiler = find_program("gcc", "gcc libc6-dev")
    folder = tempfile.TemporaryDirectory(prefix="orbital-faults-")
    _KEPT.append(folder)
    library = Path(folder.name) / "disk_faults.so"
    with resources.as_file(resources.files("orbital_testbench") / "disk_faults.c") as source:
        command = [compiler, "-O2", "-shared", "-fPIC", "-o", library, source, "-ldl"]
        subprocess.run(command, check=True)
    return library


class DiskFaults:
    """Faults of the files below one folder, for the processes that are started with `environ`.

    Args:
        folder: For the table of rules; not the one that fails.
        beneath: The folder that fails; it need not be there yet.
        orphans: Who is held there outlives its parent, as one that the kernel holds does.

    Raises:
        MissingProgramError: There is no C compiler.
    """

    def __init__(self, folder: Path, *, beneath: Path, orphans: bool = False) -> None:
        library = _compiled()
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "disk-faults"
        path.write_bytes(bytes(_BENEATH + _RULES * _RULE.size))
        with path.open("r+b") as file:
            self._table = mmap.mmap(file.fileno(), 0)
        real = bytes(beneath.resolve())
        self._table[: len(real)] = real
        self._generation = 0
        self.clear()
        self.environ: dict[str, str] = {
            "LD_PRELOAD": str(library),
            "ORBITAL_DISK_FAULTS": str(path),
        }
        if orphans:
            self.environ["ORBITAL_DISK_FAULTS_ORPHANS"] = "yes"

    def set(self, *faults: Fault) -> None:
        """These hold from now on, and no others. The first that fits a call decides."""
        self._write(faults)

    def clear(self) -> None:
        """The disk is well again; calls that are held go on."""
        self._write(())

    def count(self, operation: Operation) -> int:
        """Calls of this kind that a rule touched since `set`."""
        rules = (_RULE.unpack_from(self._table, at) for at in self._places())
        wanted = 1 + _OPERATIONS.index(operation)
        return sum(rule[_HIT] for rule in rules if rule[0] == wanted)

    def close(self) -> None:
        """Nothing after this."""
        self.clear()
        self._table.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _places(self) -> Sequence[int]:
        return range(_BENEATH, _BENEATH + _RULES * _RULE.size, _RULE.size)

    def _write(self, faults: Sequence[Fault]) -> None:
        if len(faults) > _RULES:
            raise ValueError(f"{len(faults)} faults; the table has room for {_RULES}")
        self._generation += 1
        rules = [*faults, *[None] * (_RULES - len(faults))]
        for at, fault in zip(self._places(), rules, strict=True):
            self._table[at : at + _RULE.size] = self._packed(fault)

    def _packed(self, fault: Fault | None) -> bytes:
        if fault is None:
            return _RULE.pack(0, 0, 1, 0, 0, self._generation, 0, 0, 0, 0, b"")
        operation = 1 + _OPERATIONS.index(fault.operation)
        delay = round(fault.delay * 1000)
        match = fault.match.encode()
        return _RULE.pack(
            operation, fault.error, fault.every, fault.times, delay, self._generation, 0, 0, *fault.place,
            match,
        )  # fmt: skip
