"""The disk buffer in processes of its own, that are killed, starved of disk and shut out. A sink keeps count.

`ORBITAL_KILLS` sets how often the loop kills (25; 200 take about a minute and a half).
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from orbital_testbench import (
    SILENT,
    SOMEBODY,
    Answer,
    as_root,
    wait_until,
    without_rights,
)

KILLS = int(os.environ.get("ORBITAL_KILLS", "25"))


def test_killed_at_any_moment_refusals_are_letters_once(feed, sink, tmp_path):
    """A server that refuses each seventh batch: all accepted samples are delivered or letters, never both."""
    dice = random.Random(21)
    accepted = []
    for turn in range(KILLS // 2):
        feeder = feed(tmp_path / "buffer", sink.url, first=turn * 10**6, rows=3, refuse=7)
        feeder.has(1)
        time.sleep(dice.random() * 0.3)
        feeder.end(signal.SIGKILL)
        accepted += feeder.accepted
    last = feed(tmp_path / "buffer", sink.url, first=10**9, count=0, refuse=7)
    assert last.end() == 0, last.said
    letters, delivered = Counter(last.letters), set(sink.received)
    assert letters
    assert set(accepted) <= set(letters) | delivered
    assert not set(letters) & delivered
    assert all(number % 7 == 0 for number in letters)
    assert set(letters.values()) == {3}, "a letter is there twice, or is missing"
    assert last.ledger["dead_lettered"] == letters.total()
    assert last.ledger["accepted"] == last.ledger["delivered"] + letters.total()
    assert not last.ledger["waiting"]


def test_killed_at_any_moment_nothing_accepted_is_lost(feed, drained, sink, tmp_path):
    """With sends in flight: all that was accepted arrives, in order; only what was in flight comes twice."""
    dice = random.Random(20)
    accepted, said = [], []
    for turn in range(KILLS):
        feeder = feed(tmp_path / "buffer", sink.url, first=turn * 10**6)
        feeder.has(1)
        time.sleep(dice.random() * 0.3)
        feeder.end(signal.SIGKILL)
        accepted += feeder.accepted
        said += feeder.complaints
    ledger = drained(tmp_path / "buffer", sink)
    arrived = sink.received
    counts = Counter(arrived)
    assert not set(accepted) - set(counts), (ledger, said)
    last = {request.path: json.loads(request.body) for request in sink.whole}  # of each run
    in_flight = {number for body in last.values() for number in body}
    assert {number for number, times in counts.items() if times > 1} <= in_flight
    first_times = list(dict.fromkeys(arrived))
    assert first_times == sorted(first_times)
    assert ledger["accepted"] == ledger["delivered"] == len(counts) * 20
    assert not ledger["dropped"]


def fill(disk):
    """Take the last byte of it; gives the file that did."""
    filler = disk / "filler"
    with filler.open("wb") as file:
        try:
            while True:
                file.write(b"x" * 65536)
                file.flush()
        except OSError:
            pass
    return filler


@pytest.fixture
def disk(mount_disk):
    """A disk of 48 MiB."""
    return mount_disk(48 << 20)


def test_a_full_disk_stops_neither_collecting_nor_delivering(feed, sink, disk):
    """Others fill it while samples come and go: they wait in memory, and go to the disk again after.

    So do dead letters, of which each is there once.
    """
    sink.default = Answer(503)
    feeder = feed(disk / "buffer", sink.url, min_free=4 << 20, pause=0.002, rows=3, refuse=7)
    feeder.has(50)
    filler = fill(disk)
    wait_until(lambda: "cannot be written" in feeder.said or "wait in memory" in feeder.said)
    feeder.has(len(feeder.accepted) + 100)
    sink.default = Answer(200)
    there = len(sink.requests)
    sink.wait_for_requests(there + 3)
    filler.unlink()
    wait_until(lambda: "accepts samples again" in feeder.said)
    feeder.has(len(feeder.accepted) + 50)
    feeder.end(signal.SIGKILL)
    last = feed(disk / "buffer", sink.url, first=10**9, count=0, refuse=7, min_free=4 << 20)
    assert last.end() == 0, last.said
    letters, delivered = Counter(last.letters), set(sink.received)
    assert set(feeder.accepted) <= delivered | set(letters)
    assert set(letters.values()) == {3}
    assert last.ledger["accepted"] == last.ledger["delivered"] + letters.total()


def test_a_full_disk_at_the_start_is_no_end(feed, drained, sink, disk):
    """What was there before is delivered, new samples wait in memory, and all is well when there is room."""
    feeder = feed(disk / "buffer", SILENT, min_free=4 << 20, count=60, drain=False)
    assert feeder.end() == 0
    before = feeder.accepted
    filler = fill(disk)
    feeder = feed(disk / "buffer", sink.url, min_free=4 << 20, first=10**6, pause=0.002)
    feeder.has(100)
    wait_until(lambda: set(before) <= set(sink.received))
    filler.unlink()
    wait_until(lambda: "accepts samples again" in feeder.said)
    feeder.end(signal.SIGKILL)
    ledger = drained(disk / "buffer", sink, min_free=4 << 20)
    arrived = set(sink.received)
    assert set(before + feeder.accepted) <= arrived
    assert ledger["accepted"] == ledger["delivered"]


def test_the_first_start_may_be_on_a_full_disk(feed, drained, sink, disk):
    """Nothing was ever stored: it collects in memory, and the buffer is made when there is room."""
    filler = fill(disk)
    feeder = feed(disk / "buffer", sink.url, min_free=4 << 20, pause=0.002)
    feeder.has(100)
    sink.wait_for_requests(1)
    filler.unlink()
    wait_until(lambda: "accepts samples again" in feeder.said)
    feeder.has(len(feeder.accepted) + 20)
    feeder.end(signal.SIGKILL)
    ledger = drained(disk / "buffer", sink, min_free=4 << 20)
    assert set(feeder.accepted) <= set(sink.received)
    assert ledger["accepted"] == ledger["delivered"]


def test_our_own_samples_leave_room_on_the_disk(feed, disk):
    """A long outage stops at `min_free`: the volume never runs full through us."""
    feeder = feed(disk / "buffer", SILENT, min_free=30 << 20, rows=60_000)
    wait_until(lambda: "wait in memory" in feeder.said)
    feeder.has(len(feeder.accepted) + 20)
    told = os.statvfs(disk)
    assert told.f_bavail * told.f_frsize > 16 << 20
    feeder.end(signal.SIGKILL)


@as_root
def test_a_folder_of_somebody_else_is_refused_in_words(feed):
    """The error names the folder and the setting, and no traceback reaches the user's agent."""
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "buffer").mkdir(mode=0o700)
        os.chown(folder / "buffer", SOMEBODY, SOMEBODY)
        feeder = feed(folder / "buffer", SILENT, wrap=without_rights())
        assert feeder.end() == 1
        assert f"the buffer's folder {folder / 'buffer'} cannot be used by this user" in feeder.said


@as_root
def test_permissions_lost_while_running_are_bridged(feed, drained, sink):
    """New files cannot be made: samples wait in memory, are delivered, and persist when it is ours again."""
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        buffer = folder / "buffer"
        buffer.mkdir(mode=0o700)
        feeder = feed(buffer, sink.url, wrap=without_rights(), rows=5000, pause=0.02)
        feeder.has(20)
        os.chown(buffer / "db", SOMEBODY, SOMEBODY)
        wait_until(lambda: "cannot be written" in feeder.said)
        feeder.has(len(feeder.accepted) + 20)
        os.chown(buffer / "db", 0, 0)
        wait_until(lambda: "accepts samples again" in feeder.said)
        feeder.end(signal.SIGKILL)
        ledger = drained(buffer, sink, wrap=without_rights())
        assert set(feeder.accepted) <= set(sink.received)
        assert ledger["accepted"] == ledger["delivered"]


def test_a_second_process_is_told_who_has_it(feed, tmp_path):
    """And the first one is not disturbed."""
    first = feed(tmp_path / "buffer", SILENT, pause=0.01)
    first.has(5)
    second = feed(tmp_path / "buffer", SILENT)
    assert second.end() == 1
    assert f"in use by another process (pid {first.process.pid})" in second.said
    first.has(len(first.accepted) + 5)
    first.end(signal.SIGKILL)
    third = feed(tmp_path / "buffer", SILENT, count=1, drain=False)
    assert third.end() == 0


def agent_settings(sentinel, url):
    return {
        "buffer": {"type": "disk", "disk_path": str(sentinel.folder / "buffer")},
        "sender": {
            "mode": "direct",
            "retry_interval": "50ms",
            "retry_max_interval": "200ms",
            "breaker": {"failures": 1000},
            "direct": {"prometheus": {"url": url, "flush_interval": "0s"}},
        },
        "tasks": [
            {
                "id": "p",
                "plugin": "ping",
                "interval": "200ms",
                "config": {"host": "127.0.0.1", "count": 1},
            }
        ],
    }


def test_the_agent_keeps_its_samples_over_a_kill(sentinel, sink):
    """An agent that was killed during an outage delivers it all after the next start."""
    sink.default = Answer(503)
    sentinel.configure(**agent_settings(sentinel, sink.url))
    sentinel.start("--config", "config.yaml")
    wait_until(lambda: sentinel.account("prometheus").get("accepted", 0) >= 20)
    before = sentinel.account("prometheus")["accepted"]
    sentinel.end(signal.SIGKILL)
    sink.default = Answer(204)
    sentinel.start("--config", "config.yaml")
    wait_until(lambda: sentinel.account("prometheus").get("delivered", 0) >= before)
    ledger = sentinel.account("prometheus")
    assert ledger["accepted"] >= before
    assert not any(ledger["dropped"].values())
    assert sentinel.end() == 0


def test_a_buffer_in_use_ends_the_start_with_a_sentence(sentinel, feed):
    """Exit code 1, and who has it."""
    first = feed(sentinel.folder / "buffer", SILENT, pause=0.05)
    first.has(1)
    sentinel.configure(**agent_settings(sentinel, SILENT))
    done = sentinel.command("start", "--config", "config.yaml")
    assert done.returncode == 1
    assert f"in use by another process (pid {first.process.pid})" in done.stderr
    assert "Traceback" not in done.stderr
