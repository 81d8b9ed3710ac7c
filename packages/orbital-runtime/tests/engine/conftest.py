"""An engine with one plugin that does as its test says."""

from __future__ import annotations

import logging

import pytest

from orbital_runtime_testing.engine import Fake, Rig
from orbital_runtime_testing.sessions import Lines, SessionRig


@pytest.fixture
def rig():
    rig = Rig(Fake())
    yield rig
    rig.pool.shutdown()


@pytest.fixture(autouse=True)
def _quiet(caplog):
    caplog.set_level(logging.CRITICAL, "orbital")


@pytest.fixture
async def make_rig(caplog):
    """Engines whose plugins have sessions."""
    caplog.set_level(logging.ERROR, "orbital")
    rigs = []

    def make(plugin=None):
        rigs.append(SessionRig(plugin or Lines()))
        return rigs[-1]

    yield make
    for rig in rigs:
        await rig.sessions.end_all(rig.plugin)
        rig.pool.shutdown()
