"""aggregate beside vmagent's stream aggregation, on the same samples: equal to the last bit."""

import random
import struct

import cramjam
import pytest
import requests
import yaml

from orbital_processors import Aggregate, AggregateConfig
from orbital_remote_write.remote_write_pb2 import WriteRequest
from orbital_sdk import Layout, Row
from orbital_sdk.testing import make_batch, make_origin
from orbital_testbench import Answer

FUNCTIONS = {
    "min": "min", "max": "max", "avg": "avg", "sum": "sum_samples", "count": "count_samples", "last": "last",
    "stddev": "stddev",
}  # fmt: skip
GROUPINGS = [{"by": ["a"]}, {"by": ["a", "b"]}, {"without": ["b"]}, {}]
ROWS = [
    (name, {"a": a, "b": b, "c": "z"})
    for name in ("bench_one", "bench_two")
    for a in "xyz"
    for b in "12345"
]
POLLS = 40
DAY = 86_400


@pytest.mark.real
def test_equal_to_vmagent(start_vmagent, hostile_server, tmp_path):
    """Each aggregate of each series has the bits that vmagent gives it."""
    polls = made()
    hostile_server.default = Answer(204)
    config = tmp_path / "aggregation.yml"
    sections = [
        {"interval": "24h", "outputs": [*FUNCTIONS.values()], "flush_on_shutdown": True} | grouping
        for grouping in GROUPINGS
    ]
    config.write_text(yaml.safe_dump(sections))
    agent = start_vmagent(
        f"{hostile_server.url}/write",
        flags=[f"-remoteWrite.streamAggr.config={config}", "-remoteWrite.forcePromProto"],
    )
    for ts, values in polls:  # one by one: vmagent takes the parts of a large body in any order
        lines = [line(*row, value, ts) for row, value in zip(ROWS, values, strict=True)]
        url = f"{agent.url}/api/v1/import/prometheus"
        requests.post(url, data="".join(lines), timeout=30).raise_for_status()
    agent.stop()
    theirs = received(hostile_server)
    for grouping in GROUPINGS:
        ours = aggregated(polls, grouping)
        assert len(ours) > len(FUNCTIONS)
        assert {series: theirs.get(series) for series in ours} == ours


def made():
    """Values of many sizes, the same each time."""
    chance = random.Random(18)
    day = 1_700_000_000_000 // (DAY * 1000) * DAY * 1000
    return [
        (day + 1000 * poll, [chance.uniform(-1, 1) * 10 ** chance.randint(-6, 9) for _ in ROWS])
        for poll in range(POLLS)
    ]


def line(name, labels, value, ts):
    texts = ",".join(f'{label}="{text}"' for label, text in labels.items())
    return f"{name}{{{texts}}} {value!r} {ts}\n"


def received(server):
    """What vmagent sent: bits by series."""
    found = {}
    for request in server.requests:
        message = WriteRequest.FromString(bytes(cramjam.snappy.decompress_raw(request.body)))
        for series in message.timeseries:
            key = frozenset((label.name, label.value) for label in series.labels)
            found[key] = struct.pack("<d", series.samples[-1].value)
    return found


def aggregated(polls, grouping):
    """What ours gives, by vmagent's names: bits by series."""
    settings = {
        "match": [{"metric": "*"}],
        "interval": "24h",
        "over": "agent",
        "functions": [*FUNCTIONS],
    }
    processor = Aggregate(AggregateConfig.model_validate(settings | grouping))
    layout = Layout(make_origin(), [Row(name, labels) for name, labels in ROWS])
    step = processor.plan(layout).step
    for ts, values in polls:
        step(make_batch(values, ts=ts, layout=layout))
    return {
        frozenset({"__name__": renamed(row.name), **dict(row.labels)}.items()): struct.pack(
            "<d", value
        )
        for batch in processor.flush(2**62, last=False)
        for row, _, value in batch.items()
    }


def renamed(name):
    before, _, function = name.rpartition("_")
    return f"{before.replace(':1d', ':24h')}_{FUNCTIONS[function]}"
