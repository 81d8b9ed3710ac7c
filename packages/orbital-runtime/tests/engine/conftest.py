"""An engine with one plugin that does as its test says."""

from __future__ import annotations

import logging

import pytest

from orbital_runtime_testing.engine import Fake, Rig


@pytest.fixture
def rig():
    rig = Rig(Fake())
    yield rig
    rig.pool.shutdown()


@pytest.fixture(autouse=True)
def _quiet(caplog):
    caplog.set_level(logging.CRITICAL, "orbital")
