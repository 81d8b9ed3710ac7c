"""Liveness and readiness of the agent, with the reasons.

Alive: the scheduler's loop runs. Ready: it collects, and the samples can be stored or delivered. Reasons that
concern only a part of its work are listed, but do not make it unready.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from orbital_buffer.ledger import BY_FAILURE
from orbital_runtime.extensions.status import Reason
from orbital_runtime.sender.pacing.breaker import State as BreakerState
from orbital_runtime.sender.status import Phase
from orbital_sdk.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orbital_runtime.processor.totals import Failure
    from orbital_runtime.sender.status import OutputStatus
    from orbital_runtime.telemetry.sources import Sources

RECENT: Final = 300.0
"""Seconds for which a blocked event loop, or a failure of a processor, is listed."""
STALLED: Final = 30.0
"""Seconds without a pass of the scheduler's loop, normally one per second, after which it counts as hung."""
FULL: Final = 0.95
"""Fill level from which the buffer is about to refuse or drop samples."""


def alive(sources: Sources) -> Reason | None:
    """Why the agent should be restarted; None if it is alive."""
    idle = sources.clock.steady() - sources.scheduler.heartbeat
    if sources.state() == "running" and idle > STALLED:
        return Reason("stalled", f"the scheduler has not turned for {idle:.0f} s", blocks=True)
    return None


def reasons(sources: Sources) -> list[Reason]:
    """All reasons; the agent is ready if none of them blocks."""
    found = [
        *_state(sources),
        *_configuration(sources),
        *_collecting(sources),
        *_outputs(sources),
        *_orphans(sources),
        *_buffer(sources),
    ]
    found += [reason for one in sources.extensions for reason in one.reasons()]
    found += [*_plugins(sources), *_processes(sources), *_processors(sources), *_series(sources)]
    if stalled := alive(sources):
        found.append(stalled)
    return found


def _state(sources: Sources) -> Iterator[Reason]:
    state = sources.state()
    if state != "running":
        yield Reason(state, f"the agent is {state}", blocks=True)


def _configuration(sources: Sources) -> Iterator[Reason]:
    """A failed reload: where the configuration was refused, the one before stays in effect. At a start with
    `--last-good` that is the one of the process before.
    """
    reload, fallback = sources.reloaded(), sources.fallback()
    if not reload.problems:
        return
    others = f" (and {len(reload.problems) - 1} more)" if len(reload.problems) > 1 else ""
    what = f"{reload.problems[0]}{others}; `sentinel validate` checks the configuration"
    if fallback is None:
        message = f"the reload at {_utc(reload.at_ms)} failed: {what}"
        yield Reason("configuration_refused", message, blocks=False)
    else:
        message = f"it runs on the last good configuration, of {_utc(fallback.kept_ms)}: {what}"
        yield Reason("last_good_configuration", message, blocks=False)


def _utc(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _collecting(sources: Sources) -> Iterator[Reason]:
    """Every run ends within its timeout, so the first runs give a result soon."""
    scheduler, most = sources.scheduler, sources.engine.limits.max_execution_time
    longest = min(scheduler.longest, most)
    if sources.state() == "running" and scheduler.silence > longest + STALLED:
        message = (
            f"tasks are due, and no run has ended for {scheduler.silence:.0f} s, although none may take"
            f" longer than {longest:g} s: nothing is collected; start the agent again"
        )
        yield Reason("nothing_collected", message, blocks=True)


def _outputs(sources: Sources) -> Iterator[Reason]:
    """A paused output needs an operator. An open breaker recovers by itself, while other outputs continue."""
    outputs = sources.sender.status().values()
    if not outputs:
        lost, wait = sources.committer.lost["no_output"], sources.buffer.usage().samples
        waiting = plural(wait, "sample waits", "samples wait")
        message = f"there is no output to deliver to: {waiting}, {lost} {'is' if lost == 1 else 'are'} lost"
        yield Reason("no_output", message, blocks=True)
    others_work = any(_works(output) for output in outputs)
    for output in outputs:
        yield from _output(output, others_work=others_work)


def _output(output: OutputStatus, *, others_work: bool) -> Iterator[Reason]:
    name, why = output.name, output.reason or output.last_error
    waiting = plural(output.waiting, "sample waits", "samples wait")
    if output.phase is Phase.PAUSED:
        message = f"output {name} is paused, {waiting}: {why}"
        yield Reason("output_paused", message, blocks=True, subject=name)
    elif not _works(output):
        message = f"output {name} fails, {waiting}: {why}"
        yield Reason("output_failing", message, blocks=not others_work, subject=name)
    elif output.reason:
        message = f"output {name} failed and is tried again: {why}"
        yield Reason("output_retrying", message, blocks=False, subject=name)
    if output.stuck:
        writes = plural(output.stuck, "write was given up and has", "writes were given up and have")
        message = f"output {name}: {writes} not returned"
        yield Reason("output_stuck", message, blocks=False, subject=name)


def _orphans(sources: Sources) -> Iterator[Reason]:
    """Orphaned outputs: nothing is wrong with them, but no writer delivers their samples."""
    for name in sources.buffer.orphans().keys() - sources.sender.status().keys():
        waiting = plural(sources.buffer.waiting(name), "sample waits", "samples wait")
        message = (
            f"output {name} is not configured any more (or switched off), {waiting} for it: configure it"
            f" again, or `sentinel buffer drop --output {name}`"
        )
        yield Reason("output_orphaned", message, blocks=False, subject=name)


def _works(output: OutputStatus) -> bool:
    idle = output.phase in (Phase.STOPPED, Phase.PAUSED)
    return output.breaker is BreakerState.CLOSED and not idle


def _buffer(sources: Sources) -> Iterator[Reason]:
    usage = sources.buffer.usage()
    fill = usage.fill
    if usage.trouble:
        message = f"the disk takes no samples, new ones wait in memory only: {usage.trouble}"
        yield Reason("buffer_unsaved", message, blocks=False)
    if fill >= FULL:
        message = f"the buffer is {fill:.0%} full: samples are dropped, or collecting waits"
        yield Reason("buffer_full", message, blocks=True)
    elif fill > sources.scheduler.pressure.high_water:
        message = f"the buffer is {fill:.0%} full: tasks slow down, lowest priority first"
        yield Reason("buffer_high", message, blocks=False)


def _plugins(sources: Sources) -> Iterator[Reason]:
    down = sources.instances.failed()
    for name, why in down.items():
        yield Reason("plugin_down", why, blocks=False, subject=name)
    for broken in sources.registry.broken():
        if broken.error not in down.values():
            yield Reason("plugin_broken", broken.error, blocks=False, subject=broken.name)
    if hold := _last_hold(sources):
        yield hold
    overruns = sources.engine.invoker.overruns
    for name, count in overruns.stuck.items():
        if count:
            threads = plural(count, "thread overran and has", "threads overran and have")
            message = f"plugin {name}: {threads} not returned"
            yield Reason("threads_stuck", message, blocks=False, subject=name)
    for name, count in overruns.abandoned.items():
        if count:
            runs = plural(count, "run overran, and goes on", "runs overran, and go on")
            message = f"plugin {name}: {runs} although cancelled"
            yield Reason("runs_abandoned", message, blocks=False, subject=name)


def _processes(sources: Sources) -> Iterator[Reason]:
    """Processes that do not run, newer versions that do not run yet, and those that were not fit."""
    updates = sources.updates
    for one in updates.placed():
        for process in one.processes:
            if process.down:
                kind = "plugin_parked" if process.parked else "plugin_process_down"
                message = f"the process of plugin {one.name} {process.down}"
                yield Reason(kind, message, blocks=False, subject=one.name)
        if version := updates.refused(one):
            message = (
                f"plugin {one.name}: {version} runs, which was refused: its process was started again, and no"
                " other version is installed"
            )
            yield Reason("plugin_refused", message, blocks=False, subject=one.name)
        elif one.is_outdated:
            message = (
                f"plugin {one.name}: {one.loaded} runs, {one.installed} is installed:"
                f" `sentinel plugins reload {one.name}` goes over to it"
            )
            yield Reason("plugin_outdated", message, blocks=False, subject=one.name)
    for name, why in updates.moved.items():
        message = f"plugin {name} runs in a process of its own: {why}"
        yield Reason("plugin_moved", message, blocks=False, subject=name)
    for name, why in updates.failed.items():
        message = f"the last update of plugin {name} was rolled back: {why}"
        yield Reason("plugin_update_failed", message, blocks=False, subject=name)


def _processors(sources: Sources) -> Iterator[Reason]:
    """Failures of processors: runs and deliveries succeed anyway, so they are visible only here."""
    totals = sources.engine.processing.chain.totals
    for name, failure in totals.failures.copy().items():
        yield from _failing(name, name, failure, totals.lost[name])
    for output, tally in sources.sender.tallies().items():
        for name, failure in tally.processor_failures.items():
            account = sources.buffer.ledger.accounts().get(output)
            lost = account.dropped[f"{BY_FAILURE}{name}"] if account else 0
            yield from _failing(f"{name} of output {output}", output, failure, lost)


def _failing(what: str, subject: str, failure: Failure, lost: int) -> Iterator[Reason]:
    if (ago := time.monotonic() - failure.last) <= RECENT:
        since = datetime.fromtimestamp(failure.first, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        message = (
            f"processor {what} lost {lost} samples in {failure.count} failed calls"
            f" since {since}, the last {ago:.0f} s ago: {failure.words}"
        )
        yield Reason("processor_failing", message, blocks=False, subject=subject)


def _series(sources: Sources) -> Iterator[Reason]:
    """Limits of series that are nearly met: samples beyond them are left out."""
    for told in sources.engine.budget.told:
        yield Reason("series_limit", told.words, blocks=False, subject=told.subject)


def _last_hold(sources: Sources) -> Reason | None:
    last = sources.watchdog.last
    if last is None or (ago := time.monotonic() - last.ended) > RECENT:
        return None
    who = f"{last.culprit} blocked the event loop for {last.seconds:.1f} s, {ago:.0f} s ago"
    message = f"{who}: all tasks waited ({last.culprit.place})"
    return Reason("loop_held", message, blocks=False, subject=last.culprit.plugin)
