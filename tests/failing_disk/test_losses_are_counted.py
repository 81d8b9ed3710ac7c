"""What a failing disk takes with it, for good or at a kill or a stop, is in the ledger to the sample."""

from __future__ import annotations

import errno
import shutil
import signal
from contextlib import suppress

import pytest

from orbital_buffer.inspection.sources.directory import Directory
from orbital_buffer.model.limits import BufferLimits
from orbital_runtime_testing.buffer.images import verified
from orbital_testbench import Answer, Fault, wait_until

from .conftest import FAST, adds_up, well

FULL = Fault("write", errno.ENOSPC, match="*/buffer/db/*")
"""Nothing new has room; what a file has already can be written over."""
NOTHING = Fault("write", errno.EIO)
"""Not even the note beside the database can be written."""
DEAF = Fault("write", errno.EIO, delay=30.0)
"""It does not even answer."""


def unreadable(faults, tmp_path):
    """Lose a sector in the middle of the largest table; gives its name."""
    table = max((tmp_path / "buffer/db").glob("*.sst"), key=lambda file: file.stat().st_size)
    middle = table.stat().st_size // 2
    faults.set(Fault("read", errno.EIO, match=f"*/{table.name}", place=(middle, middle + 512)))
    return table.name


@pytest.mark.parametrize("already", [True, False], ids=["at the start", "at run time"])
def test_an_unreadable_sector_costs_what_is_in_it(
    already, image, feed, drained, sink, faults, tmp_path
):
    """A sector that is lost for good: the rest arrives, and what comes new; its samples are counted, and the
    log names the disk and the file.
    """
    folder, before = image
    shutil.copytree(folder, tmp_path / "buffer")
    options = {"environ": faults.environ, "pause": 0.01, "patience": 0.3, **FAST}
    sink.default = Answer(503)
    if already:
        table = unreadable(faults, tmp_path)
    feeder = feed(tmp_path / "buffer", sink.url, first=10**8, **options)
    feeder.has(20)
    if not already:
        table = unreadable(faults, tmp_path)
    sink.default = Answer(200)
    feeder.says("damaged")
    feeder.has(len(feeder.accepted) + 5)  # the count of it is on the disk with these
    wait_until(
        lambda: (
            feeder.accepted
            and max(sink.received, default=0) > feeder.accepted[0] + 10
            and well(feeder)
        ),
        what="fresh samples, with nothing in memory alone",
    )
    feeder.end(signal.SIGKILL)
    faults.clear()
    ledger = drained(tmp_path / "buffer", sink)
    lost = {*before, *feeder.accepted} - set(sink.received)
    assert 0 < len(lost) < 40, (ledger, feeder.said)
    assert ledger["dropped"] == {"quarantined": 50 * len(lost)}
    assert ledger["accepted"] == ledger["delivered"] + 50 * len(lost)
    assert f"{table}: Input/output error" in feeder.said


@pytest.mark.parametrize("fault", [FULL, NOTHING, DEAF], ids=["full", "no write", "no answer"])
@pytest.mark.parametrize("end", ["kill", "stop"])
def test_what_a_failing_disk_takes_with_it_is_counted(
    end, fault, feed, drained, sink, faults, tmp_path
):
    """Killed or stopped while samples wait in memory only: each is in the ledger after the next start, and
    `verify` counts it before.
    """
    feeder = feed(
        tmp_path / "buffer", environ=faults.environ, rows=50, count=200 if end == "stop" else 10**9,
        drain=False, pause=0.005, **FAST,
    )  # fmt: skip
    feeder.has(30)
    faults.set(fault)
    feeder.has(200 if end == "stop" else 90)
    feeder.end(signal.SIGKILL if end == "kill" else None)
    faults.clear()
    verdict = looked_through(tmp_path / "buffer")
    ledger = drained(tmp_path / "buffer", sink)
    lost = set(feeder.accepted) - set(sink.received)
    assert len(lost) > 30
    adds_up(ledger, feeder.accepted)
    assert set(ledger["dropped"]) == {"unsaved" if end == "kill" else "stopped"}
    assert verdict.findings == []
    assert verdict.outputs[0].dropped == ledger["dropped"]


def looked_through(folder):
    """What `sentinel buffer verify` says of it."""
    with Directory(folder, BufferLimits(samples=None, size=None)) as directory:
        return verified(directory)


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_what_waits_for_a_database_that_never_opened_is_counted(
    end, image, feed, drained, sink, faults, tmp_path
):
    """Two starts on a disk that fails: what they lost is counted on top of what is on the disk, once."""
    folder, before = image
    shutil.copytree(folder, tmp_path / "buffer")
    faults.set(Fault("open", errno.EIO, match="*/buffer/db/*"))
    collected = []
    for start in (1, 2):
        feeder = feed(
            tmp_path / "buffer", environ=faults.environ, first=start * 10**8, rows=50, drain=False,
            count=50 if end == "stop" else 10**9, pause=0.005, **FAST,
        )  # fmt: skip
        feeder.has(50)
        feeder.end(signal.SIGKILL if end == "kill" else None)
        collected += feeder.accepted
    faults.clear()
    ledger = drained(tmp_path / "buffer", sink)
    assert set(before) <= set(sink.received)
    adds_up(ledger, before + collected, doubtful=5)
    assert not set(collected) & set(sink.received)
    assert set(ledger["dropped"]) == {"unsaved" if end == "kill" else "stopped"}
    again = drained(tmp_path / "buffer", sink)
    assert again == ledger, "it is counted once"


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_a_disk_that_is_really_full_takes_nothing_uncounted(end, mount_disk, feed, drained, sink):
    """Others take the last byte, with `min_free: 8MiB`: what a stop or kill takes is in the ledger."""
    disk = mount_disk(48 << 20)
    feeder = feed(
        disk / "buffer", min_free=8 << 20, rows=50, tick=0.02, drain=False, pause=0.005,
        count=200 if end == "stop" else 10**9,
    )  # fmt: skip
    feeder.has(30)
    with (disk / "filler").open("wb", buffering=0) as filler, suppress(OSError):
        while filler.write(bytes(4096)):
            pass
    feeder.says("wait in memory")
    feeder.has(200 if end == "stop" else len(feeder.accepted) + 60)
    feeder.end(signal.SIGKILL if end == "kill" else None)
    (disk / "filler").unlink()
    ledger = drained(disk / "buffer", sink)
    adds_up(ledger, feeder.accepted)
    lost = set(feeder.accepted) - set(sink.received)
    assert lost or end == "stop"
    assert sum(ledger["dropped"].values()) - 50 * len(lost) in (0, 50)
    assert set(ledger["dropped"]) <= {"unsaved" if end == "kill" else "stopped"}


def test_nothing_is_dropped_from_a_buffer_that_does_not_open(image, sentinel, faults, tmp_path):
    """`sentinel buffer drop` while the disk takes nothing: a sentence, and it is all there afterwards."""
    shutil.copytree(image[0], tmp_path / "buffer")
    sentinel.configure(
        buffer={"type": "disk", "disk_path": str(tmp_path / "buffer"), "min_free": 0}
    )
    before = kept(sentinel)
    drop = ("buffer", "drop", "--output", "sink", "--yes")
    faults.set(Fault("write", errno.EIO))
    refused = sentinel.command(*drop, **faults.environ)
    faults.clear()
    assert refused.returncode == 1
    assert "does not open now, and nothing was changed: " in refused.stderr
    assert "Input/output error" in refused.stderr
    assert kept(sentinel) == before
    assert sentinel.command(*drop).returncode == 0


def kept(sentinel):
    """What each output needs of the buffer, and its ledger."""
    outputs = sentinel.json("buffer", "status")["outputs"]
    return [{key: book[key] for key in book if not key.endswith("age")} for book in outputs]
