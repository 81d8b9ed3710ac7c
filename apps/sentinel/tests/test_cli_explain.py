"""`--explain`: samples before and after the processors, and what each of them did."""

from __future__ import annotations

import pytest

CODE = """
from orbital_sdk import DeviceFields, Metric, Plan, Plugin, PluginConfig, Processor, ProcessorConfig

class Two(Plugin[DeviceFields, PluginConfig]):
    name = "two"
    good, bad = Metric("good"), Metric("bad")

    async def collect(self, device, ctx):
        yield self.good(1.0)
        yield self.bad(2.0)

class Drop(Processor[ProcessorConfig]):
    name = "drop"

    def plan(self, layout):
        return [None if row.name == "bad" else row for row in layout.rows]

class Twice(Processor[ProcessorConfig]):
    name = "twice"

    def plan(self, layout):
        return Plan(layout.rows, lambda batch: [2 * v for v in batch.values])
"""
POINTS = """\
[orbital.plugins]
two = parts:Two
[orbital.processors]
drop = parts:Drop
twice = parts:Twice
"""
CONFIG = """\
processors: [{name: twice}]
sender: {direct: {file: {path: out.jsonl}}}
tasks:
  - {id: a, plugin: two, processors: [{name: drop}]}
"""
TOLD = """\
before: 2 samples
  good 1
  bad 2
drop (task a): left out 1
  - bad 2
twice: changed """


@pytest.fixture
def processed(machine):
    """A machine with two processors, one of them of the task alone."""
    machine.install("parts", POINTS, CODE)
    machine.config(CONFIG)
    return machine


def test_trigger_explains(processed):
    """In text, and in JSON with every sample."""
    done = processed.sentinel("trigger", "a", "--explain")
    assert TOLD in done.out
    assert done.out.rstrip().endswith("after: 1 samples\n  good 2")
    told = processed.sentinel("trigger", "a", "--explain", "--output", "json").data
    assert (told["before"], told["after"]) == (["good 1", "bad 2"], ["good 2"])
    assert [step["processor"] for step in told["steps"]] == ["drop", "twice"]
    assert told["steps"][0]["left_out"] == ["bad 2"]
    assert ["good 1", "good 2"] in told["steps"][1]["changed"]


def test_a_pass_of_all_tasks_explains_and_delivers(processed):
    """What it delivers is what it shows."""
    done = processed.sentinel("run", "--once", "--explain")
    assert done.code == 0, done.err
    assert "drop (task a): left out 1\n  - bad 2" in done.out
    assert '"good"' in (processed.work / "out.jsonl").read_text()
    assert processed.sentinel("run", "--explain").code == 2
