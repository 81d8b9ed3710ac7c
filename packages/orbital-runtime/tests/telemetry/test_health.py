"""Health: alive as long as the scheduler turns, ready as long as samples come in and go out."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from orbital_runtime.extensions import Extension, Reason
from orbital_runtime.reload import Reload
from orbital_runtime.scheduler.scheduler import Scheduler
from orbital_runtime.sender.output import Output
from orbital_runtime.telemetry import health
from orbital_runtime_testing.runs import Runs, make_task, settle
from orbital_sdk import Plan, Processor, ProcessorConfig, WriterMisconfigured, WriterUnavailable
from orbital_sdk.testing import RecordingWriter, make_batch


def words(world) -> dict[str, bool]:
    return {reason.reason: reason.blocks for reason in health.reasons(world.sources)}


async def test_a_running_agent_is_ready(world):
    """Nothing wrong: alive, ready, no reasons."""
    assert health.alive(world.sources) is None
    assert words(world) == {}


async def test_not_ready_before_and_after(world):
    """Starting, stopping and broken agents are not ready, and say which of these they are."""
    for state in ("initializing", "registering", "stopping", "stopped", "error"):
        world.state = state
        assert words(world)[state] is True
        assert health.alive(world.sources) is None


async def test_a_refused_configuration_is_listed_and_blocks_nothing(world):
    """The configuration before stays in effect: ready, with the first problem and what to do."""
    world.reloaded = Reload(1_700_000_000_000, 0, ("tasks.0.plugin: no plugin is called 'x'", "b"))
    assert words(world) == {"configuration_refused": False}
    (reason,) = health.reasons(world.sources)
    assert "no plugin is called 'x' (and 1 more); `sentinel validate`" in reason.message


async def test_a_stalled_scheduler_is_not_alive(world):
    """When the scheduler's loop no longer turns, liveness fails, so that a supervisor restarts the agent."""
    world.clock.advance(29)
    assert health.alive(world.sources) is None
    world.clock.advance(2)
    stalled = health.alive(world.sources)
    assert stalled is not None
    assert "31 s" in stalled.message
    assert words(world)["stalled"] is True


async def test_runs_that_never_end_make_it_unready(world):
    """Tasks are due and no run ends, whatever holds them: that is not ready, well after the longest time-out;
    and it is again when one ends.
    """
    runs = Runs()
    runs.hold = True
    scheduler = Scheduler(runs, clock=world.clock, slots=1)
    scheduler.put([make_task("a", interval=10, timeout=5), make_task("b", interval=10, timeout=20)])
    sources = replace(world.sources, scheduler=scheduler)
    for passed in range(60):
        scheduler.turn()
        await settle()
        found = {reason.reason: reason for reason in health.reasons(sources)}
        assert ("nothing_collected" in found) == (scheduler.silence > 50), passed
        world.clock.advance(1)
    assert found["nothing_collected"].blocks
    assert "none may take longer than 20 s" in found["nothing_collected"].message
    for key in list(runs.gates):
        runs.end(key)
    await settle()
    assert health.reasons(sources) == []
    runs.hold = False
    for key in list(runs.gates):
        runs.end(key)
    await scheduler.stop(1)


async def test_a_refused_output_makes_it_unready(world):
    """An output that refuses our credentials needs a person: unready, with its name and its own words."""
    world.writer.always(WriterMisconfigured("401 from http://store/: wrong token"))
    await world.run("good")
    await world.settled(waiting=True)
    reason = next(r for r in health.reasons(world.sources) if r.reason == "output_paused")
    assert reason.blocks
    assert reason.subject == "store"
    assert "wrong token" in reason.message
    assert "8 samples wait" in reason.message


async def test_one_failure_is_told_and_many_make_it_unready(world):
    """One failure is only told; an open breaker makes it unready, unless another output works."""
    world.writer.always(WriterUnavailable("connection refused"))
    await world.run("good")
    await world.settled(waiting=True)
    assert words(world) == {"output_retrying": False}
    world.sender.send_now()
    await world.until(lambda: "output_failing" in words(world))
    assert words(world)["output_failing"] is True
    await world.add_output("other")
    await world.until(lambda: words(world)["output_failing"] is False)


async def test_no_output_is_not_ready(world):
    """Where nothing can be delivered to, readiness says so, and what becomes of the samples."""
    await world.sender.remove("store")
    assert words(world) == {"no_output": True}
    await world.run("good")
    await world.committer.flush()
    (lost,) = health.reasons(world.sources)
    assert lost.message.endswith(": 0 samples wait, 8 are lost")
    world.buffer.attach("core")
    await world.run("good")
    await world.committer.flush()
    (kept,) = health.reasons(world.sources)
    assert kept.message.endswith(": 8 samples wait, 8 are lost")


async def test_a_filling_buffer_is_told_and_a_full_one_is_unready(world):
    """Above high water it is told; when dropping is near, it is unready."""
    world.writer.always(WriterUnavailable("away"))
    await world.fill(0.85)
    assert words(world)["buffer_high"] is False
    await world.fill(0.97)
    assert words(world)["buffer_full"] is True


async def test_a_plugin_that_did_not_start_is_told(world):
    """One plugin without its rights costs only its own tasks: told by name, and still ready."""
    await world.use_broken_plugin()
    told = {r.reason: r for r in health.reasons(world.sources)}
    assert told["plugin_down"].subject == "unstartable"
    assert told["plugin_down"].message == (
        "plugin 'unstartable' did not start: there is no such bus here"
    )
    assert not told["plugin_down"].blocks


async def test_runs_that_ignore_their_end_are_told(world):
    """Threads that do not return and coroutines that swallow their cancellation, by plugin."""
    world.engine.invoker.overruns.stuck["probe"] = 2
    world.engine.invoker.overruns.abandoned["probe"] = 1
    told = {r.reason: r for r in health.reasons(world.sources)}
    assert told["threads_stuck"].message.startswith("plugin probe: 2 threads overran")
    assert told["runs_abandoned"].message.startswith("plugin probe: 1 run overran")
    assert not any(reason.blocks for reason in told.values())


async def test_what_an_extension_misses_is_told(world):
    """As it says, beside the agent's own reasons."""

    class Lost(Extension):
        def reasons(self):
            yield Reason("depot_away", "the depot does not answer", blocks=False)

    world.extensions.append(Lost(None))
    assert words(world) == {"depot_away": False}


async def test_a_processor_that_loses_samples_is_told(world):
    """Its runs succeed, so it is told here: how many it lost, and why; it blocks nothing."""

    class Short(Processor[ProcessorConfig]):
        name = "short"

        def plan(self, layout):
            return Plan(layout.rows, lambda batch: batch.values[1:])

    world.engine.processing.replace([Short(ProcessorConfig())])
    chain, batch = world.engine.processing.chain, make_batch(3)
    course = chain.plan(batch.layout)
    for _ in range(2):
        assert chain.process(course, batch, Counter()) is None
    (told,) = health.reasons(world.sources)
    assert (told.reason, told.subject, told.blocks) == ("processor_failing", "short", False)
    assert told.message.startswith("processor short lost 6 samples in 2 failed calls since 20")
    assert "the last 0 s ago: " in told.message


async def test_a_processor_of_an_output_that_loses_samples_is_told(world):
    """Its deliveries succeed, so it is told here: of which output, how many it lost, and why."""

    class Broken(Processor[ProcessorConfig]):
        name = "broken"
        stateless = True

        def plan(self, layout):
            raise ValueError("no table")

    output = Output("tsdb", RecordingWriter(), processors=[Broken(ProcessorConfig())])
    await world.sender.add(output)
    await world.committer.put(make_batch(3))
    assert await world.sender.flush(5)
    told = [reason for reason in health.reasons(world.sources) if reason.subject == "tsdb"]
    assert [(reason.reason, reason.blocks) for reason in told] == [("processor_failing", False)]
    words = "processor broken of output tsdb lost 3 samples in 1 failed calls since 20"
    assert told[0].message.startswith(words)
    assert told[0].message.endswith("ValueError: no table")
