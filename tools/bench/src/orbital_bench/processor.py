"""A filter: what it costs a sample, and on disk, beside the batch that never had the rows it leaves out.

Samples in hand to a record of the buffer's codec: batched, processed, encoded and compressed, as the agent
does it. Layouts are written once, as they are in a segment of the log.
"""

from __future__ import annotations

import time
from array import array
from itertools import compress
from typing import TYPE_CHECKING, Any, Final

from orbital_bench import report
from orbital_buffer.format.codec import encode
from orbital_buffer.format.layout import encode_layout
from orbital_runtime.engine.batching.batcher import Batcher
from orbital_runtime.engine.report import Report
from orbital_runtime.processor.chain import Chain
from orbital_sdk import Batch, Columns, Layout, Metric, Plan, Processor, ProcessorConfig, Row
from orbital_sdk.testing import make_origin

if TYPE_CHECKING:
    from collections.abc import Sequence

SERIES: Final = 241
TURNS: Final = 100
ROUNDS: Final = 31
OCTETS: Final = Metric(
    "bench_octets_total", "Made up", kind="counter", labels=("column", "port", "alias")
)


class Filter(Processor[ProcessorConfig]):
    """Leaves out every other column of the table."""

    name = "filter"

    def plan(self, layout: Layout) -> list[Row | None]:
        return [row if wanted(row) else None for row in layout.rows]


class Scale(Processor[ProcessorConfig]):
    """Gives other values."""

    name = "scale"

    def plan(self, layout: Layout) -> Plan:
        return Plan(layout.rows, lambda batch: [value * 8 for value in batch.values])


class Pass(Processor[ProcessorConfig]):
    """Leaves everything as it is."""

    name = "pass"

    def plan(self, layout: Layout) -> Sequence[Row | None]:
        return layout.rows


class EachBatch:
    """The same filter as one would write it who sees batches alone: each makes a layout of its own."""

    def process(self, batch: Batch) -> Batch:
        keep = [wanted(row) for row in batch.layout.rows]
        layout = Layout(batch.layout.origin, list(compress(batch.layout.rows, keep)))
        return Batch(layout, batch.ts, array("d", compress(batch.values, keep)))


def wanted(row: Row) -> bool:
    """Whether a filter leaves it."""
    return dict(row.labels).get("column", "0") in "02468"


class Case:
    """Collections of a switch, by one way of processing."""

    def __init__(
        self, *processors: Processor[Any], half: bool = False, by_hand: bool = False
    ) -> None:
        self._batcher = Batcher(make_origin(), chain=Chain(processors))
        self._places = range(0, SERIES, 2 if half else 1)
        self._series = tuple(
            OCTETS.series(str(n % 10), f"eth{n // 10}", f"uplink to rack {n // 10}")
            for n in self._places
        )
        self._by_hand = EachBatch() if by_hand else None
        self._ts = 0
        self._written: dict[Layout, int] = {}
        self.samples = 0
        self.bytes = 0

    def run(self, turns: int = TURNS) -> tuple[float, float]:
        """CPU seconds for each sample that came in: sealing and processing alone, and with its record."""
        counted = time.process_time()
        batches = [self._collect() for _ in range(turns)]
        batched = time.process_time()
        for batch in batches:
            self._write(batch)
        came = turns * len(self._series)
        return (batched - counted) / came, (time.process_time() - counted) / came

    def _collect(self) -> Batch:
        self._ts += 1000
        values = [float(self._ts * (place + 1)) for place in self._places]
        report = Report(1.0, 0.5, SERIES, 10.0)  # the same for all, as they are compared by bytes
        (batch,) = self._batcher.make(Columns(self._series, values), report, self._ts).batches
        return batch if self._by_hand is None else self._by_hand.process(batch)

    def _write(self, batch: Batch) -> None:
        number = self._written.get(batch.layout)
        if number is None:
            number = self._written[batch.layout] = len(self._written)
            self.bytes += len(encode_layout(batch.layout))
        self.bytes += len(encode([batch], [number], segment=1, written=0))
        self.samples += len(batch)


def run(rounds: int = ROUNDS, turns: int = TURNS) -> None:
    """Print CPU and bytes a sample of each way, taken in turn, so that what else goes on meets all alike."""
    report.settings([], "the batch that never had these rows")
    cases = {
        "none": Case(),
        "none, and only the rows that the filter leaves": Case(half=True),
        "one that changes nothing": Case(Pass(ProcessorConfig())),
        "filter, leaves half": Case(Filter(ProcessorConfig())),
        "the same, with a layout for each batch": Case(by_hand=True),
        "scale, a step": Case(Scale(ProcessorConfig())),
    }
    for case in cases.values():
        case.run(2)  # plans are made, caches are warm
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, case in cases.items():
            spent[name].append(case.run(turns))
    rows: list[list[object]] = []
    for name, case in cases.items():
        sealing, whole = (min(column) * 1e6 for column in zip(*spent[name], strict=True))
        rows.append([name, sealing, whole, case.bytes / case.samples])
    for row in rows:
        row.insert(2, float(str(row[1])) / float(str(rows[0][1])))
    head = ("processor", "CPU us/sample", "ratio", "with its record", "B/sample")
    report.table(f"{SERIES} samples a collection, best of {rounds} rounds", head, rows)
