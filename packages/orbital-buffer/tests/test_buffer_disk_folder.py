"""The folder of the disk buffer: its own, closed to everybody else, and nobody else's taken for it."""

from __future__ import annotations

import os

import pytest

from orbital_buffer.buffer import disk_buffer
from orbital_buffer.model.errors import BufferUnusable
from orbital_buffer.model.limits import BufferLimits
from orbital_runtime.clock import ManualClock
from orbital_sdk.testing import make_batch


async def test_a_second_process_is_refused_by_name(opened, tmp_path):
    """The folder is locked; the error says by whom and what to do."""
    await opened()
    with pytest.raises(BufferUnusable, match=rf"in use by another process \(pid {os.getpid()}\)"):
        await opened()


async def test_a_newer_format_is_refused(opened, tmp_path):
    """An older program does not touch what a newer one wrote."""
    buffer = await opened()
    await buffer.close()
    (tmp_path / "buffer" / "format").write_text("orbital-sentinel disk buffer, format 2\n")
    with pytest.raises(BufferUnusable, match="has format 2, and this version reads format 1"):
        await opened()


async def test_a_file_in_its_place_is_refused(opened, tmp_path):
    """`buffer.disk_path` must be a folder, and the error names the setting."""
    (tmp_path / "buffer").write_text("")
    with pytest.raises(BufferUnusable, match=r"buffer\.disk_path .* is not a folder"):
        await opened()


async def test_a_folder_with_other_things_is_refused(opened, tmp_path):
    """A slip in `buffer.disk_path` must not close somebody's files to everybody else. Hidden files are no
    sign of that, nor is what a new file system brings.
    """
    folder = tmp_path / "buffer"
    (folder / "lost+found").mkdir(parents=True)
    (folder / ".gitkeep").write_text("")
    await (await opened()).close()
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "letter.odt").write_text("")
    (folder / "letter.odt").chmod(0o644)
    with pytest.raises(BufferUnusable, match=r"not empty \(letter\.odt is in it\)"):
        await opened("other")
    assert [path.name for path in folder.iterdir()] == ["letter.odt"]
    assert (folder / "letter.odt").stat().st_mode & 0o777 == 0o644


async def test_a_place_that_takes_no_folder_is_refused():
    """Whatever the system says to it becomes a sentence that names the folder and the setting."""
    buffer = disk_buffer("/proc/orbital", BufferLimits(), ManualClock())
    with pytest.raises(BufferUnusable, match=r"/proc/orbital cannot be used .*buffer\.disk_path"):
        await buffer.open()


async def test_nobody_else_may_read_it(opened, tmp_path):
    """Folders 0700 and files 0600, whatever the umask was."""
    before = os.umask(0o022)
    try:
        buffer = await opened()
        buffer.attach("a")
        await buffer.append([make_batch(40)])
        await buffer.close()
        await opened()
    finally:
        os.umask(before)
    modes = {p.relative_to(tmp_path): p.stat().st_mode & 0o777 for p in tmp_path.rglob("*")}
    assert {str(p): oct(m) for p, m in modes.items() if m & 0o077} == {}
