"""A clock and runs that the tests hold in their hands."""

from __future__ import annotations

import pytest

from orbital_runtime.clock import ManualClock
from orbital_runtime_testing.runs import Runs


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def runs():
    return Runs()
