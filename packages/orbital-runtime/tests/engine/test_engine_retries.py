"""Retries within one run: what is asked for again, how often, and which attempt counts."""

from __future__ import annotations

from orbital_runtime.engine.run_limits import RunLimits
from orbital_runtime_testing.engine import Fake, Rig
from orbital_runtime_testing.runs import make_task
from orbital_sdk import DeviceUnreachable, UnexpectedReply


class Flaky(Fake):
    def __init__(self, fails):
        super().__init__()
        self.fails = fails
        self.attempts = 0

    async def collect(self, device, ctx):
        self.attempts += 1
        yield self.value(self.attempts, "a")
        if self.attempts <= self.fails:
            raise DeviceUnreachable("no answer")
        yield self.value(self.attempts, "b")


async def test_retries_within_one_run(rig):
    """No answer is asked for again, as often as the task says; the run counts once."""
    engine = Rig(Flaky(fails=2), limits=RunLimits(retry_pause=0))
    run = await engine.run(make_task(retries=2))
    assert (run.up, run.error) == (True, "")
    assert engine.plugin.attempts == 3
    assert len(engine.batches) == 1
    engine.plugin.attempts, engine.plugin.fails = 0, 5
    run = await engine.run(make_task(retries=2))
    assert (run.up, run.error_kind) == (False, "DeviceUnreachable")
    assert engine.plugin.attempts == 3


async def test_attempts_do_not_mix(rig):
    """What a failed attempt gave is replaced by the next one's: no series twice, no refusals."""
    engine = Rig(Flaky(fails=1), limits=RunLimits(retry_pause=0))
    await engine.run(make_task(retries=1))
    taken = engine.take()
    assert (taken["a"], taken["b"]) == (2, 2)
    assert not engine.engine.totals.refused


async def test_a_worse_attempt_does_not_replace_a_better_one():
    """The second attempt got nothing at all: what the first one had read is kept."""

    class Worse(Flaky):
        async def collect(self, device, ctx):
            self.attempts += 1
            if self.attempts == 1:
                yield self.value(1, "a")
            raise DeviceUnreachable("no answer")

    engine = Rig(Worse(fails=2), limits=RunLimits(retry_pause=0))
    run = await engine.run(make_task(retries=1))
    assert (engine.plugin.attempts, run.samples, engine.take()["a"]) == (2, 1, 1)


async def test_only_silence_is_retried(rig):
    """Another answer to the same question is not to be expected."""
    rig.plugin.error = UnexpectedReply("what?")
    await rig.run(make_task(retries=5))
    assert len(rig.plugin.contexts) == 1


async def test_no_retry_without_time(rig):
    """Attempts share the task's timeout; when it is used up there is no other one."""
    engine = Rig(Flaky(fails=9), limits=RunLimits(retry_pause=60))
    run = await engine.run(make_task(retries=5))
    assert run.error_kind == "DeviceUnreachable"
    assert engine.plugin.attempts == 1
