"""Folders of stopped agents for tests that look into them, and what was written there."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING

from orbital_buffer.buffer import disk_buffer
from orbital_buffer.inspection.reports.export import Export
from orbital_buffer.inspection.reports.verify import Verification
from orbital_buffer.inspection.sources.audit import Audit
from orbital_runtime.clock import ManualClock
from orbital_runtime_testing.buffer.tools import SMALL, UNLIMITED, take
from orbital_sdk.testing import make_batch, make_layout

if TYPE_CHECKING:
    from pathlib import Path

    from orbital_buffer.inspection.reports.verify import Verdict
    from orbital_buffer.inspection.sources.directory import Directory

ROWS = 20
BATCHES = 80
DONE = 30
"""Batches that `a` has acknowledged; `b` has acknowledged none."""


def values(ts: int) -> list[float]:
    return [(ts * 7919 + row * 104729) % 10007 / 977 for row in range(ROWS)]


def make_image(path: Path) -> None:
    """Tables, a write-ahead log behind them, one output half done and one not begun."""
    asyncio.run(_make(path))


async def _make(path: Path) -> None:
    for start in (0, BATCHES // 2):
        buffer = disk_buffer(path, UNLIMITED, ManualClock(), min_free=SMALL)
        await buffer.open()
        buffer.attach("a")
        buffer.attach("b")
        for ts in range(start, start + BATCHES // 2, 2):
            layout = make_layout(ROWS)
            await buffer.append(
                [make_batch(values(t), ts=t, layout=layout) for t in range(ts, ts + 2)]
            )
        if start == 0:
            chunk = await take(buffer, "a")
            await buffer.acknowledge(replace(chunk, entries=chunk.entries[:DONE]))
            buffer.release(chunk)
        await buffer.close()


def verified(directory: Directory) -> Verdict:
    audit = Audit(directory)
    return Verification(audit, audit.damage).run()


def exported(directory: Directory, output: str) -> dict[int, list[float]]:
    """Time of each exported batch, with its values."""
    found: dict[int, list[float]] = {}
    for line in b"".join(Export(directory, output).lines()).splitlines():
        sample = json.loads(line)
        found.setdefault(sample["timestamp_ms"], []).append(sample["value"])
    return found


def listing(path: Path) -> dict[str, tuple[int, int]]:
    """Every file with its size and time of change."""
    found: dict[str, tuple[int, int]] = {}
    for folder, _, names in os.walk(path):
        for name in names:
            told = os.stat(os.path.join(folder, name))  # noqa: PTH116, PTH118 (as os.walk gives them)
            found[name] = told.st_size, told.st_mtime_ns
    return found
