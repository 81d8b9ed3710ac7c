"""What a heartbeat's answer may ask for; no Core of today does."""

from __future__ import annotations

import asyncio

import pytest

from orbital_gravital.errors import CoreError, CoreUnavailable
from orbital_gravital.machine.heartbeat import Heartbeat
from orbital_gravital.sections import HeartbeatSection
from orbital_runtime.clock import ManualClock
from orbital_runtime.extensions import Counts


class Line:
    """Answers each heartbeat with the next of these, or raises it; after the last one nothing comes."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.bodies = []
        self.asked = []
        self.over = asyncio.Event()

    async def call(self, method, path, body, *, timeout):  # noqa: ASYNC109 (as the line's)
        self.bodies.append(body)
        self.asked.append(asyncio.get_running_loop().time())
        if not self.answers:
            self.over.set()
            await asyncio.Event().wait()
        answer = self.answers.pop(0)
        if isinstance(answer, CoreError):
            raise answer
        return answer


def heart_of(tmp_path, line, **section):
    return Heartbeat(
        line, HeartbeatSection(**section), counts=lambda: Counts(3, 2, 9.9), volume=tmp_path,
        version="1", clock=ManualClock(),
    )  # fmt: skip


async def heard(tmp_path, *answers):
    """What the agent was asked to do, one heartbeat after the other."""
    line, done = Line(*answers), []
    heart = heart_of(tmp_path, line)
    heart.on_refresh = lambda: done.append("fetch")
    heart.on_reload = lambda: done.append("reload")
    for _ in answers:
        await heart.beat()
    return done, line.bodies


async def test_only_a_rising_config_version_fetches_the_tasks(tmp_path):
    """The first one is what it rises from."""
    versions = [{"config_version": n} for n in (1, 1, 2, 2, 1)]
    assert (await heard(tmp_path, *versions))[0] == ["fetch"]


@pytest.mark.parametrize(
    ("command", "done"),
    [("reload_config", "reload"), ({"action": "reload"}, "reload"), ("fetch_tasks", "fetch")],
)
async def test_commands_are_obeyed_whatever_their_shape(tmp_path, command, done):
    """The documents show none: a word, or an object with an action."""
    assert (await heard(tmp_path, {"commands": [command]}))[0] == [done]


async def test_a_refused_configuration_is_told(tmp_path):
    """As long as the file has errors, cut to a bounded length; without one there is no such field."""
    line, errors = Line({}, {}), ["", f"config.yaml:3: tasks: {'x' * 1000}"]
    heart = Heartbeat(
        line, HeartbeatSection(), counts=lambda: Counts(3, 2, 9.9, errors.pop(0)), volume=tmp_path,
        version="1", clock=ManualClock(),
    )  # fmt: skip
    await heart.beat()
    await heart.beat()
    first, second = line.bodies
    assert "config_error" not in first
    assert second["config_error"].startswith("config.yaml:3: tasks:")
    assert len(second["config_error"].encode()) <= 500


@pytest.mark.parametrize("commands", [None, 3, "reload", {}, [None, 3, {}, ["reload"], "dance"]])
async def test_nonsense_is_passed_over(tmp_path, commands):
    """And the heartbeat counts all the same."""
    done, bodies = await heard(tmp_path, {"commands": commands})
    assert done == []
    assert (bodies[0]["task_count"], bodies[0]["uptime_seconds"]) == (3, 9)


async def test_an_outage_is_told_when_it_begins_and_when_it_ends(tmp_path, caplog):
    """Once each, however many heartbeats it takes; the next outage is told again."""
    caplog.set_level("INFO", "orbital.core")
    away = [CoreUnavailable("nobody there")] * 5
    line = Line({}, *away, {}, {}, *away, {})
    beating = asyncio.create_task(heart_of(tmp_path, line, interval="10ms", retry_times=1).run())
    await line.over.wait()
    beating.cancel()
    told = [(r.levelname, r.getMessage()) for r in caplog.records]
    begins = ("WARNING", "a heartbeat to Core failed: nobody there")
    assert told == [begins, ("INFO", "Core answers heartbeats again")] * 2


@pytest.mark.parametrize("retries", [0, 3])
async def test_core_is_left_alone_for_as_long_as_it_asks(tmp_path, retries):
    """`Retry-After`, between two attempts and between two heartbeats."""
    line = Line(CoreUnavailable("429", retry_after=0.2))
    heart = heart_of(tmp_path, line, interval=0.01, retry_times=retries)
    beating = asyncio.create_task(heart.run())
    async with asyncio.timeout(60):
        await line.over.wait()
    beating.cancel()
    first, second = line.asked
    assert second - first >= 0.2 * 0.9
