"""Notes beside the database, on a disk that is full."""

from __future__ import annotations

import pytest

from orbital_buffer.store.rocks.checkpoint import Checkpoints


@pytest.fixture
def disk(mount_disk):
    return mount_disk(1 << 20)


def fill(disk):
    with (disk / "others").open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            return


def books(size):
    return {"output": bytes(size)}


@pytest.mark.parametrize("size", [1000, 5000, 30_000])
def test_books_that_grow_on_a_full_disk_are_noted(size, disk):
    """There is room for twice as much in each of the two files, wherever their blocks end."""
    notes = Checkpoints(disk, disk / "db")
    for _ in range(2):
        notes.write(1, books(size))
    fill(disk)
    for grown in range(size, 2 * size, size // 7):
        notes.write(1, books(grown))
        assert notes.read().outputs == books(grown)


def test_notes_stay_as_large_as_they_are(tmp_path):
    """A thousand of them take no more room than the first."""
    notes = Checkpoints(tmp_path, tmp_path / "db")
    sizes = set()
    for number in range(1000):
        notes.write(1, books(2000 + number))
        sizes |= {-(-file.stat().st_size // 4096) for file in tmp_path.glob("checkpoint.*")}
    assert sizes == {1}
