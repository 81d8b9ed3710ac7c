"""/metrics: every promised name, in a format that parses, with figures that are true."""

from __future__ import annotations

import asyncio
import inspect
import math
import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from orbital_runtime.telemetry import health
from orbital_runtime.telemetry.metrics.exposition import Metrics
from orbital_runtime.telemetry.server.connections import ConnectionLimits, Connections
from orbital_runtime.telemetry.task_counts import SLICE, count_tasks
from orbital_sdk import WriterUnavailable

SEED = {
    "sentinel_info": "gauge",
    "sentinel_uptime_seconds": "gauge",
    "sentinel_config_last_reload_successful": "gauge",
    "sentinel_config_last_reload_success_timestamp_seconds": "gauge",
    "sentinel_tasks_total": "gauge",
    "sentinel_tasks_success_total": "counter",
    "sentinel_tasks_failed_total": "counter",
    "sentinel_task_duration_seconds": "histogram",
    "sentinel_plugins_loaded": "gauge",
    "sentinel_buffer_size": "gauge",
    "sentinel_buffer_usage_percent": "gauge",
    "sentinel_sent_metrics_total": "counter",
    "sentinel_sent_bytes_total": "counter",
    "sentinel_send_errors_total": "counter",
    "sentinel_cpu_usage_percent": "gauge",
    "sentinel_memory_usage_bytes": "gauge",
    "sentinel_goroutines": "gauge",
}
"""The names of the original design, and how each is declared."""


async def scrape(world, **options) -> tuple[str, dict[tuple[str, tuple], float]]:
    """The text, and every sample of it by name and labels, as Prometheus' own parser reads it."""
    snapshot = await Metrics(world.sources, Connections(ConnectionLimits()), **options).snapshot()
    text = snapshot.text().decode()
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = sample.name, tuple(sorted(sample.labels.items()))
            assert key not in found, f"{key} appears twice"
            found[key] = sample.value
    return text, found


async def test_parts_show_what_they_count_themselves(world):
    """Under their own names, beside what became of their background tasks, in a format that parses."""
    host = world.hosts.plugin("acme-bus")
    host.counter("connects", "Connections opened", ("line",)).add(2, 'a "b"\n')
    host.gauge("open", "Connections").set(1)
    world.hosts.writer("recording", "store").counter("rounds", "Rounds").add()

    async def dies():
        raise OSError("no bus")

    await asyncio.wait({host.spawn(dies())})
    text, found = await scrape(world)
    assert "# TYPE orbital_plugin_acme_bus_connects_total counter\n" in text
    assert "# HELP orbital_plugin_acme_bus_open Connections\n" in text
    assert found["orbital_plugin_acme_bus_connects_total", (("line", 'a "b"\n'),)] == 2
    assert found["orbital_plugin_acme_bus_open", ()] == 1
    assert found["orbital_writer_recording_rounds_total", (("output", "store"),)] == 1
    labels = ("kind", "plugin"), ("name", "acme-bus")
    assert found["sentinel_background_tasks_failed_total", labels] == 1
    assert found["sentinel_background_tasks_abandoned_total", labels] == 0
    assert found["sentinel_own_metrics_refused_total", labels] == 0


async def test_every_name_of_the_design_is_there(world):
    """A dashboard made for the original names finds each of them, with its type and without labels."""
    text, found = await scrape(world)
    for name, kind in SEED.items():
        assert f"# TYPE {name} {kind}\n" in text
        first = f"{name}_count" if kind == "histogram" else name
        series = [labels for (n, labels) in found if n == first]
        assert len(series) == 1, name
        assert series == [()] or name == "sentinel_info"
    labels = next(labels for (n, labels) in found if n == "sentinel_info")
    assert [name for name, _ in labels] == ["arch", "os", "version"]


async def test_names_follow_prometheus_conventions(world):
    """Counters end in _total and nothing is declared twice; only the design's own gauge breaks the rule."""
    text, _ = await scrape(world)
    declared = [line.split()[2:] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len({name for name, _ in declared}) == len(declared)
    for name, kind in declared:
        if name != "sentinel_tasks_total":
            assert name.endswith("_total") == (kind == "counter"), name


async def test_runs_are_counted(world):
    """Success, failure, duration, samples and `up` of what ran are told, for all tasks and for each."""
    await world.run("good")
    await world.run("good")
    await world.run("down")
    _, found = await scrape(world)
    task = (("device_id", "good"), ("plugin", "probe"), ("task", "good"))
    assert found["sentinel_tasks_total", ()] == 2
    assert found["sentinel_tasks_success_total", ()] == 2
    assert found["sentinel_tasks_failed_total", ()] == 1
    assert found["sentinel_task_duration_seconds_count", ()] == 3
    assert found["sentinel_task_duration_seconds_bucket", (("le", "+Inf"),)] == 3
    assert found["sentinel_task_runs_total", task] == 2
    assert found["sentinel_task_samples_total", task] == 4
    assert found["sentinel_task_up", task] == 1
    assert found["sentinel_tasks_by_status", (("status", "failed"),)] == 1
    assert found["sentinel_collected_samples_total", ()] == 4
    down = tuple((k, v.replace("good", "down")) for k, v in task)
    assert found["sentinel_task_up", down] == 0
    assert found["sentinel_task_failures_total", down] == 1


async def test_histogram_buckets_are_cumulative(world):
    """Buckets only grow and end in the count, as Prometheus' histogram_quantile needs them."""
    await world.run("good")
    _, found = await scrape(world)
    buckets = {
        math.inf if dict(labels)["le"] == "+Inf" else float(dict(labels)["le"]): value
        for (name, labels), value in found.items()
        if name == "sentinel_task_duration_seconds_bucket"
    }
    values = [buckets[bound] for bound in sorted(buckets)]
    assert values == sorted(values)
    assert values[-1] == found["sentinel_task_duration_seconds_count", ()] == 1


async def test_an_output_that_is_well_has_true_figures(world):
    """When it last took samples, in seconds; and no dead letter, where there is none."""
    await world.run("good")
    await world.settled()
    _, found = await scrape(world)
    store = (("output", "store"),)
    assert (
        found["sentinel_output_last_success_timestamp_seconds", store]
        == world.clock.utc_ms() / 1000
    )
    assert found["sentinel_dead_letters", store] == found["sentinel_dead_letters_bytes", store] == 0


async def test_the_lag_of_the_loop_is_a_histogram(world):
    """Two alarms that were late by 0.3 s and by 2 s: each in its bucket, and their sum."""
    lag, name = world.scheduler.timer.lag, "sentinel_event_loop_lag_seconds"
    lag.observe(0.3)
    lag.observe(2.0)
    text, found = await scrape(world)
    assert f"# TYPE {name} histogram\n" in text
    buckets = {le: found[f"{name}_bucket", (("le", le),)] for le in ("0.25", "0.5", "2.5", "+Inf")}
    assert buckets == {"0.25": 0, "0.5": 1, "2.5": 2, "+Inf": 2}
    assert found[f"{name}_sum", ()] == 2.3
    assert found[f"{name}_count", ()] == 2


async def test_the_ledger_adds_up(world):
    """Accepted = delivered + waiting + dead lettered + dropped, in the figures of one scrape."""
    world.writer.always(WriterUnavailable("away"))
    await world.run("good")
    await world.settled(waiting=True)
    _, before = await scrape(world)
    world.writer.always(None)
    world.sender.send_now()
    await world.settled()
    _, after = await scrape(world)
    output = (("output", "store"),)
    for found in (before, after):
        accepted = found["sentinel_output_accepted_samples_total", output]
        parts = (
            found["sentinel_output_delivered_samples_total", output]
            + found["sentinel_output_waiting_samples", output]
            + found["sentinel_output_dead_lettered_samples_total", output]
            + sum(v for (n, _), v in found.items() if n == "sentinel_output_dropped_samples_total")
        )
        assert accepted == parts == 8  # two samples, and what every run says of itself
    assert before["sentinel_output_waiting_samples", output] == 8
    assert before["sentinel_send_errors_total", ()] >= 1
    assert after["sentinel_sent_metrics_total", ()] == 8
    assert after["sentinel_buffer_size", ()] == 0


async def test_no_age_is_below_zero(world):
    """Batches from before the clock was set back are not minus a month old."""
    world.writer.always(WriterUnavailable("away"))
    await world.run("good")
    await world.settled(waiting=True)
    world.clock.advance(-30 * 86_400)
    _, found = await scrape(world)
    assert found["sentinel_buffer_size", ()] > 0
    assert found["sentinel_buffer_oldest_seconds", ()] == 0


async def test_states_are_one_hot(world):
    """Of an output's states exactly one is 1: alert rules can name the state they mean."""
    _, found = await scrape(world)
    for family in ("sentinel_output_state", "sentinel_output_breaker", "sentinel_state"):
        values = [value for (name, _), value in found.items() if name == family]
        assert sum(values) == 1
        assert set(values) == {0.0, 1.0}


async def test_series_of_single_tasks_are_capped(world):
    """Many tasks do not make a scrape grow without bound: the sums stay, and what is hidden is counted."""
    world.add_tasks(50)
    _, all_ = await scrape(world)
    _, few = await scrape(world, task_series=10)
    _, none = await scrape(world, task_series=0)
    counts = [
        sum(name == "sentinel_task_runs_total" for name, _ in found) for found in (all_, few, none)
    ]
    assert counts == [52, 10, 0]
    assert few["sentinel_tasks_without_series", ()] == 42
    assert all_["sentinel_tasks_without_series", ()] == 0
    assert few["sentinel_tasks_total", ()] == none["sentinel_tasks_total", ()] == 52


async def test_odd_names_are_escaped(world):
    """A task whose id holds quotes, backslashes and line ends does not break the format."""
    odd = 'a"b\\c\nd'
    world.add_task(odd)
    _, found = await scrape(world)
    assert (
        found["sentinel_task_runs_total", (("device_id", odd), ("plugin", "probe"), ("task", odd))]
        == 0
    )


async def test_what_the_process_takes_is_told(world):
    """Memory, loop tasks, threads, and the process and gc families are there."""
    _, found = await scrape(world)
    assert found["sentinel_memory_usage_bytes", ()] > 1_000_000
    assert found["sentinel_goroutines", ()] >= 1
    assert found["sentinel_threads", ()] >= 1
    assert found["process_resident_memory_bytes", ()] > 1_000_000
    assert ("python_gc_collections_total", (("generation", "0"),)) in found


async def test_counting_many_tasks_lets_others_in(world):
    """While thousands of tasks are counted the loop goes on: nobody's run starts late because of a scrape."""
    world.add_tasks(SLICE * 2)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(others())
    counted = await count_tasks(world.scheduler)
    other.cancel()
    assert counted.by_status["pending"] == SLICE * 2 + 2
    assert turns >= 2


async def test_the_documentation_has_every_metric(world):
    """docs/telemetry.md names every metric and no other, and every reason of health.py."""
    page = (Path(__file__).parents[4] / "docs" / "telemetry.md").read_text(encoding="utf-8")
    text, _ = await scrape(world)
    declared = set(re.findall(r"^# TYPE (sentinel_\w+)", text, re.MULTILINE))
    assert set(re.findall(r"`(sentinel_\w+)`", page)) == declared
    words = re.findall(r'Reason\(\s*"(\w+)"', inspect.getsource(health))
    assert len(words) >= 10
    assert [word for word in words if f"`{word}`" not in page] == []


async def test_sums_only_grow(world):
    """An output that is removed takes nothing away from the sums: rate() sees no reset."""
    await world.run("good")
    await world.settled()
    _, before = await scrape(world)
    await world.sender.remove("store")
    await world.add_output("other")
    _, after = await scrape(world)
    for name in (
        "sentinel_sent_metrics_total",
        "sentinel_sent_bytes_total",
        "sentinel_send_errors_total",
    ):
        assert after[name, ()] >= before[name, ()]
