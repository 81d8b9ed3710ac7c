"""Files that are whole, and private."""

from __future__ import annotations

import stat

import pytest

from orbital_sdk.files import write_private


def test_a_new_file_and_another_in_its_place(tmp_path):
    """Its owner's alone, whatever the one before allowed; nothing else is left in the folder."""
    path = tmp_path / "tasks.yaml"
    write_private(path, [b"one ", b"two"])
    assert path.read_bytes() == b"one two"
    path.chmod(0o644)
    write_private(path, [b"three"])
    assert path.read_bytes() == b"three"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_what_fails_in_the_middle_changes_nothing(tmp_path):
    """The old file stays as it was, and half of a new one does not stay beside it."""
    path = tmp_path / "tasks.yaml"
    write_private(path, [b"old"])

    def pieces():
        yield b"new"
        raise RuntimeError("the rest is not to be had")

    with pytest.raises(RuntimeError, match="the rest"):
        write_private(path, pieces())
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("place", ["nowhere/file", "folder"])
def test_a_place_that_takes_no_file(tmp_path, place):
    """No such folder, or a folder where the file should be: an OSError, and no litter."""
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(OSError, match=place.partition("/")[0]):
        write_private(tmp_path / place, [b"x"])
    assert list(tmp_path.iterdir()) == [folder]
