"""Opens the buffer for a command: that of the running agent, or the folder of a stopped one."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orbital_buffer.inspection.sources.audit import Audit
from orbital_buffer.inspection.sources.directory import Directory
from orbital_buffer.model.errors import BufferInUse, BufferUnusable
from orbital_sentinel.buffer.offline import UNLIMITED, offline_buffer
from orbital_sentinel.buffer.remote import RemoteBuffer
from orbital_sentinel.client.client import NotRunning
from orbital_sentinel.client.locate import client
from orbital_sentinel.errors import Failure

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from orbital_buffer.inspection.snapshot import BufferView
    from orbital_sentinel.client.client import Client


@dataclass(frozen=True, slots=True)
class OpenedBuffer:
    """An opened buffer."""

    look: BufferView
    directory: Directory | None = None
    """The folder of a stopped agent; None for a running one."""

    @property
    def damage(self) -> Sequence[str]:
        """What is damaged or missing in the folder, as messages."""
        return () if self.directory is None else (*self.directory.damage, *self.directory.missing)

    def audited(self) -> tuple[BufferView, list[str]]:
        """The buffer without any correction of its counts, and the known damage."""
        if self.directory is None:
            return self.look, []
        audit = Audit(self.directory)
        return audit, audit.damage


@contextmanager
def open_buffer(config: Path | None, folder: Path | None = None) -> Generator[OpenedBuffer]:
    """The buffer of this configuration, or the one in this folder.

    Raises:
        Failure, BufferUnusable: There is none, or it cannot be opened.
    """
    if folder is not None:
        with Directory(folder, UNLIMITED) as directory:
            yield OpenedBuffer(directory, directory)
        return
    agent = client(config)
    silent = why_silent(agent)
    if silent is None:
        yield OpenedBuffer(RemoteBuffer(agent))
        return
    with stopped_buffer(config, silent) as directory:
        yield OpenedBuffer(directory, directory)


def why_silent(agent: Client) -> NotRunning | None:
    """Why no agent answers; None if one does."""
    try:
        agent.get("/api/v1/buffer")
    except NotRunning as why:
        return why
    return None


@contextmanager
def stopped_buffer(config: Path | None, silent: NotRunning) -> Generator[Directory]:
    """The buffer folder of this configuration, which no process uses.

    Raises:
        Failure: A process uses it and does not answer.
        BufferUnusable: It cannot be opened.
    """
    try:
        directory = offline_buffer(config).look()
    except BufferInUse as error:
        raise Failure(
            f"process {error.pid} has the buffer and does not answer: {silent}; if it runs with another "
            "configuration, name that one with -c"
        ) from error
    except BufferUnusable as error:
        if isinstance(error.__cause__, PermissionError) and isinstance(
            silent.__cause__, PermissionError
        ):
            raise silent from error  # folder and socket belong to another user
        raise
    with directory:
        yield directory
