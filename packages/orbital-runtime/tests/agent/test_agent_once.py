"""`run --once`: each task once, everything delivered, and no longer than something arrives."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest

from orbital_runtime.agent import Agent, State
from orbital_runtime.agent.once import once
from orbital_runtime.model import Status
from orbital_runtime.plugins.registry import Registry
from orbital_runtime.settings import load
from orbital_sdk import WriterUnavailable

from .test_agent import Hanging, Recorder, Steady, write

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from orbital_sdk import Plugin


@pytest.fixture(autouse=True)
def fresh():
    Recorder.made.clear()


def agent(
    folder: Path,
    writer: type[Recorder],
    tasks: dict[str, str],
    *,
    plugins: Sequence[type[Plugin]] = (Steady, Hanging),
    sender: dict[str, Any] | None = None,
    **sections: Any,
) -> Agent:
    """One with these tasks (id -> plugin) and one output."""
    environ = {"XDG_DATA_HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
    registry = Registry.of(plugins=plugins, writers=[writer])
    one = {"direct": {"one": {"writer": "recording"}}, **(sender or {})}
    write(folder, tasks, sender=one, **sections)
    loaded = load(folder / "config.yaml", environ, registry=registry)
    return Agent(loaded, registry, environ=environ)


async def test_once_runs_every_task_and_delivers_before_it_ends(tmp_path):
    """`run --once`: one run each, hung ones by their timeout, everything delivered at return."""
    tasks = {"a": "steady", "b": "hanging"}
    one = agent(tmp_path, Recorder, tasks, collector={"max_execution_time": "1s"})
    told: list[str] = []
    runs, _ = await once(one, lambda task, run: told.append(task.id))
    assert {task.id: run.status for task, run in runs} == {
        "a": Status.SUCCESS, "b": Status.FAILED,
    }  # fmt: skip
    assert told == ["a", "b"]
    (writer,) = Recorder.made
    assert writer.values("up", device_id="a") == [1.0]
    assert writer.values("up", device_id="b") == [0.0]
    assert one.state is State.STOPPED


async def test_once_names_who_holds_it(tmp_path, caplog):
    """A task that computes is named while all the others wait for it, as in an agent that stays."""

    class Spinning(Steady):
        name = "spinning"

        async def collect(self, device, ctx):
            end = time.monotonic() + 30
            while not one.stations.watchdog.holds and time.monotonic() < end:
                pass
            yield self.value(1.0)

    one = agent(tmp_path, Recorder, {"a": "spinning", "b": "steady"}, plugins=[Spinning, Steady])
    runs, _ = await once(one)
    assert one.stations.scheduler.totals.runs == 2
    assert [task.id for task, _ in runs] == ["a", "b"]
    assert one.stations.watchdog.holds["spinning"] == 1
    assert "plugin 'spinning', task 'a', blocks the event loop" in caplog.text


async def test_once_goes_on_while_anything_arrives(tmp_path):
    """What an output takes slowly it is given wholly, for more seconds than patience has."""

    class Slow(Recorder):
        async def write(self, batches, attempt):
            await asyncio.sleep(0.25)  # the network's own time
            return await super().write(batches, attempt)

    one = agent(tmp_path, Slow, dict.fromkeys("abcdefghijkl", "steady"), sender={"batch_size": 1})
    _, undelivered = await once(one, patience=1.5)  # all of it takes three
    assert undelivered == []
    assert len(Recorder.made[0].values("steady_value")) == 12


async def test_once_waits_for_a_large_request_that_is_on_its_way(tmp_path):
    """All of a large device goes out in one request, which takes longer than patience: there is no hurry."""

    class Large(Recorder):
        async def write(self, batches, attempt):
            await asyncio.sleep(1.0)  # the network's own time
            return await super().write(batches, attempt)

    one = agent(tmp_path, Large, {"a": "steady"})
    _, undelivered = await once(one, patience=0.1)
    assert undelivered == []
    assert len(Recorder.made[0].values("steady_value")) == 1


async def test_once_gives_up_where_requests_fail_again_and_again(tmp_path):
    """A destination that takes each request and never answers costs one time-out, and is told."""

    class Silent(Recorder):
        async def write(self, batches, attempt):
            await asyncio.Event().wait()

    one = agent(tmp_path, Silent, {"a": "steady"}, sender={"timeout": "500ms"})
    _, undelivered = await asyncio.wait_for(once(one, patience=0.1), timeout=60)
    assert len(undelivered) == 1


async def test_once_gives_up_where_nothing_arrives(tmp_path):
    """A dead output costs the patience, and is told."""

    class Dead(Recorder):
        async def write(self, batches, attempt):
            raise WriterUnavailable("connection refused")

    one = agent(tmp_path, Dead, {"a": "steady"})
    _, undelivered = await once(one, patience=0.2)
    (told,) = undelivered
    assert told.endswith("samples were not delivered to output one")
