"""One state a device, decided by the agent."""

from __future__ import annotations

import pytest

from orbital_gravital.devices.states import AT_ONCE, REPEAT, DeviceStates
from orbital_gravital.errors import CoreRefused, CoreUnavailable
from orbital_runtime.model import Run, Status, Task
from orbital_sdk import DeviceFields, PluginConfig


class Recorder:
    """Takes what is sent, or is away."""

    def __init__(self) -> None:
        self.sent: list[dict] = []
        self.away = False

    async def call(self, method, path, body):
        if self.away:
            raise CoreUnavailable("away")
        self.sent += body["metrics"]
        await self.meanwhile()

    async def meanwhile(self):
        """Nothing, unless a test wants something."""


def task(name: str, device: str = "dev-1", interval: float = 60) -> Task:
    return Task(name, device, "probe", DeviceFields(), PluginConfig(), interval, 10)


def run(*, up: bool) -> Run:
    status = Status.SUCCESS if up else Status.FAILED
    return Run(status, up=up, started_ms=0, duration=0.1, samples=1)


@pytest.fixture
def line():
    return Recorder()


@pytest.fixture
def states(line, clock):
    return DeviceStates(line, clock, lambda task: "switch")


async def test_a_device_that_nobody_reaches_is_offline(states, line, clock):
    """Also where a plugin reports that as a success (B-12)."""
    states.ran(task("a"), run(up=False))
    await states.send_due()
    assert line.sent == [
        {
            "name": "device_status", "value": 0, "type": "gauge", "timestamp": clock.utc_ms() // 1000,
            "labels": {"device_id": "dev-1", "device_type": "switch", "task_id": "a", "plugin": "probe"},
        }
    ]  # fmt: skip


async def test_one_task_that_reaches_it_is_enough_and_the_series_stays_one(states, line):
    """Several tasks of a device do not make it flap."""
    for up in (True, False):
        states.ran(task("b"), run(up=not up))
        states.ran(task("a"), run(up=up))
        await states.send_due()
    assert [one["value"] for one in line.sent] == [1, 1]
    assert {one["labels"]["task_id"] for one in line.sent} == {"a"}


async def test_nothing_new_is_repeated_before_core_takes_the_device_for_lost(states, line, clock):
    """A task that runs every ten minutes is told of at least every four."""
    states.ran(task("a", interval=600), run(up=True))
    await states.send_due()
    await states.send_due()
    assert len(line.sent) == 1
    clock.advance(REPEAT)
    await states.send_due()
    assert len(line.sent) == 2
    assert line.sent[1]["timestamp"] - line.sent[0]["timestamp"] == REPEAT < 240


async def test_what_did_not_get_there_is_told_later_as_it_is_then(states, line):
    """Never as it was: old news would flip the device back."""
    line.away = True
    states.ran(task("a"), run(up=True))
    with pytest.raises(CoreUnavailable):
        await states.send_due()
    states.ran(task("a"), run(up=False))
    line.away = False
    await states.send_due()
    assert [one["value"] for one in line.sent] == [0]


async def test_a_task_that_ran_no_more_says_nothing_any_more(states, line, clock):
    """After three intervals nobody knows."""
    states.ran(task("a"), run(up=True))
    await states.send_due()
    clock.advance(REPEAT + 3 * 60 + 1)
    await states.send_due()
    assert len(line.sent) == 1


async def test_removed_tasks_and_their_devices_are_forgotten(states, line, clock):
    """So that a device that was taken away is not kept alive."""
    states.ran(task("a"), run(up=True))
    await states.keep({})
    await states.send_due()
    assert line.sent == []


async def test_a_device_that_is_forgotten_while_states_go_out_is_not_told(states, line):
    """They go in several requests, and its task is taken away during the first one: it is not down."""
    for n in range(AT_ONCE + 1):
        states.ran(task(f"t{n}", f"dev-{n}"), run(up=True))
    first = {f"t{n}": f"dev-{n}" for n in range(AT_ONCE)}
    line.meanwhile = lambda: states.keep(first)
    await states.send_due()
    assert [one["labels"]["device_id"] for one in line.sent] == list(first.values())


async def test_a_task_that_watches_another_device_now_says_nothing_of_the_old_one(states, line):
    """Its key is the same; the device that it left is forgotten."""
    states.ran(task("a"), run(up=True))
    states.ran(task("b"), run(up=True))
    await states.keep({"a": "dev-2", "b": "dev-1"})
    await states.send_due()
    assert [one["labels"]["task_id"] for one in line.sent] == ["a"]
    await states.keep({"a": "dev-2"})
    states.ran(task("a", "dev-2"), run(up=True))
    await states.send_due()
    assert [one["labels"]["device_id"] for one in line.sent] == ["dev-1", "dev-2"]


@pytest.mark.parametrize("refused", [0, 2, 3])
async def test_a_state_that_core_refuses_keeps_no_other(states, line, refused):
    """Wherever it stands, the others are sent once, and it is not sent again before it changes."""

    async def call(method, path, body):
        devices = [one["labels"]["device_id"] for one in body["metrics"]]
        if f"dev-{refused}" in devices:
            raise CoreRefused("a label is too long")
        line.sent += devices

    line.call = call
    for n in range(4):
        states.ran(task(f"t{n}", f"dev-{n}"), run(up=True))
    await states.send_due()
    await states.send_due()
    assert line.sent == [f"dev-{n}" for n in range(4) if n != refused]
