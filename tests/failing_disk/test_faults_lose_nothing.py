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
from contextlib import ExitStack, contextmanager
from itertools import product
from pathlib import Path

import pytest

from orbital_testbench import Answer, CutAnswer, CutConnection, Fault, NumberSink, wait_until

from .conftest import FAST, PATIENT, adds_up, well

SECONDS = float(os.environ.get("ORBITAL_FAULT_SECONDS", "0.4"))
KILLS = int(os.environ.get("ORBITAL_KILLS", "4"))
TRIES = int(os.environ.get("ORBITAL_FAULT_TRIES", "0"))
ERRORS = (errno.EIO, errno.EDQUOT, errno.EFBIG, errno.ESTALE, errno.ENOMEM)
CALLS = ("open", "read", "write", "fsync")
EACH = list(product(CALLS, ERRORS))


@pytest.mark.parametrize("over", [True, False], ids=["it is over", "killed meanwhile"])
def test_what_is_accepted_while_a_write_is_tried_again_is_on_the_disk(
    over, feed, drained, sink, faults, tmp_path
):
    """A fault of a moment: an append waits until its write went through, so that a kill takes nothing of it,
    and nothing is in memory alone.
    """
    feeder = feed(
        tmp_path / "buffer", environ=faults.environ, rows=50, **PATIENT | {"retry": 600.0}
    )
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
    options = PATIENT | {"retry": 600.0}
    feeder = feed(tmp_path / "buffer", environ=faults.environ, first=10**8, rows=50, **options)
    wait_until(lambda: faults.count("write") >= 8, what="many tries")
    feeder.end(signal.SIGKILL)
    assert not feeder.accepted
    faults.clear()
    ledger = drained(tmp_path / "buffer", sink)
    assert set(before) <= set(sink.received)
    assert not ledger["dropped"]
    adds_up(ledger, before, doubtful=3)


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
