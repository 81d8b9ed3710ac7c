"""A power cut at any moment: what was promised until then is on the disk, judged by what had been synced.

`ORBITAL_CUTS` sets at how many moments (6).
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
import subprocess
import sys

import pytest

from orbital_buffer.buffer import disk_buffer
from orbital_buffer.model.limits import BufferLimits
from orbital_runtime.clock import SystemClock
from orbital_testbench import DiskTrace, wait_until

CUTS = int(os.environ.get("ORBITAL_CUTS", "6"))


@pytest.fixture
def trace(tmp_path):
    (tmp_path / "disk").mkdir()
    return DiskTrace(tmp_path / "trace", beneath=tmp_path / "disk")


def accepted(cut):
    """The batches that were accepted before it. A killed feeder may leave half a line, without its end."""
    return {int(number) for number in re.findall(rb"^accepted (\d+)\n", cut.said, re.MULTILINE)}


def kept(folder):
    """The batches in a buffer's folder."""

    async def read():
        buffer = disk_buffer(
            folder, BufferLimits(samples=None, size=None), SystemClock(), min_free=0
        )
        await buffer.open()
        chunk = None
        if "sink" in buffer.outputs():
            chunk = await buffer.read("sink", samples=1 << 30, size=1 << 30)
        found = {entry.batch.ts for entry in chunk.entries} if chunk else set()
        await buffer.close()
        return found

    return asyncio.run(read())


def test_what_was_accepted_survives_a_power_cut(feed, trace, tmp_path):
    """With `sync: always`, at any moment, also in the first one and over a start that empties the log."""
    for start in (0, 10**6):
        feeder = feed(
            tmp_path / "disk" / "buffer", environ=trace.environ, first=start, rows=500, min_free=0
        )
        feeder.has(100)
        feeder.end(signal.SIGKILL)
    moments = sorted(random.Random(17).random() for _ in range(CUTS))
    for number, cut in enumerate(trace.cuts(*moments, 1.0)):
        cut.leave(tmp_path / str(number))
        format_file = tmp_path / str(number) / "buffer" / "format"
        assert not format_file.exists() or format_file.read_text().startswith("orbital-sentinel")
        before = accepted(cut)
        assert before <= kept(tmp_path / str(number) / "buffer"), (moments, number)
    assert format_file.exists()
    assert len(before) >= 200


def test_with_an_interval_it_is_on_the_disk_soon(feed, trace, tmp_path):
    """`sync: interval`: what was accepted is synced after it, without another append."""
    feeder = feed(
        tmp_path / "disk" / "buffer", environ=trace.environ, count=30, pause=0.001, min_free=0,
        sync="interval", sync_interval=0.05, stay=True,
    )  # fmt: skip
    feeder.has(30)

    wait_until(lambda: all_there(trace, tmp_path), what="all that was accepted on the disk")
    feeder.end(signal.SIGKILL)


def all_there(trace, tmp_path):
    (cut,) = trace.cuts(1.0)
    target = tmp_path / f"cut{len(list(tmp_path.glob('cut*')))}"
    cut.leave(target)
    return accepted(cut) <= kept(target / "buffer")


PRIVATE = """
import sys
from pathlib import Path
from orbital_sdk.files import write_private
for number in range(3):
    write_private(Path(sys.argv[1]) / "note", [b"accepted %d" % number])
    print("accepted", number, flush=True)
"""


APPENDING = """
import sys
from pathlib import Path
from orbital_writer_file.appending import AppendingFile
file = AppendingFile(Path(sys.argv[1]) / "note", opening=b"{", sync=True)
for number in range(3):
    file.append(b"accepted %d\\n" % number)
    print("accepted", number, flush=True)
"""


@pytest.mark.parametrize("script", [PRIVATE, APPENDING], ids=["private file", "file writer"])
def test_a_file_is_on_the_disk_when_its_writer_says_so(script, trace, tmp_path):
    """At every moment: the last that was promised is there, whole."""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "disk")], env=os.environ | trace.environ, check=True,
        capture_output=True,
    )  # fmt: skip
    assert done.stdout.count(b"accepted") == 3
    for number, cut in enumerate(trace.cuts(*(part / 40 for part in range(41)))):
        cut.leave(tmp_path / str(number))
        note = tmp_path / str(number) / "note"
        if promised := accepted(cut):
            written = re.findall(r"accepted (\d+)", note.read_text())
            assert max(map(int, written)) >= max(promised)
