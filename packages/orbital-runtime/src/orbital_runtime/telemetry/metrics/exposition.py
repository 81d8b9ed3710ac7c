"""`/metrics`: all values are read at the scrape; nothing is counted on the path of a sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from orbital_runtime.telemetry.metrics.agent import Usage, agent, connections
from orbital_runtime.telemetry.metrics.outputs import buffer, dead_letters, ledger, outputs
from orbital_runtime.telemetry.metrics.parts import background, own
from orbital_runtime.telemetry.metrics.plugins import plugins, processes, runs, sessions
from orbital_runtime.telemetry.metrics.tasks import collecting, each_task, tasks
from orbital_runtime.telemetry.task_counts import TaskCounts, count_tasks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prometheus_client.core import Metric

    from orbital_runtime.telemetry.server.connections import Connections
    from orbital_runtime.telemetry.sources import Sources

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
"""The classic text format for every request: in OpenMetrics the name of the original design's gauge
`sentinel_tasks_total` would be invalid."""


class Metrics:
    """All metric families of this agent and its process.

    Args:
        sources: The parts of the agent.
        connections: The connections to the HTTP API.
        task_series: Maximum tasks with series of their own, ten each; 0 for none.
    """

    def __init__(
        self, sources: Sources, connections: Connections, *, task_series: int = 1000
    ) -> None:
        self._sources = sources
        self._connections = connections
        self._task_series = task_series
        self._usage = Usage()
        self._process = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self._process)
        PlatformCollector(registry=self._process)
        GCCollector(registry=self._process)

    async def snapshot(self) -> Snapshot:
        """A snapshot of all families."""
        counted = await count_tasks(self._sources.scheduler)
        return Snapshot(self._families(counted))

    def _families(self, counted: TaskCounts) -> Iterator[Metric]:
        sources = self._sources
        yield from agent(sources)
        yield from plugins(sources)
        yield from processes(sources)
        yield from sessions(sources)
        yield from runs(sources)
        yield from tasks(sources, counted)
        yield from collecting(sources)
        yield from buffer(sources)
        yield from ledger(sources)
        yield from outputs(sources)
        yield from dead_letters(sources)
        yield from background(sources)
        yield from own(sources)
        for extension in sources.extensions:
            yield from extension.metrics()
        yield from self._usage.families()
        yield from connections(self._connections)
        if self._task_series:
            yield from each_task(sources, self._task_series)
        yield from self._process.collect()


class Snapshot(Collector):
    """Families at one point in time, so that another thread can encode them."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterator[Metric]:
        yield from self._families

    def text(self) -> bytes:
        """The families in the text format."""
        return generate_latest(self)
