"""Shared by the tests of this package: programs as tasks run them."""

from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from orbital_plugin_exec import Exec
from orbital_sdk.testing import Runs
from orbital_sdk.testing.collection import as_model

PROGRAMS = Path(__file__).parent / "programs"


@pytest.fixture
def programs():
    """The folder of programs in users' style."""
    return PROGRAMS


@pytest.fixture
def run():
    """Runs a program once: what it gave, and what was raised."""

    async def once(
        *command,
        timeout=10.0,  # noqa: ASYNC109 (of the task)
        environment=None,
        folder=None,
        memory=0,
        plugin=Exec,
        **config,
    ):
        fields = {
            "command": list(command), "environment": environment or {}, "folder": folder,
            "memory": memory,
        }  # fmt: skip
        async with running(plugin, fields, config) as runs:
            return await runs.collect(timeout)

    return once


@asynccontextmanager
async def running(plugin, fields, config=None):
    """Runs of one device."""
    made = plugin(as_model(plugin.config_model, config or {}))
    runs = Runs(made, as_model(plugin.device_model, fields))
    await made.start(runs.host)
    try:
        yield runs
    finally:
        await runs.close()
        await made.stop()


@pytest.fixture
def told():
    """Name, labels, value and time of each sample."""

    def of(samples):
        return {
            (
                s.series.metric.name,
                *zip(s.series.metric.labels, s.series.values, strict=True),
                s.value,
                s.ts,
            )
            for s in samples
        }

    return of
