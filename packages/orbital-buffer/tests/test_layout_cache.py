"""Layouts of the disk buffer: those that somebody holds are never read back."""

from __future__ import annotations

from orbital_buffer.format.layout import encode_layout
from orbital_buffer.format.layout_cache import LayoutCache
from orbital_sdk import Identity, Layout, Origin, Row


def layout(task: str, rows: int = 1) -> Layout:
    origin = Origin(task, "plugin", "device", "target", Identity("id", "name"))
    return Layout(origin, [Row(f"metric_{n}", {"task": task}) for n in range(rows)])


class Disk:
    """Layouts as bytes, and how often one was read."""

    def __init__(self) -> None:
        self.stored: dict[tuple[int, int], bytes] = {}
        self.reads = 0

    def get(self, cache: LayoutCache, number: int) -> Layout:
        """Out of the cache, or read."""
        known = cache.find(1, number)
        if known is None:
            self.reads += 1
            known = cache.decode(1, number, self.stored[1, number])
        return known


def test_what_is_in_use_is_the_same_object_however_much_there_is():
    """Thousands of tasks, each with its layout: none is read back, and none is there twice."""
    cache, disk = LayoutCache(decoded=2, waiting=2), Disk()
    held = [layout(f"task-{n}") for n in range(50)]
    for number, one in enumerate(held):
        cache.put(number, 1, {one: number})
    assert all(disk.get(cache, number) is one for number, one in enumerate(held))
    assert disk.reads == 0


def test_what_ended_is_kept_for_its_record():
    """Series come and go: an output that keeps up reads no layout back, and none outlives its record."""
    cache, disk = LayoutCache(), Disk()
    for number in range(1000):
        cache.put(number, 1, {layout(f"task-{number}", rows=10): number})
        if number >= 5:
            assert disk.get(cache, number - 5).origin.task == f"task-{number - 5}"
            cache.release([number - 5])
    assert disk.reads == 0
    assert cache.rows == 50


def test_what_ended_takes_so_much_room_and_no_more():
    """An output that is away for long: the oldest layouts are let go of, and read back when it returns."""
    cache, disk = LayoutCache(waiting=100), Disk()
    for number in range(30):
        one = layout(f"task-{number}", rows=10)
        disk.stored[1, number] = encode_layout(one)
        cache.put(number, 1, {one: number})
    del one
    assert cache.rows == 100
    for number in range(30):
        assert disk.get(cache, number).origin.task == f"task-{number}"
    assert disk.reads == 20


def test_what_nobody_holds_any_more_is_read_back_once():
    """After that it is kept, up to the room that there is: those used longest ago go first."""
    cache, disk = LayoutCache(decoded=20), Disk()
    disk.stored = {(1, n): encode_layout(layout(f"task-{n}", rows=10)) for n in range(3)}
    for number in (0, 1, 0, 2, 0):
        assert disk.get(cache, number).origin.task == f"task-{number}"
    assert disk.reads == 3
    disk.get(cache, 1)
    assert disk.reads == 4
    assert cache.rows == 20


def test_segments_that_are_gone_are_forgotten():
    """Both what was read and what is held: the numbers mean nothing any more."""
    cache, disk = LayoutCache(), Disk()
    held = layout("held")
    cache.put(0, 1, {held: 0})
    disk.stored = {(1, 1): encode_layout(layout("read"))}
    disk.get(cache, 1)
    cache.forget([1])
    assert cache.find(1, 0) is None
    assert cache.find(1, 1) is None
