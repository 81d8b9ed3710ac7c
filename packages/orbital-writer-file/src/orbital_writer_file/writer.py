"""The writer: opens the file when it is needed, rotates it, and says what went wrong."""

from __future__ import annotations

import errno
import os
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, ClassVar, Final

from orbital_sdk import WriteError, Writer, WriterMisconfigured, WriterUnavailable, Written
from orbital_writer_file.appending import AppendingFile, InUse, try_out
from orbital_writer_file.lines import OPENING, encode
from orbital_writer_file.rotation import Rotation
from orbital_writer_file.settings import FileConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_sdk import Attempt, Batch

_FOR_A_PERSON: Final = {
    errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.ELOOP,
    errno.ENAMETOOLONG, errno.EINVAL, errno.EEXIST, errno.ENXIO,
}  # fmt: skip
"""What does not get better by itself."""


class File(Writer[FileConfig]):
    """One JSON object a line, each a sample."""

    name: ClassVar[str] = "file"
    summary: ClassVar[str] = "A local file of JSON lines"
    takes_old_samples: ClassVar[bool] = False  # its lines are read from top to bottom

    def __init__(self, config: FileConfig) -> None:
        super().__init__(config)
        self._rotation = Rotation(config.path, keep=config.max_files, compress=config.compress)
        self._file: AppendingFile | None = None

    @property
    def address(self) -> str:
        return str(self.config.path)

    async def stop(self) -> None:
        self._close()
        self._rotation.stop()

    def write(self, batches: Sequence[Batch], attempt: Attempt) -> Written:
        """All of these in one write, which is complete in the file on return or not in it at all."""
        data = encode(batches)
        try:
            if data:
                self._ready(len(data)).append(data)
        except OSError as error:
            self._close()
            raise self._translated(error) from error
        return Written(len(data))

    def test_connection(self) -> str:
        """The file as far as it is there, and a nameless one beside it. Makes nothing that stays."""
        path = self.config.path.absolute()
        try:
            folder = next(one for one in path.parents if os.path.lexists(one))
            TemporaryFile(dir=folder).close()
            try_out(path)
        except OSError as error:
            raise self._translated(error) from error
        return f"{folder} takes files" if folder == path.parent else f"{path.parent} can be made"

    def _ready(self, size: int) -> AppendingFile:
        """The open file, with room for so many bytes."""
        file = self._file
        if file is not None and not file.is_there():
            self._close()
            file = None
        file = file or self._open()
        if file.size and file.size + size > self.config.max_size:
            self._close()
            self._rotation.rotate()
            file = self._open()
        return file

    def _open(self) -> AppendingFile:
        path = self.config.path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = AppendingFile(path, opening=OPENING, sync=self.config.fsync)
        self._rotation.compress()
        return self._file

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _translated(self, error: OSError) -> WriteError:
        where = error.filename or self.address
        if isinstance(error, InUse):
            return WriterMisconfigured(f"{where}: {error.strerror}; give each its own path")
        said = f"{where}: {(error.strerror or str(error)).lower()}"
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return WriterUnavailable(f"{said}; free some space")
        if error.errno in _FOR_A_PERSON:
            return WriterMisconfigured(f"{said}; look at path, and at who may write there")
        return WriterUnavailable(said)
