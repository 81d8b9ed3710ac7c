"""A wall clock that is wrong for a while, as that of a machine without a battery after a start."""

from __future__ import annotations

from pathlib import Path

import pytest

from orbital_testbench import Answer, MissingProgramError, find_program, wait_until
from orbital_testbench.programs import skip_or_fail

TASK = {"id": "here", "plugin": "ping", "interval": "1s", "config": {"host": "127.0.0.1"}}
FILE = {"path": "out.jsonl", "flush_interval": "100ms"}


@pytest.fixture
def ahead() -> dict[str, str]:
    """The environment of a process whose wall clock is 40 days ahead, and whose steady one is not."""
    try:
        find_program("faketime", "faketime")
    except MissingProgramError as error:
        skip_or_fail(error)
    library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    return {"LD_PRELOAD": str(library), "FAKETIME": "+40d", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def test_what_waits_for_a_removed_output_outlives_a_wrong_clock(sentinel, hostile_server, ahead):
    """`orphan_age` is a week; a start 40 days in the future drops nothing of what is minutes old."""
    hostile_server.default = Answer(503)
    away = {"writer": "prometheus", "url": hostile_server.url}
    buffer = {"type": "disk"}
    sentinel.configure(buffer=buffer, sender={"direct": {"file": FILE, "away": away}}, tasks=[TASK])
    sentinel.start()
    wait_until(lambda: sentinel.account("away").get("waiting"))
    sentinel.configure(buffer=buffer, sender={"direct": {"file": FILE}}, tasks=[TASK])
    wait_until(lambda: orphaned(sentinel))
    waits = sentinel.account("away")["waiting"]
    sentinel.end()
    sentinel.start(**ahead)
    wait_until(lambda: sentinel.status()["tasks"]["success"] >= 2)
    assert orphaned(sentinel)
    assert sentinel.account("away")["waiting"] == waits
    sentinel.end()


def orphaned(sentinel) -> list[str]:
    return [one["name"] for one in sentinel.status()["outputs"] if one["phase"] == "orphaned"]
