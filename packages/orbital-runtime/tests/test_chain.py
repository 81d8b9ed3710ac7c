"""Processors: in order, and each one's failure costs what it was given and nothing else."""

from __future__ import annotations

import logging
from array import array

import pytest

from orbital_runtime.processor.chain import Chain, Dropped
from orbital_sdk import Batch, Identity, Layout, Origin, Processor, ProcessorConfig, Row

ORIGIN = Origin("task-1", "fake", "device-1", "10.0.0.1", Identity("s1", "edge"))
ROW = Row("value", {"of": "a"})


def make_batch(*values):
    rows = [Row("value", {"of": str(n)}) for n in range(len(values))]
    return Batch(Layout(ORIGIN, rows), 0, array("d", values))


class Prefix(Processor[ProcessorConfig]):
    name = "prefix"

    def relabel(self, row, origin):
        return Row(f"{origin.plugin}_{row.name}", dict(row.labels))


class Upper(Processor[ProcessorConfig]):
    name = "upper"

    def relabel(self, row, origin):
        return Row(row.name.upper(), dict(row.labels))


class Halve(Processor[ProcessorConfig]):
    """Drops the second half of a batch."""

    name = "halve"

    def process(self, batch):
        return batch.part(0, len(batch) // 2)


class Broken(Processor[ProcessorConfig]):
    name = "broken"

    def relabel(self, row, origin):
        raise ZeroDivisionError

    def process(self, batch):
        raise ZeroDivisionError


@pytest.fixture(autouse=True)
def _quiet(caplog):
    caplog.set_level(logging.CRITICAL, "orbital.processor")


def test_processors_work_in_order():
    """Each sees what the one before made."""
    chain = Chain([Prefix(ProcessorConfig()), Upper(ProcessorConfig())])
    row = chain.relabel(ROW, ORIGIN)
    assert isinstance(row, Row)
    assert row.name == "FAKE_VALUE"
    assert chain.process(make_batch(1)) is not None


def test_no_processors_no_work():
    """Rows and batches pass as the same objects."""
    batch = make_batch(1, 2)
    assert Chain().relabel(ROW, ORIGIN) is ROW
    assert Chain([Prefix(ProcessorConfig())]).process(batch) is batch


def test_what_is_dropped_is_counted():
    """By processor: nothing disappears quietly."""
    chain = Chain([Halve(ProcessorConfig()), Halve(ProcessorConfig())])
    left = chain.process(make_batch(1, 2, 3, 4, 5))
    assert left is not None
    assert list(left.values) == [1]
    assert chain.totals.dropped == {"halve": 4}
    assert chain.process(make_batch(1)) is None
    assert chain.totals.dropped == {"halve": 5}


def test_a_processor_that_raises_costs_only_its_sample_or_batch(caplog):
    """Counted each time, logged once with its traceback."""
    caplog.set_level(logging.ERROR, "orbital.processor")
    chain = Chain([Broken(ProcessorConfig())])
    assert chain.relabel(ROW, ORIGIN) == Dropped("processor_error")
    for _ in range(3):
        assert chain.process(make_batch(1, 2)) is None
    assert chain.totals.errors == {"broken": 4}
    assert chain.totals.lost == {"broken": 6}
    assert len(caplog.records) == 1
    assert "ZeroDivisionError" in caplog.text


class Says(Processor[ProcessorConfig]):
    """Answers whatever it is given."""

    name = "says"
    answer = None

    def relabel(self, row, origin):
        return self.answer

    def process(self, batch):
        return self.answer


TWICE = Layout(ORIGIN, [Row("value", {}), Row("value", {})])


@pytest.mark.parametrize(
    "answer",
    [
        "text",
        42,
        Batch(Layout(ORIGIN, [ROW]), 0, array("d", [1, 2])),
        Batch(Layout(ORIGIN, [ROW]), 0, array("d", [1]), array("q", [1, 2])),
        Batch(TWICE, 0, array("d", [1, 2])),
    ],
    ids=["text", "number", "too many values", "too many times", "a series twice"],
)
def test_what_no_buffer_may_hold_does_not_get_there(answer):
    """A processor that answers nonsense has failed like one that raises."""
    says = Says(ProcessorConfig())
    says.answer = answer
    chain = Chain([says])
    assert chain.process(make_batch(1, 2, 3)) is None
    assert chain.totals.lost == {"says": 3}
    assert chain.relabel(ROW, ORIGIN) == Dropped("processor_error")


def test_counts_go_on_over_a_reload():
    """Totals only grow, whatever processors come and go."""
    first = Chain([Broken(ProcessorConfig())])
    first.process(make_batch(1))
    second = Chain([Halve(ProcessorConfig())], first.totals)
    second.process(make_batch(1, 2))
    assert (second.totals.errors, second.totals.dropped) == ({"broken": 1}, {"halve": 1})
