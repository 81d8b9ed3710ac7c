"""The API: what it tells about tasks, outputs and plugins, and what only the owner may do with it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from orbital_runtime.settings.problem import SettingsError
from orbital_runtime.telemetry.api import views
from orbital_runtime_testing.asking import Unix, ask, tcp
from orbital_sdk import WriterMisconfigured
from orbital_sdk.problems import Problem

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("route", ["stop", "reload", "tasks/good/run"])
async def test_only_the_owner_may_act(world, path: Path, route: str):
    """What changes something needs the token over TCP, on the owner's socket it does not."""
    async with world.serving(path) as telemetry:
        assert (await ask(tcp(telemetry), f"/api/v1/{route}", "POST")).status == 401
        assert world.stops == 0
        assert world.scheduler.totals.runs == 0
        assert (await ask(Unix(path), f"/api/v1/{route}", "POST")).status < 300
        assert (await ask(Unix(path), f"/api/v1/{route}", "GET")).status == 405


async def test_stop_and_reload(world, path: Path):
    """Stop is passed on, reload tells what changed, and a bad configuration tells every problem."""
    async with world.serving(path):
        await ask(Unix(path), "/api/v1/stop", "POST")
        assert world.stops == 1
        world.changes = ["tasks.web.interval: 30s -> 1m"]
        assert (await ask(Unix(path), "/api/v1/reload", "POST")).data["changes"] == world.changes
        world.changes = SettingsError([Problem("unknown key", ("sendr",)), Problem("is missing")])
        reply = await ask(Unix(path), "/api/v1/reload", "POST")
        assert reply.status == 422
        assert len(reply.data["problems"]) == 2


async def test_trigger_runs_now_and_answers_with_the_run(world, path: Path):
    """A triggered task runs at once; an unknown one is a 404 that says where to look."""
    async with world.serving(path):
        run = (await ask(Unix(path), "/api/v1/tasks/good/run", "POST")).data
        assert run["status"] == "success"
        assert run["samples"] == 2
        failed = (await ask(Unix(path), "/api/v1/tasks/down/run", "POST")).data
        assert failed["error"] == "nobody answers at down"
        world.add_task("with/slash and space")
        await world.instances.acquire(world.tasks["with/slash and space"])
        odd = await ask(Unix(path), "/api/v1/tasks/with%2Fslash%20and%20space/run", "POST")
        assert odd.data["status"] == "success"
        unknown = await ask(Unix(path), "/api/v1/tasks/nope/run", "POST")
        assert unknown.status == 404
        assert "nope" in unknown.data["error"]


async def test_tasks_come_in_pages(world, path: Path):
    """However many tasks there are, an answer stays bounded; filters choose among them."""
    world.add_tasks(30)
    await world.run("down")
    async with world.serving(path):
        page = (await ask(Unix(path), "/api/v1/tasks?limit=10&offset=25")).data
        assert page["total"] == 32
        assert len(page["tasks"]) == 7
        failed = (await ask(Unix(path), "/api/v1/tasks?status=failed")).data["tasks"]
        assert [task["id"] for task in failed] == ["down"]
        assert failed[0]["error_kind"] == "DeviceUnreachable"
        assert failed[0]["up"] is False
        both = (await ask(Unix(path), "/api/v1/tasks?status=failed&device_id=good")).data["tasks"]
        assert both == []  # each filter has to fit
        bad = await ask(Unix(path), "/api/v1/tasks?limit=all")
        assert bad.status == 400
        assert "limit" in bad.data["error"]


async def test_a_long_page_lets_others_in(world):
    """Runs go on while thousands of tasks are looked at; what goes meanwhile is left out without an error."""
    world.add_tasks(8000)
    leaving = [f"more-{number}" for number in range(8000)]

    async def others() -> None:
        while leaving:
            world.scheduler.remove([leaving.pop()])
            await asyncio.sleep(0)

    other = asyncio.create_task(others())
    page = await views.tasks(world.sources, limit=10_000, wanted={"plugin": "probe"})
    assert len(leaving) < 8000
    assert len(leaving) + 2 <= len(page["tasks"]) <= page["total"] <= 8002
    leaving.clear()
    await other


async def test_ledger_and_outputs(world, path: Path):
    """Each output's ledger adds up, and an output that was removed stays visible while samples wait."""
    world.writer.always(WriterMisconfigured("401"))
    await world.run("good")
    await world.settled(waiting=True)
    await world.add_output("other")
    await world.sender.remove("store")
    async with world.serving(path):
        ledger = (await ask(Unix(path), "/api/v1/ledger")).data["store"]
        assert ledger == {
            "accepted": 8, "delivered": 0, "waiting": 8, "dead_lettered": 0, "dropped": {},
            "letters": 0, "letters_gone": {}, "recovered": 0,
        }  # fmt: skip
        outputs = {o["name"]: o for o in (await ask(Unix(path), "/api/v1/outputs")).data}
        assert outputs["store"]["phase"] == "orphaned"
        assert outputs["store"]["ledger"]["waiting"] == 8
        assert outputs["other"]["breaker"] == "closed"


async def test_plugins_are_told(world, path: Path):
    """What is started, what did not start and why."""
    await world.use_broken_plugin()
    async with world.serving(path):
        told = (await ask(Unix(path), "/api/v1/plugins")).data
        assert told["started"] == {"probe": 1}
        assert "no such bus" in told["failed"]["unstartable"]
