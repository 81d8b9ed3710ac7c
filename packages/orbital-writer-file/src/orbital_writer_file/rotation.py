"""Rotated files: `samples.jsonl` becomes `samples.jsonl.1`, `.1` becomes `.2`, and the oldest goes."""

from __future__ import annotations

import gzip
import io
import logging
import re
import threading
from typing import TYPE_CHECKING, Final

from orbital_writer_file.appending import private

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_log: Final = logging.getLogger("orbital.writer.file")


class Rotation:
    """The rotated files of one path.

    Args:
        path: The file that is written to.
        keep: Rotated files that may stay.
        compress: Whether they are compressed, on a thread, one after the other.
    """

    def __init__(self, path: Path, *, keep: int, compress: bool) -> None:
        self._path = path
        self._keep = keep
        self._compress = compress
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()

    def rotate(self) -> None:
        """Make room for a new file at the path. The old one is closed by now.

        Raises:
            OSError
        """
        self.wait()
        for number, file in sorted(self._files(), reverse=True):
            if number >= self._keep:
                file.unlink()
            else:
                suffix = ".gz" if file.suffix == ".gz" else ""
                file.rename(self._numbered(number + 1, suffix))
        if self._keep:
            self._path.rename(self._numbered(1))
        else:
            self._path.unlink()

    def compress(self) -> None:
        """Begin to compress what is not yet, such as what a crash or a full disk left."""
        if self._compress and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="gzip samples", daemon=True)
            self._thread.start()

    def wait(self) -> None:
        """Return when no file is being compressed; one that is not finished stays as it was."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def stop(self) -> None:
        """Give up compressing, and wait for that."""
        self._stopping.set()
        self.wait()
        self._stopping.clear()

    def _numbered(self, number: int, suffix: str = "") -> Path:
        return self._path.with_name(f"{self._path.name}.{number}{suffix}")

    def _files(self) -> Iterator[tuple[int, Path]]:
        pattern = re.compile(re.escape(self._path.name) + r"\.(\d{1,6})(\.gz)?")
        for file in self._path.parent.iterdir():
            match = pattern.fullmatch(file.name)
            if match and file.is_file():
                yield int(match[1]), file

    def _run(self) -> None:
        for _, file in sorted(self._files(), reverse=True):
            if file.suffix != ".gz" and not self._stopping.is_set():
                try:
                    self._gzip(file)
                except OSError as error:
                    _log.warning("%s: not compressed: %s", file, error.strerror or error)

    def _gzip(self, file: Path) -> None:
        part = file.with_name(f"{file.name}.gz.part")
        try:
            with (
                file.open("rb") as source,
                io.FileIO(part, "w", opener=private) as target,
                gzip.GzipFile(file.name, "wb", 6, target) as packed,
            ):
                while block := source.read(1 << 20):
                    if self._stopping.is_set():
                        return
                    packed.write(block)
            part.rename(file.with_name(f"{file.name}.gz"))
            file.unlink()
        finally:
            part.unlink(missing_ok=True)
