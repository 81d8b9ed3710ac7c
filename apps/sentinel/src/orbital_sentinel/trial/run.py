"""Runs tests of a configuration: the engine, the processors and the plugin are the real ones."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from orbital_runtime.agent.assembly import run_limits
from orbital_runtime.clock import ManualClock
from orbital_runtime.engine.engine import Engine
from orbital_runtime.engine.report import METRICS
from orbital_runtime.hosting.hosts import Hosts
from orbital_runtime.model import Task
from orbital_runtime.processor.output_chain import OutputChain
from orbital_runtime.processor.processors import Processors, of_output
from orbital_sdk import DeviceFields, Identity, PluginConfig
from orbital_sdk.metric import DEVICE_ID
from orbital_sdk.problems import Problem
from orbital_sentinel.trial.exposition import Line, line_of, read
from orbital_sentinel.trial.replays import GivenSamples, kinds, replay_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.settings import Loaded
    from orbital_sdk import Batch, Plugin
    from orbital_sentinel.trial.cases import CaseSection, GivenSection, Tests

REPORT = frozenset(metric.name for metric in METRICS)


@dataclass(slots=True)
class Verdict:
    """What became of one test."""

    name: str
    place: str
    """File and line."""
    difference: list[str] = field(default_factory=list[str])
    """Lines: `-` was expected and did not come, `+` came and was not expected."""

    @property
    def passed(self) -> bool:
        return not self.difference


async def run_tests(tests: Tests, loaded: Loaded, registry: Registry) -> list[Verdict]:
    """Run all tests of a file.

    Args:
        tests: These.
        loaded: The configuration.
        registry: Has its plugins.

    Raises:
        SettingsError: A test names what is not there.
    """
    problems = [p for index in range(len(tests.cases)) for p in _mistakes(tests, index, loaded)]
    if problems:
        raise tests.refuse(problems)
    return [await _run(tests, index, loaded, registry) for index in range(len(tests.cases))]


def _mistakes(tests: Tests, index: int, loaded: Loaded) -> Iterator[Problem]:
    case = tests.cases[index]
    task = _task(case, loaded)
    if case.task and case.task not in {one.id for one in loaded.tasks}:
        yield Problem(f"there is no enabled task {case.task!r}", ("tests", index, "task"))
    if case.output and case.output not in {one.name for one in loaded.outputs}:
        yield Problem(f"there is no output {case.output!r}", ("tests", index, "output"))
    if case.expect is None and not case.include and not case.absent:
        yield Problem("expects nothing: give `expect`, `include` or `absent`", ("tests", index))
    for place, given in enumerate(case.given):
        for kind in given.options:
            at = ("tests", index, "given", place, kind)
            replay = replay_of(kind)
            if replay is None:
                hint = f"samples, or {', '.join(kinds())}"
                yield Problem("is not a kind of recording that a plugin replays", at, hint)
            elif task.plugin != replay.name:
                hint = f"`task` names one of plugin {replay.name}"
                yield Problem(f"is replayed by plugin {replay.name}, not {task.plugin}", at, hint)


def _task(case: CaseSection, loaded: Loaded) -> Task:
    made_up = Task("test", "test", "samples", DeviceFields(), PluginConfig(), 60.0, 30.0)
    return next((task for task in loaded.tasks if task.id == case.task), made_up)


async def _run(tests: Tests, index: int, loaded: Loaded, registry: Registry) -> Verdict:
    case = tests.cases[index]
    task = _task(case, loaded)
    own = registry.plugin(task.plugin)(task.config) if case.task else None
    bench = _Bench(case, task, loaded, own)
    async with AsyncExitStack() as stack:
        await bench.start(stack)
        for given in sorted(case.given, key=lambda one: one.at):
            await bench.collect(given, tests)
        await bench.flush()
    failures = [f"! the run failed: {words}" for words in bench.failures]
    return Verdict(case.name, tests.place(index), [*failures, *_difference(case, bench.lines())])


class _Bench:
    """An engine with one task.

    Args:
        case: What is tested.
        task: Whose samples.
        loaded: The configuration.
        own: The task's plugin, if it is one of the configuration.
    """

    def __init__(
        self, case: CaseSection, task: Task, loaded: Loaded, own: Plugin[Any, Any] | None
    ) -> None:
        self.failures: list[str] = []
        self._case = case
        self._task = task
        self._loaded = loaded
        self._own = own
        self._clock = ManualClock()
        self._began = self._clock.now
        self._hosts = Hosts(None, self._clock)
        self._processors = Processors(hosts=self._hosts)
        self._batches: list[Batch] = []
        self._plugin: Plugin[Any, Any] | None = None
        self._pool = ThreadPoolExecutor(1)
        section = loaded.settings.sentinel
        labels = dict(section.labels)
        self._engine = Engine(
            identity=Identity(section.id or "test", section.name or "test", section.region, labels),
            plugins=lambda _: self._plugin,  # pyright: ignore[reportArgumentType] (set before each run)
            pool=lambda _: self._pool,
            put=self._put,
            clock=self._clock,
        )

    async def start(self, stack: AsyncExitStack) -> None:
        ready = await self._processors.prepare(self._loaded.processors)
        self._processors.become(ready)
        stack.push_async_callback(self._processors.stop, ready)
        stack.callback(self._pool.shutdown, wait=False)
        own = of_output(ready, self._case.output) if self._case.output else []
        self._output = OutputChain(own)
        self._engine.reconfigure(
            identity=self._engine.identity,
            processors=self._processors.all,
            by_task=self._processors.by_task,
            limits=run_limits(self._loaded.settings),
        )

    async def collect(self, given: GivenSection, tests: Tests) -> None:
        self._clock.now = self._began + given.at
        plugin, task = self._stand_in(given, tests)
        self._plugin = plugin
        host = self._hosts.plugin(plugin.name)
        await plugin.start(host)
        try:
            run = await self._engine.run(task)
        finally:
            await self._engine.sessions.end_all(plugin)
            await host.close()
            await plugin.stop()
        if run.error:
            self.failures.append(run.error)

    async def flush(self) -> None:
        """What was gathered, as at the end of an agent."""
        await self._engine.flush(last=[*self._processors.all, *self._of_task()])

    def lines(self) -> list[Line]:
        """What came out."""
        passed = [self._output(batch).batch for batch in self._batches if not batch.stale]
        return [line_of(row, value) for batch in passed for row, _, value in batch.items()]

    def _of_task(self) -> Sequence[Any]:
        return self._processors.by_task.get(self._task.id, ())

    def _stand_in(self, given: GivenSection, tests: Tests) -> tuple[Plugin[Any, Any], Task]:
        for kind, file in given.options.items():
            path = tests.file.parent / str(file)
            return replay_of(kind)(self._task.config, path), self._task
        return GivenSamples(read(given.samples), self._own), self._task

    async def _put(self, batch: Batch) -> None:
        self._batches.append(batch)


def _difference(case: CaseSection, came: list[Line]) -> list[str]:
    """What did not come, and what came and should not have; a value that is wrong is both."""
    wanted = [*read(case.expect or ""), *read(case.include)]
    named = {line.name for line in wanted} | {*case.absent}
    found = [_bare(line, wanted) for line in came if line.name not in REPORT or line.name in named]
    missing, beyond = _without(wanted, found), _without(found, wanted)
    wrong = {line.series for line in missing}
    signed = [("-", line) for line in missing]
    signed += [
        ("+", line)
        for line in beyond
        if case.expect is not None or line.series in wrong or line.name in case.absent
    ]
    signed.sort(key=lambda one: (one[1].series, one[0] == "+"))
    return [f"{sign} {line}" for sign, line in signed]


def _without(lines: Sequence[Line], others: Sequence[Line]) -> list[Line]:
    """The lines that are not among the others, or more often than there."""
    left = Counter(map(str, others))
    found: list[Line] = []
    for line in lines:
        if left[str(line)]:
            left[str(line)] -= 1
        else:
            found.append(line)
    return found


def _bare(line: Line, wanted: Sequence[Line]) -> Line:
    """Without the device, unless the test speaks of it."""
    told = any(name == DEVICE_ID for one in wanted for name, _ in one.labels)
    return line if told else line.without(DEVICE_ID)
