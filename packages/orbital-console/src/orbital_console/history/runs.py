"""The last runs of each task, and when and why its trouble began."""

from __future__ import annotations

from dataclasses import dataclass, field
from sys import getsizeof
from typing import TYPE_CHECKING, Final

import msgspec

from orbital_runtime.model import Run, Status

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

KEPT: Final = 50
"""Runs kept of each task at most."""
TASK_BYTES: Final = 700
"""Memory of a task's history without its runs. An estimate, as the next ones."""
ROW_BYTES: Final = 48
"""Memory of a packed run beside its content."""
ERROR_BYTES: Final = 180
"""Memory of an error beside its text."""
WORDS: Final = 1000
"""Characters kept of an error."""
NAMES: Final = 100
"""Different names in `Run.measured` that are kept; plugins choose them."""
LONGEST: Final = 100
"""Characters of such a name."""
LARGEST: Final = 1e12
"""Values below it are kept."""
SECONDS: Final = "_seconds"

_Row = tuple[int, int, int, bool, int, bool, tuple[int, ...]]
_ENCODE: Final = msgspec.msgpack.Encoder().encode
_DECODE: Final = msgspec.msgpack.Decoder(_Row).decode


class Attempt(msgspec.Struct, frozen=True):
    """One run, as it is remembered."""

    at: int
    """Its start, milliseconds UTC."""
    seconds: float
    samples: int
    ok: bool
    error: str
    kind: str
    measured: dict[str, float] = {}
    """As in `Run.measured`; durations in whole microseconds."""

    @property
    def phases(self) -> dict[str, float]:
        """The durations of what is measured, in seconds, in their order."""
        return {
            name.removesuffix(SECONDS): value
            for name, value in self.measured.items()
            if name.endswith(SECONDS)
        }

    @property
    def counts(self) -> dict[str, float]:
        """What is measured beside them."""
        return {name: n for name, n in self.measured.items() if not name.endswith(SECONDS)}


@dataclass(slots=True)
class TaskHistory:
    """One task. Runs are packed; equal errors in a row are kept once."""

    names: dict[str, int]
    """Name in `Run.measured` -> its number, shared by all tasks."""
    troubled: Attempt | None = None
    """The first run with an error since the last one without; its error is the cause of those after it."""
    failing: Attempt | None = None
    """The first failed run since the last success."""
    size: int = TASK_BYTES
    """Memory in use. An estimate."""
    rows: list[bytes] = field(default_factory=list[bytes])
    errors: dict[int, tuple[str, str]] = field(default_factory=dict[int, tuple[str, str]])
    """Number -> text and kind; the numbers grow."""
    newest: int = 0
    """Number of the newest error."""

    def add(self, run: Run, room: int) -> bool:
        """Append a run; drop the oldest ones beyond so many bytes. Returns whether the outcome is another one
        than that of the run before.
        """
        before = self.troubled, self.failing
        self._note(run)
        row = self._pack(run)
        self.rows.append(row)
        self.size += len(row) + ROW_BYTES
        self.trim(room)
        return (self.troubled, self.failing) != before

    def trim(self, room: int) -> None:
        """Drop the oldest runs beyond so many bytes, except the newest one."""
        while len(self.rows) > KEPT or (self.size > room and len(self.rows) > 1):
            self.size -= len(self.rows.pop(0)) + ROW_BYTES
            oldest = _DECODE(self.rows[0])[4]
            for gone in [number for number in self.errors if number < oldest]:
                self.size -= _size(self.errors.pop(gone))

    @property
    def runs(self) -> list[Attempt]:
        """The oldest first."""
        names = list(self.names)
        return [self._unpack(_DECODE(row), names) for row in self.rows]

    def _note(self, run: Run) -> None:
        if not run.error:
            self.troubled = None
        elif self.troubled is None:
            self.troubled = _attempt(run)
        if run.status is Status.SUCCESS:
            self.failing = None
        elif self.failing is None:
            self.failing = _attempt(run)

    def _pack(self, run: Run) -> bytes:
        if run.error:
            error = run.error[:WORDS], run.error_kind
            if self.errors.get(self.newest) != error:
                self.newest += 1
                self.errors[self.newest] = error
                self.size += _size(error)
        return _ENCODE((
            run.started_ms, round(run.duration * 1e6), run.samples, run.status is Status.SUCCESS,
            self.newest, bool(run.error), self._measured(run.measured),
        ))  # fmt: skip

    def _measured(self, measured: Mapping[str, float]) -> list[int]:
        """Number of a name, value, and so on."""
        packed: list[int] = []
        for name, value in measured.items():
            if not -LARGEST < value < LARGEST:  # nor NaN
                continue
            if name not in self.names:
                if len(self.names) >= NAMES or len(name) > LONGEST:
                    continue
                self.names[name] = len(self.names)
            packed += self.names[name], round(value * 1e6 if name.endswith(SECONDS) else value)
        return packed

    def _unpack(self, row: _Row, names: list[str]) -> Attempt:
        at, micros, samples, ok, number, failed, packed = row
        error, kind = self.errors.get(number, ("", "")) if failed else ("", "")
        measured = {
            (name := names[number]): value / 1e6 if name.endswith(SECONDS) else value
            for number, value in zip(packed[::2], packed[1::2], strict=True)
        }
        return Attempt(at, micros / 1e6, samples, ok, error, kind, measured)


class RunHistory:
    """All tasks, each with the same share of the memory.

    Args:
        memory: Bytes at most. One run of each task is always kept.
    """

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self._tasks: dict[str, TaskHistory] = {}
        self._names: dict[str, int] = {}

    def __len__(self) -> int:
        """Number of runs."""
        return sum(len(one.rows) for one in self._tasks.values())

    @property
    def room(self) -> int:
        """Bytes of each task."""
        return self._memory // max(1, len(self._tasks))

    def add(self, task: str, run: Run) -> bool:
        """Remember a run of the task with this key. Returns whether the task's state changed."""
        history = self._tasks.get(task)
        if history is None:
            history = self._tasks[task] = TaskHistory(self._names)
        return history.add(run, self.room)

    def of(self, task: str) -> TaskHistory:
        """The history of a task; an empty one if it never ran."""
        return self._tasks.get(task) or TaskHistory(self._names)

    def keep(self, tasks: Collection[str]) -> None:
        """Forget all other tasks."""
        for gone in self._tasks.keys() - set(tasks):
            del self._tasks[gone]
        room = self._memory // max(1, len(tasks))
        for one in self._tasks.values():
            one.trim(room)


def _attempt(run: Run) -> Attempt:
    ok = run.status is Status.SUCCESS
    error = run.error[:WORDS]
    return Attempt(run.started_ms, run.duration, run.samples, ok, error, run.error_kind)


def _size(error: tuple[str, str]) -> int:
    return ERROR_BYTES + getsizeof(error[0])
