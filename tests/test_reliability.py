"""An agent on a disk buffer with an output for each way to fail, all at once, and sinks that keep ledgers."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from contextlib import ExitStack
from email.utils import formatdate

import pytest

from orbital_testbench import (
    Answer,
    CloseAfterHeaders,
    CutAnswer,
    CutConnection,
    Garbage,
    HostileServer,
    NoAnswer,
    wait_until,
)

ROWS = 2000
BAD = 4321.0
"""The value that one destination refuses: one sample of a run of 2,000, and of no other run."""
COUNTER = f"""
from orbital_sdk import Columns, DeviceFields, Metric, Plugin, PluginConfig, Session

class Device(DeviceFields):
    host: str
    rows: int

class Counter(Plugin[Device, PluginConfig]):
    name = "counter"
    summary = "Counts its runs"
    number = Metric("run_number", "Of this process", labels=("row",))

    async def open(self, device):
        return Counting([self.number.series(str(n)) for n in range(device.rows)])

class Counting(Session):
    def __init__(self, series):
        self.series, self.run = series, 0

    async def collect(self, ctx):
        self.run += 1
        values = [float(self.run)] * len(self.series)
        if len(values) == {ROWS} and self.run == 2:
            values[1234] = {BAD}
        return Columns(self.series, values)
"""


class Sink(HostileServer):
    """A destination that fails in its own way until it is `healed`, and knows what it stored."""

    def __init__(self, fault, written, *, stores=False):
        super().__init__()
        self.fault = fault
        self.written = written
        self.stores = stores
        """Whether it stores what came although its answer does not say so."""
        self.stored = Counter()
        self.ambiguous = set()
        self.latest = []
        self.under_way = set()
        """What the latest request before the stop held: its answer may have come too late for that."""
        self.healed = threading.Event()
        self.default = self.answer

    def answer(self, request):
        healed = self.healed.is_set()  # as it came: to read it takes a while
        self.latest = found = self.written(request.body)
        step = Answer(204) if healed else self.fault
        step = step(request, found) if callable(step) else step
        stored = isinstance(step, Answer) and step.status < 300
        if stored or (self.stores and not healed):
            self.stored.update(found)
            if not stored:
                self.ambiguous.update(found)
        return step


def slowly(request, found):
    time.sleep(0.3)
    return Answer(200)


def refuses_one(request, found):
    """As Prometheus: nothing of the request is stored."""
    bad = any(sample.value == BAD for sample in found)
    return Answer(400, body=b"out of bounds") if bad else Answer(204)


def refuses_large(request, found):
    return Answer(413) if len(request.body) > 4000 else Answer(204)


def until_a_date(request, found):
    return Answer(429, {"Retry-After": formatdate(time.time() + 1, usegmt=True)})


FAULTS = {
    "none": (Answer(204), False),
    "slow": (slowly, False),
    "500": (Answer(500, body=b"internal"), False),
    "429-seconds": (Answer(429, {"Retry-After": "1"}), False),
    "429-date": (until_a_date, False),
    "400-for-one": (refuses_one, False),
    "413": (refuses_large, False),
    "401": (Answer(401), False),
    "closes-after-headers": (CloseAfterHeaders(200), True),
    "stores-and-cuts": (CutAnswer(), True),
    "resets": (CutConnection(), False),
    "garbage": (Garbage(), False),
    "never-answers": (NoAnswer(), False),
}  # fmt: skip


IMPATIENT = {"never-answers": {"timeout": "1s"}}
FAILING = [name for name in FAULTS if name not in ("none", "slow", "400-for-one", "413")]
"""Those that take nothing at all until they are healed."""
TASKS = [
    {"id": host, "plugin": "counter", "interval": every, "config": {"host": host, "rows": rows}}
    for host, every, rows in (("small", "100ms", 20), ("large", "700ms", ROWS))
]


def configure(sentinel, sinks, tasks, own):
    sentinel.configure(
        buffer={"type": "disk", "disk_path": "buffer", "flush_interval": "100ms"},
        sender={
            "timeout": "60s",
            "retry_interval": "50ms",
            "retry_max_interval": "200ms",
            "breaker": {"failures": 5, "reset": "500ms"},
            "direct": {
                name: {
                    "writer": "prometheus",
                    "url": f"{sink.url}/api/v1/write",
                    **own.get(name, {}),
                }
                for name, sink in sinks.items()
            },
        },
        tasks=tasks,
    )


class Story:
    """What happened, for the tests to look at."""

    def __init__(self, sinks):
        self.sinks = sinks
        self.during = {}
        """The status of each output while they failed."""
        self.after = {}
        """Their ledgers on the disk, at the end."""
        self.lives = 0
        self.codes = []
        """Exit codes."""
        self.log = ""


@pytest.fixture(scope="module")
def story(shared_sentinel, ledgers_of, written):
    """Faults, SIGTERM during all of them, a start with all of them; then they heal and all is delivered."""
    sentinel = shared_sentinel
    sentinel.install("acme-counter", COUNTER, counter="Counter")
    sinks = {name: Sink(fault, written, stores=stores) for name, (fault, stores) in FAULTS.items()}
    story = Story(sinks)
    with ExitStack() as open_sinks:
        for sink in sinks.values():
            open_sinks.enter_context(sink)
        configure(sentinel, sinks, TASKS, IMPATIENT)
        suffer(sentinel, story)
        story.codes.append(sentinel.end(signal.SIGTERM))
        for sink in sinks.values():
            sink.under_way = set(sink.latest)
        suffer(sentinel, story)
        heal(sentinel, sinks)
        wait_until(lambda: settled(sentinel), timeout=120, what="delivery of all that waited")
        story.codes.append(sentinel.end(signal.SIGTERM))
        story.after = ledgers_of(sentinel.folder / "buffer")
        story.log = sentinel.log.read_text()
        yield story


def suffer(sentinel, story):
    """Start, and go on until each fault was met, and the bad sample of this life was stored and refused."""
    healthy = story.sinks["none"].stored
    story.lives += 1
    sentinel.start("--config", "config.yaml")
    wait_until(lambda: sum(sample.value == BAD for sample in list(healthy)) == story.lives)
    wait_until(lambda: sentinel.account("400-for-one")["dead_lettered"] == story.lives)
    wait_until(lambda: all(told(sentinel)[name]["last_error"] for name in FAILING))
    story.during = told(sentinel)


def heal(sentinel, sinks):
    """The reload is how somebody who repaired the 401 says so. Whoever was impatient is so no longer: a busy
    machine answers late, and then the same samples come again.
    """
    for name in sinks.keys() - IMPATIENT.keys():
        sinks[name].healed.set()
    configure(sentinel, sinks, [], {})
    wait_until(lambda: not sentinel.status()["tasks"]["total"])
    for name in IMPATIENT:
        sinks[name].healed.set()


def told(sentinel):
    """The status of each output."""
    return {one["name"]: one for one in sentinel.status()["outputs"]}


def settled(sentinel):
    """No task runs any more, and nothing waits."""
    status = sentinel.status()
    waiting = [one["name"] for one in status["outputs"] if one["ledger"]["waiting"]]
    return not status["tasks"]["total"] and not waiting


@pytest.mark.parametrize("name", FAULTS)
def test_nothing_is_lost(story, name):
    """What one output got, over a SIGTERM and a start in the middle, all others got, to the sample."""
    missing = set(story.sinks["none"].stored) - set(story.sinks[name].stored)
    expected = {sample for sample in story.sinks["none"].stored if sample.value == BAD}
    assert missing == (expected if name == "400-for-one" else set())
    assert not set(story.sinks[name].stored) - set(story.sinks["none"].stored)


@pytest.mark.parametrize("name", FAULTS)
def test_only_what_was_in_doubt_comes_twice(story, name):
    """A destination gets again what it stored without saying so in time, and nothing else."""
    sink = story.sinks[name]
    twice = {sample for sample, times in sink.stored.items() if times > 1}
    assert twice <= sink.ambiguous | sink.under_way
    assert twice or not FAULTS[name][1]


@pytest.mark.parametrize("name", FAULTS)
def test_the_ledger_is_what_the_destination_says(story, name):
    """Accepted, delivered, refused: the figures on the disk are the sink's own."""
    ledger, sink = story.after[name], story.sinks[name]
    refused = story.lives if name == "400-for-one" else 0
    assert ledger.accepted == len(story.sinks["none"].stored)
    assert ledger.delivered == len(sink.stored)
    assert ledger.dead_lettered == refused
    assert (ledger.waiting, ledger.dropped.total()) == (0, 0)


@pytest.mark.parametrize("name", FAILING)
def test_what_fails_waits_and_the_rest_goes_on(story, name):
    """While an output fails, its samples wait, its error is told, and the healthy one keeps up."""
    one, healthy = story.during[name], story.during["none"]
    assert one["waiting"] > healthy["waiting"]
    assert one["last_error"]
    assert healthy["phase"] in ("waiting", "delivering")


def test_sigterm_ends_it_cleanly_during_all_of_them(story):
    """Exit code 0, both times; no traceback, whatever a peer said."""
    assert story.codes == [0, 0]
    assert "Traceback" not in story.log
