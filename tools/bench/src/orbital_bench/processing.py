"""A chain of five steps beside vmagent: the same relabelling and stream aggregation of the same samples.

vmagent is given the samples by remote write, and what it spends on decoding alone (everything is dropped
by its first rule)
is taken off. Ours are batches in hand, as the agent has them behind a plugin.
"""

from __future__ import annotations

import asyncio
import gc
import os
import time
from array import array
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import yaml

from orbital_bench import meter, report
from orbital_bench.workload import SAMPLES, batches, layouts, stored
from orbital_processors import Aggregate, AggregateConfig, Filter, Labels, Relabel, Rename
from orbital_runtime.processor.chain import Chain
from orbital_sdk import Attempt, Batch, Identity, Layout, Origin, Row
from orbital_sdk.calling.answers import plan_of
from orbital_sdk.testing import FakeHost
from orbital_testbench import Answer, HostileServer, VmAgent
from orbital_writer_victoria import VictoriaConfig
from orbital_writer_victoria import VictoriaMetrics as Writer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orbital_sdk import Processor

OUTPUTS: Final = {"min": "min", "max": "max", "sum": "sum_samples", "count": "count_samples"}
GROUPINGS: Final[Mapping[str, Mapping[str, Any]]] = {
    "by device_id: 24 series a group": {"by": ["device_id"]},
    "each series alone": {"without": ["ifAlias"]},
}
RULES: Final[Sequence[Mapping[str, Any]]] = (
    {"source_labels": ["__name__"], "regex": ".*_column_9_total", "action": "drop"},
    {"source_labels": ["ifDescr"], "regex": "([A-Za-z]+)(.*)", "target_label": "kind"},
    {
        "source_labels": ["__name__"], "regex": "bench_interface_(.*)", "target_label": "__name__",
        "replacement": "port_$1",
    },
    {"regex": "ifDescr", "action": "labeldrop"},
)  # fmt: skip
"""What four of the five steps do."""


def run(turns: int = 60) -> None:
    """Print samples a second a core, and the memory of a million series."""
    report.settings(
        [
            ("steps", "filter, relabel, rename, labels, aggregate", "four rules, stream aggregation"),
            ("window", "1m, of the samples' time", "1m, of their arrival"),
        ],
        "vmagent 1.112",
    )  # fmt: skip
    rows: list[list[object]] = []
    with TemporaryDirectory() as name:
        idle = _vmagent(Path(name) / "idle", turns, None)
        for number, (what, grouping) in enumerate(GROUPINGS.items()):
            theirs = _vmagent(Path(name) / str(number), turns, grouping) - idle
            ours = _ours(turns, grouping)
            rows.append([what, 1 / ours, 1 / theirs, theirs / ours])
    report.table(
        "Five steps, samples a second a core", ("aggregation", "ours", "vmagent", "ratio"), rows
    )
    print(f"\nvmagent's decoding alone, taken off: {1 / idle:,.0f} samples a second a core")


def _chain(grouping: Mapping[str, Any]) -> Chain:
    aggregated = {
        "match": [{"metric": "*"}], "interval": "1m", "over": "agent", "functions": [*OUTPUTS], **grouping,
    }  # fmt: skip
    sections: list[tuple[type[Processor[Any]], Mapping[str, Any]]] = [
        (Filter, {"drop": [{"metric": "*_column_9_total"}]}),
        (Relabel, {"rules": [RULES[1]]}),
        (Rename, {"metrics": {"bench_interface_*": "port_*"}}),
        (Labels, {"drop": "ifDescr"}),
        (Aggregate, aggregated),
    ]
    return Chain([cls(cls.config_model.model_validate(given)) for cls, given in sections])


def _ours(turns: int, grouping: Mapping[str, Any]) -> float:
    """CPU seconds of a sample; plans are made before, as for all but the first collection of an hour."""
    chain, devices = _chain(grouping), layouts()
    courses = {layout: chain.plan(layout) for layout in devices}
    prepared = [batches(devices, turn) for turn in range(turns)]
    refused: Counter[str] = Counter()
    given = 0
    start = time.process_time()
    for request in prepared:
        for batch in request:
            chain.process(courses[batch.layout], batch, refused)
        given += sum([len(batch) for batch in chain.flush(request[0].ts, refused)])
    spent = time.process_time() - start
    if not given:
        raise RuntimeError("no aggregates were given")
    return spent / (turns * SAMPLES)


def _vmagent(folder: Path, turns: int, grouping: Mapping[str, Any] | None) -> float:
    """CPU seconds of a sample."""
    folder.mkdir()
    rules, aggregation = folder / "rules.yml", folder / "aggregation.yml"
    everything = [{"action": "drop", "source_labels": ["__name__"], "regex": ".*"}]
    rules.write_text(yaml.safe_dump(everything if grouping is None else [*RULES]))
    section = {
        "interval": "1m", "outputs": [*OUTPUTS.values()], "flush_on_shutdown": True,
        **(grouping or GROUPINGS["each series alone"]),
    }  # fmt: skip
    aggregation.write_text(yaml.safe_dump([section]))
    flags = [
        f"-remoteWrite.relabelConfig={rules}",
        f"-remoteWrite.streamAggr.config={aggregation}",
    ]
    with HostileServer() as sink:
        sink.default = Answer(204)
        with VmAgent(folder / "vmagent", f"{sink.url}/write", flags=flags) as agent:
            writer = Writer(VictoriaConfig.model_validate({"url": agent.write_url}))
            asyncio.run(writer.start(FakeHost()))
            devices = layouts()
            stored(writer.write(batches(devices, 0), Attempt()))  # its caches are warm
            before = meter.cpu_seconds(agent.pid)
            for turn in range(turns):
                stored(writer.write(batches(devices, turn), Attempt()))
            spent = meter.cpu_seconds(agent.pid) - before
        if grouping is not None and not sink.requests:
            raise RuntimeError("vmagent gave no aggregates")
    return spent / (turns * SAMPLES)


def memory(series: int = 1_000_000, groups: int = 10_000) -> None:
    """Print what `aggregate` takes for so many live series; run by hand, as it needs a gigabyte."""
    devices = _many(series, groups)
    processor = Aggregate(
        AggregateConfig.model_validate(
            {"match": [{"metric": "*"}], "interval": "1m", "by": ["group"], "over": "agent",
             "functions": [*OUTPUTS]}
        )
    )  # fmt: skip
    before = _resident()
    plans = [(layout, plan_of(processor.plan(layout), layout)) for layout in devices]
    planned = _resident()
    for layout, plan in plans:
        column = array("d", range(len(layout)))
        if plan.step is not None:
            plan.step(Batch(layout, 1_700_000_000_000, column))
    filled = _resident()
    held, given = 0.0, 0
    for second in range(41, 60):  # the window ends in its 40th second here, and waits for ten more
        start = time.process_time()
        batches_given = processor.flush(1_700_000_000_000 + 1000 * second, last=False)
        given += sum([len(batch) for batch in batches_given])
        held = max(held, time.process_time() - start)
    rows: list[list[object]] = [
        ["series, as the agent has them", before],
        ["plans", planned - before],
        ["an open window", filled - planned],
    ]
    report.table(f"Memory, {series:,} series, {groups:,} groups", ("what", "MiB"), rows)
    print(f"\n{given:,} aggregates were given; the longest call took {held:.2f} s of CPU.")


def _many(series: int, groups: int) -> list[Layout]:
    size = 250
    found: list[Layout] = []
    for device in range(series // size):
        origin = Origin(f"task-{device}", "bench", f"device-{device}", "", Identity("b", "b"))
        rows = [
            Row("m", {"device_id": f"device-{device}", "port": str(n), "group": str((device * 7 + n) %
            groups)})
            for n in range(size)
        ]  # fmt: skip
        found.append(Layout(origin, rows))
    return found


def _resident() -> float:
    gc.collect()
    return meter.resident_mib(os.getpid())
