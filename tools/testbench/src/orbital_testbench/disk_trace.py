"""What a power cut leaves of a folder: only what a sync had covered, as told by a library (disk_trace.c).

A file's content is safe once the file was synced, and its name, its removal or its other name once its folder
was. A folder that was made is a name in the one above it.
"""

from __future__ import annotations

import struct
import subprocess
import tempfile
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from orbital_testbench.programs import find_program

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD: Final = struct.Struct("=BIIQQ")
_KEPT: list[tempfile.TemporaryDirectory[str]] = []


class _Call(NamedTuple):
    op: str
    path: str
    other: str
    at: int
    data: bytes


@dataclass(slots=True, eq=False)
class _Node:
    """A file or folder: what the system has of it, and what the disk has."""

    content: bytearray = field(default_factory=bytearray)
    safe: bytes = b""
    folder: bool = False


class PowerCut:
    """A folder as a power cut at one moment leaves it. Calls are told one after the other.

    Args:
        beneath: The folder, which is on the disk before.
    """

    def __init__(self, beneath: str) -> None:
        self._beneath = beneath
        self._names: dict[str, _Node] = {beneath: _Node(folder=True)}
        self._safe = dict(self._names)
        self._begun: dict[tuple[int, str], tuple[bytes, dict[str, _Node]]] = {}
        self.said = b""
        """All that went to standard output until then."""

    def tell(self, call: _Call) -> None:
        """This was done next."""
        op, path, other, at, data = call
        if op == "o":
            self.said += data
        elif op == "b" and path in self._names:
            self._begun[at, path] = bytes(self._names[path].content), self._inside(path)
        elif op == "s":
            self._sync(path, *self._begun.pop((at, path), (b"", {})))
        elif op in "wt":
            self._change(self._names.setdefault(path, _Node()).content, at, data)
            if op == "t":
                del self._names[path].content[at:]
        else:
            self._name(op, path, other)

    def _name(self, op: str, path: str, other: str) -> None:
        if op in "cm":
            self._names[path] = _Node(folder=op == "m")
        elif op == "u":
            self._names.pop(path, None)
        elif op == "l":
            self._names[other] = self._names[path]
        elif op == "r":
            self._rename(path, other)

    def leave(self, target: Path) -> None:
        """Make the folder as the disk has it."""
        target.mkdir()
        for path, node in sorted(self._safe.items()):
            name = target / path[len(self._beneath) :].lstrip("/")
            if not name.parent.is_dir():
                continue  # a folder above it is not there
            if node.folder:
                name.mkdir(exist_ok=True)
            else:
                name.write_bytes(node.safe)

    def _change(self, content: bytearray, at: int, data: bytes) -> None:
        if len(content) < at:
            content.extend(bytes(at - len(content)))
        content[at : at + len(data)] = data

    def _rename(self, path: str, other: str) -> None:
        for name in [n for n in self._names if n == path or n.startswith(path + "/")]:
            self._names[other + name[len(path) :]] = self._names.pop(name)

    def _inside(self, folder: str) -> dict[str, _Node]:
        return {name: node for name, node in self._names.items() if _parent(name) == folder}

    def _sync(self, path: str, content: bytes, inside: dict[str, _Node]) -> None:
        node = self._names.get(path)
        if node is None:
            return
        if not node.folder:
            node.safe = content
            return
        for name in [n for n in self._safe if _parent(n) == path]:
            del self._safe[name]
        self._safe |= inside


class DiskTrace:
    """Follows what processes that are started with `environ` do beneath a folder.

    Args:
        file: The trace; outside of the folder.
        beneath: The folder.
    """

    def __init__(self, file: Path, *, beneath: Path) -> None:
        self._file = file
        self._beneath = str(beneath.resolve())
        self.environ = {
            "LD_PRELOAD": str(_compiled()),
            "ORBITAL_DISK_TRACE": str(file),
            "ORBITAL_DISK_TRACE_BENEATH": self._beneath,
        }

    def cuts(self, *moments: float) -> Iterator[PowerCut]:
        """The folder at these parts of all that happened so far, from 0 to 1 and growing."""
        calls = list(self._calls())
        cut, done = PowerCut(self._beneath), 0
        for moment in moments:
            for call in calls[done : round(len(calls) * moment)]:
                cut.tell(call)
            done = round(len(calls) * moment)
            yield cut

    def _calls(self) -> Iterator[_Call]:
        data, at = self._file.read_bytes(), 0
        while at + _HEAD.size <= len(data):
            op, *sizes, where, size = _HEAD.unpack_from(data, at)
            at += _HEAD.size
            parts: list[bytes] = []
            for length in (*sizes, size):
                parts.append(data[at : at + length])
                at += length
            yield _Call(chr(op), parts[0].decode(), parts[1].decode(), where, parts[2])


@lru_cache(maxsize=1)
def _compiled() -> Path:
    """The library, made once a process."""
    folder = tempfile.TemporaryDirectory(prefix="orbital-trace-")
    _KEPT.append(folder)
    library = Path(folder.name) / "disk_trace.so"
    with resources.as_file(resources.files("orbital_testbench") / "disk_trace.c") as source:
        compiler = find_program("gcc", "gcc libc6-dev")
        command = [compiler, "-O2", "-shared", "-fPIC", "-o", library, source, "-ldl"]
        subprocess.run(command, check=True)
    return library


def _parent(name: str) -> str:
    return name.rpartition("/")[0]
