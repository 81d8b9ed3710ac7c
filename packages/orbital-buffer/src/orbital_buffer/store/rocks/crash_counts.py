"""The counts of a process that cannot write to disk, in the machine's memory, where they survive a kill.

While samples are in memory only, a file in /dev/shm has the states of all outputs. It outlives the process,
but not the machine. The next process that opens the database takes them over, each once.
"""

from __future__ import annotations

import logging
import os
import stat
import threading
from collections import Counter
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from orbital_buffer.format.stored import State, pack, unpack
from orbital_buffer.model.damage import Damaged
from orbital_sdk.files import write_private

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orbital_buffer.store.rocks.contents import Contents

MACHINE: Final = Path("/dev/shm")  # noqa: S108 (others cannot replace our file: the folder is sticky)
logger = logging.getLogger(__name__)


class Noted(msgspec.Struct, array_like=True, frozen=True):
    """Contents of the file. States are encoded."""

    folder: str = ""
    """Device and inode of the buffer's folder: a new folder may get the same name."""
    outputs: dict[str, bytes] = {}
    """States that are newer than those in the database."""
    besides: dict[str, bytes] = {}
    """Counts of earlier processes whose database had not opened, to be added to those in the database."""
    ours: dict[str, bytes] = {}
    """The same counts of the process that wrote the file."""


class CrashCounts:
    """Crash counts of one folder. Thread-safe: written on the event loop, read by the thread that opens the
    database.

    Args:
        folder: The buffer's folder.
        machine: The folder in memory for the file.
    """

    def __init__(self, folder: Path, machine: Path = MACHINE) -> None:
        self._folder = folder
        name = blake2b(os.fsencode(folder), digest_size=12).hexdigest()
        self._file = machine / f"orbital-sentinel-{os.geteuid()}-{name}"
        self._lock = threading.Lock()
        self._noted: Noted | None = None
        self._warned = False

    def apply_to(self, found: Contents) -> None:
        """Update the contents of a database with the counts of earlier processes."""
        with self._lock:
            noted = self._known()
        found.update(noted.outputs)
        for output, data in noted.besides.items():
            state = found.states.get(output, State())
            found.states[output] = _and(state, unpack(State, data))

    def about(self) -> set[str]:
        """The outputs for which an earlier process has counts that are not on disk."""
        with self._lock:
            noted = self._known()
        return {*noted.outputs, *noted.besides}

    def taken(self, states: Mapping[str, bytes]) -> None:
        """Replace the counts of earlier processes by these states, which include them."""
        with self._lock:
            noted = self._known()
            if noted.outputs or noted.besides:
                self._write(msgspec.structs.replace(noted, outputs=dict(states), besides={}))

    def keep(self, states: Mapping[str, bytes], *, besides: bool) -> None:
        """Write the states of this process.

        Args:
            states: States of all outputs.
            besides: They are relative to the start of this process, as the database has not opened yet.
        """
        with self._lock:
            noted = self._known()
            if besides:
                self._write(msgspec.structs.replace(noted, ours=dict(states)))
            else:
                self._write(Noted(outputs=dict(states)))

    def forget(self) -> None:
        """Delete the file: the disk has everything."""
        with self._lock:
            if self._known() != Noted():
                self._noted = Noted()
                with suppress(OSError):
                    self._file.unlink()

    def _known(self) -> Noted:
        if self._noted is None:
            noted = _read(self._file)
            here = _identity(self._folder)
            if noted.folder and here and noted.folder != here:
                noted = Noted()
            besides = dict(noted.besides)
            for output, data in noted.ours.items():
                state = unpack(State, besides[output]) if output in besides else State()
                besides[output] = pack(_and(state, unpack(State, data)))
            self._noted = Noted(outputs=noted.outputs, besides=besides)
        return self._noted

    def _write(self, noted: Noted) -> None:
        self._noted = noted
        here = _identity(self._folder)
        try:
            write_private(self._file, [pack(msgspec.structs.replace(noted, folder=here))])
        except OSError as error:
            with suppress(OSError):
                self._file.unlink()  # it is outdated
            if not self._warned:
                logger.warning(
                    "if the agent is killed before %s works again, samples in memory are lost uncounted (%s)",
                    self._folder, error,
                )  # fmt: skip
            self._warned = True


def _and(state: State, besides: State) -> State:
    """The sum of both; samples in the memory of the other process are lost."""
    counted = sum(besides.dropped.values()) + besides.delivered + besides.dead_lettered
    lost = Counter(unsaved=besides.accepted - counted)
    dropped = Counter(state.dropped) + Counter(besides.dropped) + lost
    return msgspec.structs.replace(
        state,
        accepted=state.accepted + besides.accepted,
        delivered=state.delivered + besides.delivered,
        dead_lettered=state.dead_lettered + besides.dead_lettered,
        dropped=dict(dropped),
        letters_gone=dict(Counter(state.letters_gone) + Counter(besides.letters_gone)),
        recovered=state.recovered + besides.recovered,
    )


def _identity(folder: Path) -> str:
    try:
        status = folder.stat()
    except OSError:
        return ""
    return f"{status.st_dev}:{status.st_ino}"


def _read(file: Path) -> Noted:
    """Read the file; empty if this user has none."""
    try:
        handle = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as opened:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
                return Noted()
            return unpack(Noted, opened.read())
    except (OSError, Damaged):
        return Noted()
