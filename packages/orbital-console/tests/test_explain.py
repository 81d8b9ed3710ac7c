"""Explanations say which, since when, why and what to do, from the agent's own state."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
import yaml

from orbital_console import Console
from orbital_console.explain import outputs
from orbital_console.explain.advice import for_task
from orbital_console.explain.explainer import Explainer
from orbital_runtime.agent import Agent
from orbital_runtime.plugins.registry import Registry
from orbital_runtime.settings import SettingsError, load
from orbital_runtime.telemetry.api.views import BoundViews
from orbital_runtime_testing.parts import Store
from orbital_sdk import (
    AuthenticationFailed,
    DeviceFields,
    DeviceUnreachable,
    Metric,
    Plugin,
    PluginConfig,
)

LEDGER = {
    "accepted": 9,
    "delivered": 4,
    "waiting": 5,
    "dead_lettered": 0,
    "letters": 0,
    "dropped": {},
}


class Host(DeviceFields):
    host: str


class Door(Plugin[Host, PluginConfig]):
    """Answers as its host is called."""

    name = "door"
    metrics = (Metric("door_open"),)
    errors: ClassVar[list[Exception | None]] = []

    async def collect(self, device: Host, ctx: Any) -> Any:
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error
        return [self.metrics[0](1)]


@pytest.fixture
async def agent(tmp_path):
    """An agent with one task of device `gate`, that runs when it is triggered."""
    Door.errors = []
    registry = Registry.of(plugins=[Door], writers=[Store], extensions=[Console])
    task = {
        "id": "d",
        "plugin": "door",
        "device_id": "gate",
        "interval": "1h",
        "config": {"host": "h"},
    }
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump({"telemetry": {"enabled": False}, "tasks": [task]}))
    file.chmod(0o600)
    environ = {"XDG_DATA_HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    agent = Agent(load(file, environ, registry=registry), registry, version="1", environ=environ)
    await agent.start()
    yield agent
    await agent.stop()


def explainer(agent: Agent) -> Explainer:
    history = agent.extensions["console"].history
    return Explainer(BoundViews(agent.sources), history.runs, agent.registry.metadata)


async def test_first_cause_outlives_its_consequences(agent):
    """A device that fails in another way later: since when and why stay those of the first error."""
    Door.errors = [
        DeviceUnreachable("gate: no answer"),
        DeviceUnreachable("gate: left out for now"),
    ]
    first = await agent.stations.scheduler.trigger("d")
    await agent.stations.scheduler.trigger("d")
    (found,) = await explainer(agent).about("gate")
    assert (found.subject, found.state, found.since) == ("task d", "failing", first.started_ms)
    assert found.cause.error == "gate: no answer"
    assert found.last.error == "gate: left out for now"
    assert [one.ok for one in found.runs] == [False, False]
    assert any("sentinel test d" in line for line in found.advice)
    assert "task d" in [one.subject for one in await explainer(agent).troubles()]


async def test_a_pause_has_the_reason_and_the_advice_of_the_error_that_pauses(agent):
    """A device that was down and comes back with another password: the first error is kept apart."""
    Door.errors = [DeviceUnreachable("gate: no answer"), AuthenticationFailed("wrong password")]
    first = await agent.stations.scheduler.trigger("d")
    await agent.stations.scheduler.trigger("d")
    (found,) = await explainer(agent).about("gate")
    assert (found.state, found.since, found.first) == (
        "paused",
        first.started_ms,
        "gate: no answer",
    )
    assert found.summary.endswith("wrong password")
    assert "credentials" in found.advice[0]
    assert any("`sentinel trigger d --in-agent`" in line for line in found.advice)


async def test_a_success_ends_the_trouble(agent):
    """After a good run nothing is said to be wrong, and the runs before are still there."""
    Door.errors = [DeviceUnreachable("gate: no answer"), None]
    await agent.stations.scheduler.trigger("d")
    await agent.stations.scheduler.trigger("d")
    (found,) = await explainer(agent).about("d")
    assert (found.state, found.since, found.cause, found.advice) == ("ok", None, None, ())
    assert [one.ok for one in found.runs] == [False, True]
    assert "task d" not in [one.subject for one in await explainer(agent).troubles()]


async def test_a_bug_is_told_from_a_device(agent):
    """The advice follows the class of the error."""
    Door.errors = [ZeroDivisionError("x")]
    await agent.stations.scheduler.trigger("d")
    (found,) = await explainer(agent).about("d")
    assert found.cause.kind == "Bug"
    assert any("bug of the plugin" in line for line in found.advice)


async def test_what_the_agent_itself_lacks_is_among_the_troubles(agent, tmp_path):
    """A refused configuration and an agent without outputs are no task's trouble, and are not passed over."""
    (tmp_path / "config.yaml").write_text("tasks: 7")
    with pytest.raises(SettingsError):
        await agent.reload()
    found = {one.subject: one for one in await explainer(agent).troubles()}
    assert found["configuration_refused"].state == "partial"
    assert "sentinel validate" in found["configuration_refused"].summary


async def test_nobody_of_that_name(agent):
    """An unknown name is not an explanation."""
    assert await explainer(agent).about("nix") == []


def test_disabled_console_remembers_nothing():
    """Off by one setting: no witness on the way of samples."""

    class Off:
        settings = None

    class Section:
        enabled, memory = False, 1 << 20

    Off.settings = type("S", (), {"section": lambda _self, _kind: Section})()
    console = Console(Off())
    assert console.witness is None
    console.ran(None, None)
    assert len(console.history.runs) == 0


@pytest.mark.parametrize(
    ("view", "state", "advice"),
    [
        ({"phase": "delivering", "reason": "", "requests": 3}, "ok", ""),
        ({"phase": "paused", "reason": "401"}, "paused", "validate --connect"),
        ({"phase": "waiting", "reason": "refused", "breaker": "open"}, "failing", "http://vm/"),
        (
            {"phase": "orphaned", "reason": "", "orphaned_since": 7},
            "waiting",
            "buffer drop --output vm",
        ),
    ],
)
def test_outputs(view, state, advice):
    """Each trouble of an output has its state, says how many samples wait, and what to do."""
    found = outputs.explain({"name": "vm", "address": "http://vm/", "ledger": LEDGER} | view)
    assert found.state == state
    assert "5 samples wait" in found.summary
    assert advice in " ".join(found.advice)


def test_an_output_without_requests_has_no_answer():
    """Nothing was asked: neither before the first request, nor of an output that is gone."""
    gone = {"name": "vm", "phase": "orphaned", "reason": "", "orphaned_since": 7, "ledger": LEDGER}
    assert outputs.explain(gone).answered == ""


def test_dead_letters_come_with_their_commands():
    """What was refused for good can be looked at and sent again, also while the output is fine."""
    ledger = LEDGER | {"letters": 2}
    found = outputs.explain(
        {"name": "vm", "phase": "delivering", "reason": "", "requests": 1, "ledger": ledger}
    )
    assert found.left_out == {"dead letters": 2}
    assert "dead-letters replay --output vm" in " ".join(found.advice)


def test_an_output_keeps_its_first_error_apart():
    """A proxy that refused, and was left out for now: since when and why stay those of the beginning."""
    view = {
        "name": "vm",
        "address": "http://vm/",
        "phase": "paused",
        "ledger": LEDGER,
        "requests": 4,
    }
    first = {"first_error": "403: denied by policy", "first_error_ms": 1000}
    found = outputs.explain(view | first | {"reason": "no answer", "last_error_ms": 9000})
    assert found.since == 1000
    assert (found.cause.error, found.last.error) == ("403: denied by policy", "no answer")
    assert (found.asked, found.asked_at, found.answered) == ("http://vm/", 9000, "no answer")


def test_advice_of_a_plugin_comes_first():
    """Who wrote it knows the protocol; what is not a list of sentences is passed over, whoever wrote it."""
    own = {
        "advice": {
            "DeviceUnreachable": ["is {target} on? {{odd", 7],
            "Bug": "no list",
            "Timeout": 3,
        }
    }
    names = {"task": "t", "target": "gate:1", "timeout": "5s"}
    first, *others = for_task("DeviceUnreachable", own, **names)
    assert first == "is gate:1 on? {{odd"
    assert any("`sentinel test t`" in line for line in others)
    for kind in ("Bug", "Timeout", "Unknown"):
        assert for_task(kind, own, **names) == for_task(kind, {}, **names)
    assert for_task("Bug", {"advice": 5}, **names) == for_task("Bug", {}, **names)
