"""What a part is given at its start, as tests have it: own metrics, background tasks, a clock, a folder."""

import asyncio
import contextlib
import logging
import threading

import pytest

from orbital_sdk import DeviceFields, Metric, Plugin, PluginConfig
from orbital_sdk.hosting.own_metrics import LONGEST, MOST_NAMES, MOST_SERIES, OwnMetrics
from orbital_sdk.testing import FakeHost, runs_of


def shown(metrics: OwnMetrics) -> dict[str, dict[tuple[str, ...], float]]:
    return {family.name: family.values for family in metrics.families()}


def test_a_counter_counts_by_labels():
    """One without labels is there from the beginning, at zero; `_total` is added where it is missing."""
    host = FakeHost()
    plain = host.counter("opened", "Connections opened")
    by_line = host.counter("lost_total", "Connections lost", ("line", "why"))
    assert host.value("opened_total") == 0
    plain.add()
    plain.add(2.5)
    by_line.add(1, "bus-1", "reset")
    by_line.add(2, "bus-1", "reset")
    assert host.value("opened_total") == 3.5
    assert host.value("lost_total", "bus-1", "reset") == 3
    with pytest.raises(AssertionError, match=r"no own metric lost_total \['bus-2', 'reset'\]"):
        host.value("lost_total", "bus-2", "reset")


def test_instances_of_a_part_add_up():
    """Counts stay when an instance ends; what its gauges said goes, and what comes late counts no more."""
    metrics = OwnMetrics(print)
    counters = [metrics.counter("asked", "Requests", ()) for _ in range(2)]
    gauges = [metrics.gauge("open", "Connections", ("line",)) for _ in range(2)]
    for number, (counter, gauge) in enumerate(zip(counters, gauges, strict=True), 1):
        counter.add(number)
        gauge.set(10, "a")
        gauge.set(number, "a")
        gauge.add(2, "a")
    assert shown(metrics) == {"asked_total": {(): 3}, "open": {("a",): 7}}
    gauges[0].close()
    gauges[0].set(99, "a")
    gauges[0].close()
    assert shown(metrics) == {"asked_total": {(): 3}, "open": {("a",): 4}}


def test_no_count_is_lost_between_threads():
    """A plain `def collect` counts on threads of the agent's."""
    host = FakeHost()
    counter = host.counter("reads", "Reads")
    threads = [
        threading.Thread(target=lambda: [counter.add() for _ in range(2000)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert host.value("reads_total") == 8000


def test_a_part_has_so_many_series_and_no_more():
    """What finds no room is counted, and said once; what is there goes on. Neither labels that never end nor
    names that never end fill the agent.
    """
    said: list[str] = []
    metrics = OwnMetrics(said.append)
    requests = metrics.counter("requests", "Requests", ("url",))
    for number in range(MOST_SERIES + 5):
        requests.add(1, f"/{number}")
    requests.add(1, "/0")
    requests.add(1, "x" * (LONGEST + 1))
    assert len(shown(metrics)["requests_total"]) == MOST_SERIES
    assert shown(metrics)["requests_total"]["/0",] == 2
    assert metrics.refused == 6
    for number in range(MOST_NAMES + 5):
        metrics.gauge(f"gauge_{number}", "One of many", ()).set(1)
    assert len(shown(metrics)) == MOST_NAMES
    assert len(said) == 1
    assert "requests_total['/1000']" in said[0]
    assert "only counted from now on" in said[0]


@pytest.mark.parametrize(
    ("use", "words"),
    [
        (lambda host: host.counter("has-hyphen", "x"), "'has-hyphen_total' is not a name"),
        (lambda host: host.counter("x", "x", ("a b",)), "'a b' is not a name"),
        (lambda host: host.counter("x", "x", ("a", "a")), "has a label twice"),
        (lambda host: host.gauge("seen_total", "x"), "is a counter with the labels"),
        (lambda host: host.counter("seen", "x", ("a",)), "is a counter with the labels"),
        (lambda host: host.counter("seen", "x").add(-1), "cannot count -1"),
        (lambda host: host.counter("seen", "x").add(float("nan")), "cannot count nan"),
        (lambda host: host.counter("seen", "x").add(1, "more"), "has the labels"),
        (lambda host: host.counter("y", "x", ("a",)).add(1, 7), "has the labels"),
        (lambda host: host.gauge("g", "x").set(float("inf")), "cannot be inf"),
    ],
)
def test_a_wrong_use_is_a_value_error(use, words):
    """It belongs to the part that did it, and says what is wrong."""
    host = FakeHost()
    host.counter("seen", "What is there already")
    with pytest.raises(ValueError, match=words):
        use(host)


async def test_background_tasks_end_with_their_host():
    """Cancelled and awaited, whatever they clean up; nothing begins afterwards."""
    host, began, cleaned = FakeHost(), asyncio.Event(), []

    async def poll():
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append("yes")

    task = host.spawn(poll())
    assert task.get_name().endswith("poll")
    await began.wait()
    await host.close()
    await host.close()
    assert cleaned == ["yes"]
    with pytest.raises(RuntimeError, match="after the stop began"):
        host.spawn(poll())


async def test_what_a_background_task_gives_can_be_awaited():
    """It is an ordinary task of asyncio."""
    host = FakeHost()

    async def answer():
        return 42

    assert await host.spawn(answer(), "answering") == 42
    await host.close()


async def test_a_background_task_that_died_or_stays_fails_the_test():
    """The kit says which, and of what."""
    host, release = FakeHost(), asyncio.Event()

    async def dies():
        raise OSError("no such bus")

    async def stays():
        while not release.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await release.wait()

    staying = host.spawn(stays(), "stays")
    await asyncio.wait({host.spawn(dies(), "dies")})
    with pytest.raises(AssertionError) as caught:
        await host.close(within=0.01)
    assert "'dies' died of OSError('no such bus')" in str(caught.value)
    assert "'stays' still runs 0.01 s after it was cancelled" in str(caught.value)
    release.set()
    await staying


async def test_spawn_takes_a_coroutine_on_the_loop():
    """A function that was not called, or another thread, is a mistake that is explained."""
    host = FakeHost()

    async def work():
        pass

    with pytest.raises(TypeError, match="takes a coroutine"):
        host.spawn(work)
    with pytest.raises(RuntimeError, match="on a thread that has no event loop"):
        await asyncio.to_thread(lambda: host.spawn(work()))


def test_the_clock_is_turned_by_hand(tmp_path):
    """Both of its times go on by as much; it begins with the present."""
    host = FakeHost(tmp_path, "orbital.plugin.mine")
    before = host.clock.utc_ms(), host.clock.monotonic()
    assert (host.clock.utc_ms(), host.clock.monotonic()) == before
    host.clock.advance(1.5)
    assert host.clock.utc_ms() - before[0] == 1500
    assert host.clock.monotonic() - before[1] == pytest.approx(1.5)
    assert host.folder == tmp_path
    assert host.log is logging.getLogger("orbital.plugin.mine")


class Pulse(Plugin[DeviceFields, PluginConfig]):
    """Counts its collections and its beats in the background."""

    name = "pulse"
    beats = Metric("pulse_beats", "Beats so far")

    async def start(self, host):
        self.asked = host.counter("asked", "Collections")
        self.first, self.count = asyncio.Event(), 0
        host.spawn(self.beat())

    async def beat(self):
        self.count += 1
        self.first.set()
        await asyncio.Event().wait()

    async def collect(self, device, ctx):
        self.asked.add()
        await self.first.wait()
        yield self.beats(self.count)


async def test_runs_have_a_host():
    """Own metrics are to be looked at between runs; what runs in the background ends with them."""
    async with runs_of(Pulse, {}) as runs:
        for number in (1, 2):
            assert (await runs.collect()).value("pulse_beats") == 1
            assert runs.host.value("asked_total") == number
