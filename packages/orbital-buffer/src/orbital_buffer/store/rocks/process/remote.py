"""Databases in a separate process: a slow disk or an endless loop in RocksDB blocks only that process.

RocksDB is used through rocksdict, which holds the GIL while it waits for the disk, so that nothing else runs
in its process meanwhile: no timer, no thread, no signal handler.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final

from orbital_buffer.model.damage import Damaged
from orbital_buffer.store.rocks.port import (
    PLAIN,
    Mended,
    Opening,
    Pair,
    Portion,
    Store,
    Stores,
    Value,
)
from orbital_buffer.store.rocks.process.child import MODULE, Child, SpinsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

LOCKED: Final = "While lock file"
"""Text in RocksDB's error for a database that another process has open."""
STILL_OPEN: Final = (
    "another process still has the database open: the storage process of an agent that was killed ends as "
    "soon as the disk answers it"
)
MOMENT: Final = 5.0
"""Seconds in which the storage process of a killed agent ends."""
RETRY: Final = 0.05
SPIN: Final = 10.0
"""Seconds of CPU without progress: a healthy database reads or writes many times per second of CPU."""


class StorageProcess(Stores):
    """Starts a process when it is needed, and a new one when it has ended.

    Args:
        spin: Seconds of CPU without a read or write of a file after which it is killed.
        moment: Seconds to wait for another process that still has the database open.
        module: The module that the process runs.
    """

    separate = True

    def __init__(self, spin: float = SPIN, moment: float = MOMENT, module: str = MODULE) -> None:
        self._spin = spin
        self._moment = moment
        self._module = module
        self._child: Child | None = None
        self._given_up = ""
        self._starting = threading.Lock()

    @property
    def pid(self) -> int | None:
        """Id of the running process."""
        return None if self._child is None or self._child.ended else self._child.pid

    def open(self, path: Path, how: Opening = PLAIN) -> Store:
        try:
            return self._opened(path, how)
        except SpinsError as error:
            aside = _without_logs(path, f"RocksDB did not get past it: {error}")
            if not aside:
                raise
        store = self._opened(path, how)
        store.mended = [*aside, *store.mended]
        return store

    def repair(self, path: Path, *, tolerant: bool = False) -> None:
        try:
            self._running().ask("repair", 0, str(path), tolerant)
        except SpinsError as error:
            if not _without_logs(path, str(error)):
                raise
            self._running().ask("repair", 0, str(path), tolerant)

    def stop(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.leave()

    def give_up(self, why: str) -> None:
        self._given_up = why
        child = self._child
        if child is not None:
            child.end(why)

    def _opened(self, path: Path, how: Opening) -> RemoteStore:
        """Open a database; waits briefly if another process, which may be ending, has it open."""
        until = time.monotonic() + self._moment
        while True:
            child = self._running()
            try:
                number, mended = child.ask("open", 0, str(path), *how)
            except OSError as error:
                if LOCKED not in str(error):
                    raise
                if time.monotonic() > until:
                    raise OSError(f"{STILL_OPEN} ({error})") from error
                time.sleep(RETRY)
            else:
                self.on_answer()
                return RemoteStore(self, child, number, [Mended(*one) for one in mended])

    def _running(self) -> Child:
        with self._starting:
            if self._given_up:
                raise OSError(f"the storage process {self._given_up}")
            if self._child is not None and self._child.ended:
                self.stop()
            if self._child is None:
                self._child = Child(self._module, self._spin)
            return self._child


class RemoteStore(Store):
    """A database in a storage process."""

    def __init__(
        self, stores: StorageProcess, child: Child, number: int, mended: list[Mended]
    ) -> None:
        self._stores = stores
        self._child = child
        self._number = number
        self.mended = mended

    @property
    def ended(self) -> bool:
        return self._child.ended

    def values(self, keys: Sequence[bytes]) -> list[Value]:
        answer = self._ask("values", list(keys))
        return [Damaged(value) if isinstance(value, str) else value for value in answer]

    def write(
        self, puts: Iterable[Pair], drops: Iterable[Pair] = (), deletes: Iterable[bytes] = ()
    ) -> None:
        self._ask("write", list(puts), list(drops), list(deletes))

    def commit(
        self, puts: Iterable[Pair], drops: Iterable[Pair] = (), deletes: Iterable[bytes] = ()
    ) -> None:
        self._ask("commit", list(puts), list(drops), list(deletes))

    def sync(self) -> None:
        self._ask("sync")

    def portion(self, kind: bytes, start: bytes) -> Portion:
        return Portion(*self._ask("portion", kind, start))

    def compact(self, start: bytes, stop: bytes) -> None:
        self._ask("compact", start, stop)

    def shut(self) -> None:
        if not self.ended:
            self._ask("shut")

    def _ask(self, call: str, *arguments: Any) -> Any:
        answer = self._child.ask(call, self._number, *arguments)
        self._stores.on_answer()
        return answer


def _without_logs(path: Path, reason: str) -> list[Mended]:
    """Remove the write-ahead logs; returns them for the quarantine."""
    taken: list[Mended] = []
    for log in sorted(path.glob("*.log")):
        taken.append(Mended(log.name, 0, log.read_bytes(), reason))
        log.unlink()
    return taken
