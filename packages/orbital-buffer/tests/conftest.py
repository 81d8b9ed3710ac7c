"""Disk buffers for tests."""

from __future__ import annotations

import pytest

from orbital_buffer.buffer import disk_buffer
from orbital_buffer.model.limits import BufferLimits
from orbital_runtime.clock import ManualClock

UNLIMITED = BufferLimits(samples=None, size=None)


@pytest.fixture
async def opened(tmp_path):
    """Opens buffers, and closes what a test leaves open."""
    buffers = []

    async def open_(name="buffer", limits=UNLIMITED, clock=None, **more):
        buffer = disk_buffer(tmp_path / name, limits, clock or ManualClock(), **more)
        buffers.append(buffer)
        await buffer.open()
        return buffer

    yield open_
    for buffer in buffers:
        await buffer.close()
        buffer.store.database.crash_counts.forget()


def flip(part):
    """What inverts bits of one byte of a file, at this part of its length."""

    def damage(file):
        data = bytearray(file.read_bytes())
        data[int((len(data) - 1) * part)] ^= 0x55
        file.write_bytes(data)

    damage.__name__ = f"flip{part}"
    return damage


def halve(file):
    """Keep the first half of a file."""
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
