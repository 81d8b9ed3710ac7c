"""Metrics of collecting: sums over all tasks, and a limited number of single tasks."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from orbital_runtime.telemetry.metrics.families import counter, counters, gauge, gauges, histogram

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client.core import Metric

    from orbital_runtime.model import Run, TaskState
    from orbital_runtime.telemetry.sources import Sources
    from orbital_runtime.telemetry.task_counts import TaskCounts

LABELS: Final = ("task", "plugin", "device_id")


def tasks(sources: Sources, counted: TaskCounts) -> Iterator[Metric]:
    """Sums over all tasks."""
    scheduler, totals = sources.scheduler, sources.scheduler.totals
    yield gauge("sentinel_tasks_total", "Tasks that this sentinel runs", len(scheduler.states()))
    yield counter("sentinel_tasks_success_total", "Runs that succeeded", totals.success)
    yield counter("sentinel_tasks_failed_total", "Runs that failed", totals.failed)
    yield counter("sentinel_tasks_cancelled_total", "Runs cut off at stop", totals.cancelled)
    yield counter(
        "sentinel_tasks_missed_total", "Ticks that could not start in time", totals.missed
    )
    yield counters(
        "sentinel_tasks_skipped_total",
        "Ticks passed over on purpose",
        ("reason",),
        [((reason,), count) for reason, count in totals.skipped.items()],
    )
    yield histogram("sentinel_task_duration_seconds", "How long runs took", totals.duration)
    yield histogram(
        "sentinel_task_lateness_seconds", "From a run's tick to its start", totals.lateness
    )
    yield histogram(
        "sentinel_event_loop_lag_seconds",
        "How late the loop's timer came, once a second at least",
        scheduler.timer.lag,
    )
    yield gauge("sentinel_tasks_running", "Runs that hold a slot", scheduler.running)
    yield gauge("sentinel_tasks_waiting", "Runs that wait for a slot", scheduler.waiting)
    yield gauge("sentinel_task_slots", "Runs that may go on at once", scheduler.slots)
    rows = [((status,), count) for status, count in counted.by_status.items()]
    yield gauges("sentinel_tasks_by_status", "Tasks by their present status", ("status",), rows)
    yield gauge(
        "sentinel_tasks_paused", "Tasks that were refused, and look again slowly", counted.paused
    )


def collecting(sources: Sources) -> Iterator[Metric]:
    """Results of runs, as counted by the engine."""
    totals, overruns = sources.engine.totals, sources.engine.invoker.overruns
    yield counter(
        "sentinel_collected_samples_total", "Samples handed to the buffer", totals.samples
    )
    yield counter("sentinel_cut_labels_total", "Labels that were too long", totals.cut_labels)
    for name, text, counts, label in (
        ("sentinel_refused_samples_total", "Samples left out", totals.refused, "reason"),
        (
            "sentinel_stuck_threads_total",
            "Threads that ever overran",
            overruns.stuck_total,
            "plugin",
        ),
        (
            "sentinel_abandoned_runs_total",
            "Coroutines that ignored their end",
            overruns.abandoned_total,
            "plugin",
        ),
    ):
        yield counters(name, text, (label,), [((key,), count) for key, count in counts.items()])
    for name, text, counts in (
        ("sentinel_stuck_threads", "Threads that overran and have not returned", overruns.stuck),
        ("sentinel_abandoned_runs", "Coroutines that go on after their end", overruns.abandoned),
    ):
        yield gauges(name, text, ("plugin",), [((key,), count) for key, count in counts.items()])
    watchdog = sources.watchdog
    yield counters(
        "sentinel_loop_holds_total",
        "Times that something held all tasks, by its name; without one: the agent itself, or a library",
        ("plugin",),
        [((key,), count) for key, count in watchdog.holds.items()],
    )
    yield counters(
        "sentinel_loop_held_seconds_total",
        "Time for which it did",
        ("plugin",),
        [((key,), seconds) for key, seconds in watchdog.seconds.items()],
    )
    chain = sources.engine.processing.chain.totals
    for name, text, counts in (
        (
            "sentinel_processor_dropped_samples_total",
            "Samples that a processor left out",
            chain.dropped,
        ),
        (
            "sentinel_processor_made_samples_total",
            "Samples that a processor added: of new rows, and gathered ones",
            chain.made,
        ),
        ("sentinel_processor_errors_total", "Calls of a processor that failed", chain.errors),
        ("sentinel_processor_lost_samples_total", "Samples lost in such calls", chain.lost),
    ):
        yield counters(
            name, text, ("processor",), [((key,), count) for key, count in counts.items()]
        )


def each_task(sources: Sources, most: int) -> Iterator[Metric]:
    """Series of single tasks, at most `most`, and a metric of how many are left out."""
    states = sources.scheduler.states()
    shown = list(islice(states.values(), most))
    yield gauge(
        "sentinel_tasks_without_series",
        "Tasks that have no series of their own here, because there are too many",
        len(states) - len(shown),
    )
    rows = [((task.key, task.plugin, task.device_id), state) for task, state in shown]
    for name, text, value in _COUNTED:
        yield counters(name, text, LABELS, [(labels, value(state)) for labels, state in rows])
    ran = [(labels, state, state.last) for labels, state in rows if state.last is not None]
    for name, text, measured in _MEASURED:
        yield gauges(name, text, LABELS, [(labels, measured(s, last)) for labels, s, last in ran])
    yield counters(
        "sentinel_task_skipped_total",
        "Ticks of a task passed over on purpose",
        (*LABELS, "reason"),
        [((*labels, reason), count) for labels, s in rows for reason, count in s.skipped.items()],
    )


_COUNTED: Final[tuple[tuple[str, str, Callable[[TaskState], float]], ...]] = (
    ("sentinel_task_runs_total", "Runs of a task", lambda s: s.runs),
    ("sentinel_task_failures_total", "Failed runs of a task", lambda s: s.failed),
    ("sentinel_task_missed_total", "Ticks that could not start in time", lambda s: s.missed),
    ("sentinel_task_samples_total", "Samples of a task", lambda s: s.samples),
    ("sentinel_task_busy_seconds_total", "Time that a task's runs took", lambda s: s.busy),
)
_MEASURED: Final[tuple[tuple[str, str, Callable[[TaskState, Run], float]], ...]] = (
    ("sentinel_task_up", "Whether the device answered the last run", lambda _, r: float(r.up)),
    ("sentinel_task_last_duration_seconds", "How long the last run took", lambda _, r: r.duration),
    ("sentinel_task_last_lateness_seconds", "Lateness of the last run", lambda s, _: s.lateness),
    ("sentinel_task_last_samples", "Samples of the last run", lambda _, r: r.samples),
    ("sentinel_task_series", "Different series of this hour", lambda _, r: r.series),
)
