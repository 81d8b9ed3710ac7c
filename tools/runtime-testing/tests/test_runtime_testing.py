"""The stand-ins notice what they are there to notice."""

from __future__ import annotations

import asyncio

import pytest

from orbital_runtime_testing.runs import Runs, make_task, settle


async def test_runs_notices_a_task_that_overlaps_itself():
    """The scheduler's first promise is checked at every run of every test."""
    runs = Runs()
    runs.hold = True
    first = asyncio.ensure_future(runs(make_task(), lambda: None))
    await settle()
    with pytest.raises(AssertionError, match="t overlaps itself"):
        await runs(make_task(), lambda: None)
    first.cancel()
