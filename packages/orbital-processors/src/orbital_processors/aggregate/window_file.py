"""Open windows in a file, over a restart. A thread writes it, so that the event loop does not wait."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import msgspec

from orbital_processors.aggregate.group import Group
from orbital_sdk import Identity, Origin
from orbital_sdk.files import write_private
from orbital_sdk.thread_pool import ThreadPool

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Iterator, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from orbital_processors.aggregate.group import Groups
    from orbital_processors.aggregate.windows import Part, Windows

KEPT: Final = 16
"""Files that stay in the folder: those of former settings are of use after a change that is taken back."""
FORMER: Final = 3600.0
"""Seconds that a file of former settings is older than the newest one; those in use are written together."""
AT_ONCE: Final = 500
"""Groups in one record: their encoding holds all threads for a millisecond."""


class SavedGroup(msgspec.Struct, array_like=True):
    """A group and what is kept of its samples."""

    scope: str
    name: str
    labels: dict[str, str]
    unit: str
    honor_labels: bool
    origin: tuple[str, str, str, str]
    sentinel: tuple[str, str, str, dict[str, str]]
    states: tuple[Any, ...]
    """One for each fold."""
    fields: dict[str, str] = {}
    """Of the device: the labels of aggregates may be made of them."""

    def group(self) -> Group:
        """The group."""
        origin = Origin(*self.origin, Identity(*self.sentinel), self.fields)
        return Group(self.scope, origin, self.name, self.labels, self.unit, self.honor_labels)


class Record(msgspec.Struct, array_like=True):
    """Some groups of a window, in MessagePack behind its length in four bytes."""

    start: int
    """Milliseconds UTC."""
    groups: list[SavedGroup]


class WindowFile:
    """The open windows of one aggregation.

    The file is replaced as a whole: a crash leaves the one before.

    Args:
        folder: Where it is.
        key: Names the aggregation: windows of other settings are in other files.
        log: Takes what goes wrong.
    """

    def __init__(self, folder: Path, key: str, log: logging.Logger) -> None:
        self._folder = folder
        self._path = folder / f"windows-{key}.msgpack"
        self._log = log
        self._pool = ThreadPool(1, "windows")
        self._writing: Future[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether it is being written."""
        return self._writing is not None and not self._writing.done()

    async def restore(self, windows: Windows, groups: Groups) -> None:
        """Continue the windows of the file, if there is one; nobody else may use these meanwhile."""
        await asyncio.wrap_future(self._pool.submit(self._restore, windows, groups))

    def write(self, windows: Windows) -> None:
        """Write what these have now, behind what is being written."""
        parts = [(window.start, part) for window in windows for part in window.parts()]
        self._writing = self._pool.submit(self._write, parts)

    async def close(self) -> None:
        """Wait until it is written. Safe twice."""
        if self._writing is not None:
            await asyncio.wrap_future(self._writing)
        self._pool.shutdown(wait=False)

    def _restore(self, windows: Windows, groups: Groups) -> None:
        try:
            self._read(self._path.read_bytes(), windows, groups)
        except FileNotFoundError:
            pass
        except (OSError, ValueError) as error:
            words = "open windows start empty: the stored ones cannot be read (%s)"
            self._log.warning(words, error)
            windows.all()
        self._remove_old()

    def _read(self, data: bytes, windows: Windows, groups: Groups) -> None:
        for record in _records(data):
            window = windows.at(record.start)
            for one in record.groups:
                group = groups.add(one.group())
                if window is not None and group is not None:
                    window.restore(group, one.states)

    def _write(self, parts: Sequence[tuple[int, Part]]) -> None:
        try:
            write_private(self._path, _content(parts))
        except OSError as error:
            words = "open windows cannot be stored in %s: %s"
            self._log.warning(words, self._path, error.strerror or error)

    def _remove_old(self) -> None:
        """Files of former settings, and what a crash left of this one."""
        with suppress(OSError):  # it is tried again at the next start
            files = sorted(self._folder.glob("windows-*.msgpack"), key=_changed)
            former = [one for one in files[:-KEPT] if _changed(files[-1]) - _changed(one) > FORMER]
            for file in (*former, *self._folder.glob(f".{self._path.name}.*")):
                file.unlink(missing_ok=True)


def _changed(file: Path) -> float:
    return file.stat().st_mtime


def _records(data: bytes) -> Iterator[Record]:
    """The records of a file.

    Raises:
        ValueError: It is damaged.
    """
    decoder, at = msgspec.msgpack.Decoder(Record), 0
    while at < len(data):
        start, at = at + 4, at + 4 + int.from_bytes(data[at : at + 4], "big")
        yield decoder.decode(data[start:at])


def _content(parts: Iterable[tuple[int, Part]]) -> Iterator[bytes]:
    for start, (groups, states) in parts:
        saved = map(_saved, groups, states)
        while some := [*islice(saved, AT_ONCE)]:
            data = _encoded(start, some)
            yield len(data).to_bytes(4, "big") + data


def _encoded(start: int, saved: Sequence[SavedGroup]) -> bytes:
    try:
        return msgspec.msgpack.encode(Record(start, [*saved]))
    except UnicodeEncodeError:
        return msgspec.msgpack.encode(Record(start, [one for one in saved if _is_text(one)]))


def _is_text(saved: SavedGroup) -> bool:
    """Whether its labels are: a destination takes no half of a surrogate pair, either."""
    try:
        msgspec.msgpack.encode(saved)
    except UnicodeEncodeError:
        return False
    return True


def _saved(group: Group, states: Iterable[Any]) -> SavedGroup:
    origin, sentinel = group.origin, group.origin.sentinel
    return SavedGroup(
        group.scope, group.name, dict(group.labels), group.unit, group.honor_labels,
        (origin.task, origin.plugin, origin.device_id, origin.target),
        (sentinel.id, sentinel.name, sentinel.region, dict(sentinel.labels)),
        tuple(states),
        dict(origin.fields),
    )  # fmt: skip
