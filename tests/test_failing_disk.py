"""A disk that fails under a running agent's buffer, or at its start: nothing that is on it is thrown away.

`ORBITAL_FAULT_SECONDS` is how long each fault lasts (0.4), `ORBITAL_FAULT_TRIES` how often one comes at run
time (20) and at a start (8).
"""

from __future__ import annotations

import errno
import os
import random
import resource
import shutil
import signal
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from itertools import product
from pathlib import Path

import pytest

from orbital_buffer.inspection.sources.directory import Directory
from orbital_buffer.model.limits import BufferLimits
from orbital_runtime_testing.buffer.images import verified
from orbital_testbench import (
    Answer,
    CutAnswer,
    CutConnection,
    DiskFaults,
    Fault,
    Feeder,
    NumberSink,
    wait_until,
)  # fmt: skip

FEEDER = Path(__file__).parent / "data" / "disk_feeder.py"
SECONDS = float(os.environ.get("ORBITAL_FAULT_SECONDS", "0.4"))
KILLS = int(os.environ.get("ORBITAL_KILLS", "4"))
TRIES = int(os.environ.get("ORBITAL_FAULT_TRIES", "0"))
ERRORS = (errno.EIO, errno.EDQUOT, errno.EFBIG, errno.ESTALE, errno.ENOMEM)
CALLS = ("open", "read", "write", "fsync")
EACH = list(product(CALLS, ERRORS))
PATIENT = {"tick": 0.02, "min_free": 0}
"""The upkeep looks often, so that a fault of a moment is met by many tries."""
FAST = {**PATIENT, "retry": 0.05}
"""New samples wait in memory soon, as with a fault that lasts."""


@pytest.fixture
def faults(tmp_path):
    with DiskFaults(tmp_path / "faults", beneath=tmp_path / "buffer") as made:
        yield made


@pytest.mark.parametrize("over", [True, False], ids=["it is over", "killed meanwhile"])
def test_what_is_accepted_while_a_write_is_tried_again_is_on_the_disk(
    over, feed, drained, sink, faults, tmp_path
):
    """A fault of a moment: an append waits until its write went through, so that a kill takes nothing of it,
    and nothing is in memory alone.
    """
    feeder = feed(tmp_path / "buffer", environ=faults.environ, rows=50, **PATIENT | {"retry": 60.0})
    feeder.has(20)
    faults.set(Fault("write", errno.EIO))
    wait_until(lambda: faults.count("write") >= 8, what="many tries")
    if over:
        faults.clear()
        feeder.has(len(feeder.accepted) + 20)
    feeder.end(signal.SIGKILL)
    faults.clear()
    ledger = drained(tmp_path / "buffer", sink)
    assert not set(feeder.accepted) - set(sink.received)
    assert not ledger["dropped"]
    adds_up(ledger, feeder.accepted)
    assert "wait in memory" not in feeder.said


def test_nothing_is_accepted_before_a_database_that_is_about_to_open(
    image, feed, drained, sink, faults, tmp_path
):
    """A start on a disk that fails for a moment waits for it: a kill meanwhile takes nothing."""
    folder, before = image
    shutil.copytree(folder, tmp_path / "buffer")
    faults.set(Fault("write", errno.EIO))
    options = PATIENT | {"retry": 60.0}
    feeder = feed(tmp_path / "buffer", environ=faults.environ, first=10**8, rows=50, **options)
    wait_until(lambda: faults.count("write") >= 8, what="many tries")
    feeder.end(signal.SIGKILL)
    assert not feeder.accepted
    faults.clear()
    ledger = drained(tmp_path / "buffer", sink)
    assert set(before) <= set(sink.received)
    assert not ledger["dropped"]
    adds_up(ledger, before, doubtful=3)


def well(feeder):
    """Whether it said that its trouble is over, or had none."""
    return feeder.said.rfind("wait in memory") <= feeder.said.rfind("takes samples again")


def databases(tmp_path):
    """The ones that were set aside."""
    return list((tmp_path / "buffer" / "quarantine").glob("*-database"))


def test_a_fault_at_run_time_loses_nothing_that_is_on_disk(feed, drained, sink, faults, tmp_path):
    """Any errno of any call, one after the other: samples wait in memory meanwhile, and all of it arrives."""
    pace = SECONDS / 200  # long faults shall not make more than can be delivered afterwards
    feeder = feed(tmp_path / "buffer", environ=faults.environ, rows=50, pause=pace, **FAST)
    for call, error in random.Random(13).choices(EACH, k=TRIES) if TRIES else EACH:
        feeder.has(len(feeder.accepted) + 20)
        faults.set(Fault(call, error))
        time.sleep(SECONDS)
        feeder.has(len(feeder.accepted) + 5)
        faults.clear()
    wait_until(lambda: well(feeder), what="an end of the trouble")
    feeder.has(len(feeder.accepted) + 50)
    feeder.end(signal.SIGKILL)
    ledger = drained(tmp_path / "buffer", sink)
    assert not set(feeder.accepted) - set(sink.received), (ledger, feeder.complaints)
    assert not ledger["dropped"]
    assert not databases(tmp_path)


STARTS = [(call, error, 0) for call, error in EACH] + [
    (call, errno.EIO, times) for call in CALLS for times in (1, 3)
]
FEW = STARTS[:: len(STARTS) // 8]


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """A buffer with tables and a log, as a kill left it, and the numbers that are in it."""
    folder, numbers = tmp_path_factory.mktemp("image") / "buffer", []
    for run in range(3):
        feeder = Feeder(FEEDER, folder, first=run * 10**6, rows=50, drain=False, min_free=0)
        feeder.has(100)
        feeder.end(signal.SIGKILL)
        numbers += feeder.accepted
    return folder, numbers


@pytest.mark.parametrize(
    ("call", "error", "times"), random.Random(14).choices(STARTS, k=TRIES) if TRIES else FEW
)
def test_a_fault_at_the_start_loses_nothing_that_is_on_disk(
    call, error, times, image, feed, drained, sink, faults, tmp_path
):
    """It starts, collects in memory, tries again, and has what was there as soon as the disk gives it."""
    folder, before = image
    shutil.copytree(folder, tmp_path / "buffer")
    faults.set(Fault(call, error, times=times))
    feeder = feed(tmp_path / "buffer", environ=faults.environ, first=10**8, pause=0.002, **FAST)
    feeder.has(10)
    time.sleep(SECONDS)
    feeder.has(len(feeder.accepted) + 10)
    faults.clear()
    feeder.has(len(feeder.accepted) + 10)
    wait_until(lambda: well(feeder), what="an end of the trouble")
    feeder.end(signal.SIGKILL)
    ledger = drained(tmp_path / "buffer", sink)
    assert not {*before, *feeder.accepted} - set(sink.received), (ledger, feeder.complaints)
    assert not ledger["dropped"]
    assert not databases(tmp_path)


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


FULL = Fault("write", errno.ENOSPC, match="*/buffer/db/*")
"""Nothing new has room; what a file has already can be written over."""


NOTHING = Fault("write", errno.EIO)
"""Not even the note beside the database can be written."""
DEAF = Fault("write", errno.EIO, delay=30.0)
"""It does not even answer."""


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


def adds_up(ledger, accepted, rows=50, doubtful=1):
    """To the sample, but for batches that were on their way when a kill came."""
    assert ledger["accepted"] - rows * len(accepted) in range(0, rows * doubtful + 1, rows), ledger
    assert ledger["accepted"] == ledger["delivered"] + sum(ledger["dropped"].values())


def test_a_limit_on_the_size_of_files_loses_nothing(feed, drained, sink, tmp_path):
    """`prlimit --fsize=4096` on a running process, as a full quota: it lives, waits, and has it all after."""
    feeder = feed(tmp_path / "buffer", rows=50, pause=0.002, **FAST)
    feeder.has(30)
    pid = feeder.process.pid
    for one in (pid, *children(pid)):
        resource.prlimit(one, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
    feeder.says("cannot be written")
    time.sleep(SECONDS)
    feeder.has(len(feeder.accepted) + 20)
    for one in (pid, *children(pid)):
        resource.prlimit(one, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    wait_until(lambda: well(feeder), what="an end of the trouble")
    feeder.end(signal.SIGKILL)
    ledger = drained(tmp_path / "buffer", sink)
    assert not set(feeder.accepted) - set(sink.received)
    assert not ledger["dropped"]
    assert not databases(tmp_path)


def children(pid):
    """Of any thread of a process, such as the one that has the database open."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for one in lists for child in one.read_text().split()]


@contextmanager
def flapping(sinks):
    """Each goes away in a manner of its own and comes back, in its own rhythm; at the end all are there."""
    over = threading.Event()

    def flap(sink, away, seconds):
        while not over.wait(seconds):
            sink.default = away if sink.default == Answer(200) else Answer(200)
        sink.default = Answer(200)

    manners = zip(sinks, (Answer(503), CutConnection(), CutAnswer(), Answer(429)), strict=True)
    threads = [
        threading.Thread(target=flap, args=(sink, away, 0.07 + 0.06 * number))
        for number, (sink, away) in enumerate(manners)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_kills_while_one_write_in_fifty_fails(feed, drained, sink, faults, tmp_path):
    """`ORBITAL_KILLS` times (4), with four outputs that flap: each has all that was accepted."""
    faults.set(Fault("write", errno.EIO, every=50))
    dice, accepted = random.Random(50), []
    with ExitStack() as stack:
        sinks = [sink, *(stack.enter_context(NumberSink()) for _ in range(3))]
        others = [other.url for other in sinks[1:]]
        with flapping(sinks):
            for turn in range(KILLS):
                feeder = feed(
                    tmp_path / "buffer", sink.url, others=others, environ=faults.environ,
                    first=turn * 10**6, rows=5, **PATIENT,
                )  # fmt: skip
                feeder.has(5)
                time.sleep(dice.random() * 0.2)
                feeder.end(signal.SIGKILL)
                accepted += feeder.accepted
        faults.clear()
        ledger = drained(tmp_path / "buffer", sink, others=others)
        for told, one in zip((ledger, *ledger["others"]), sinks, strict=True):
            assert not set(accepted) - set(one.received)
            assert not told["dropped"]
            adds_up(told, accepted, rows=5, doubtful=KILLS)
    assert not databases(tmp_path)
