"""A buffer beneath a disk that fails as it is told, and what is said of its books."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from orbital_testbench import DiskFaults, Feeder

FEEDER = Path(__file__).parents[1] / "data" / "disk_feeder.py"
PATIENT = {"tick": 0.02, "min_free": 0}
"""The upkeep looks often, so that a fault of a moment is met by many tries."""
FAST = {**PATIENT, "retry": 0.05}
"""New samples wait in memory soon, as with a fault that lasts."""


@pytest.fixture
def faults(tmp_path):
    """Decides what happens to calls beneath the buffer's folder."""
    with DiskFaults(tmp_path / "faults", beneath=tmp_path / "buffer") as made:
        yield made


@pytest.fixture(scope="session")
def image(tmp_path_factory):
    """A buffer with tables and a log, as a kill left it, and the numbers that are in it."""
    folder, numbers = tmp_path_factory.mktemp("image") / "buffer", []
    for run in range(3):
        feeder = Feeder(FEEDER, folder, first=run * 10**6, rows=50, drain=False, min_free=0)
        feeder.has(100)
        feeder.end(signal.SIGKILL)
        numbers += feeder.accepted
    return folder, numbers


def adds_up(ledger, accepted, rows=50, doubtful=1):
    """To the sample, but for batches that were on their way when a kill came."""
    assert ledger["accepted"] - rows * len(accepted) in range(0, rows * doubtful + 1, rows), ledger
    assert ledger["accepted"] == ledger["delivered"] + sum(ledger["dropped"].values())


def well(feeder):
    """Whether it said that its trouble is over, or had none."""
    return feeder.said.rfind("wait in memory") <= feeder.said.rfind("accepts samples again")
