"""The agent's state as plain data, for `/api/v1` and the command line."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from orbital_runtime.slices import in_slices
from orbital_runtime.telemetry.health import reasons
from orbital_runtime.telemetry.task_counts import TaskCounts, count_tasks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orbital_runtime.model import Task, TaskState
    from orbital_runtime.plugins.placement import Placed
    from orbital_runtime.plugins.updates import Updates
    from orbital_runtime.sender.status import OutputStatus
    from orbital_runtime.telemetry.sources import Sources

View = dict[str, Any]
NEVER_RAN: Final[View] = {
    "status": "unusable", "error_kind": "Unusable", "warning": "", "paused": "",
    "runs": 0, "failed": 0, "failures_in_a_row": 0, "missed": 0, "skipped": {}, "samples": 0, "busy": 0.0,
    "target": "", "left_out": {},
    **dict.fromkeys((
        "interval", "timeout", "priority", "up", "next_look", "last_started", "last_duration", "last_samples",
        "series", "lateness", "next_run",
    )),
}  # fmt: skip
"""The fields of a task that cannot run here: the same as for other tasks."""


@dataclass(frozen=True, slots=True)
class BoundViews:
    """The views of one agent, for its extensions. As `orbital_runtime.extensions.Views`."""

    sources: Sources

    async def status(self) -> View:
        return await status(self.sources)

    async def tasks(
        self, *, limit: int, offset: int = 0, wanted: Mapping[str, str] | None = None
    ) -> View:
        return await tasks(self.sources, limit=limit, offset=offset, wanted=wanted)

    def outputs(self) -> list[View]:
        return outputs(self.sources)

    def plugins(self) -> View:
        return plugins(self.sources)

    def ledger(self) -> dict[str, View]:
        return ledger(self.sources)

    def processors(self) -> dict[str, View]:
        return processors(self.sources)

    def attempts(self) -> dict[str, list[View]]:
        return {
            name: [one._asdict() for one in tally.attempts]
            for name, tally in self.sources.sender.tallies().items()
        }


async def status(sources: Sources) -> View:
    """The whole status. Times are milliseconds UTC, durations seconds."""
    counted = await count_tasks(sources.scheduler)
    identity, path = sources.identity(), sources.settings_path()
    found, fallback = reasons(sources), sources.fallback()
    return {
        "state": sources.state(),
        "ready": not any(r.blocks for r in found),
        "reasons": [asdict(r) for r in found],
        "version": sources.version,
        "sentinel": {
            "id": identity.id,
            "name": identity.name,
            "region": identity.region,
            "labels": dict(identity.labels),
        },
        "configuration": str(path) if path else None,
        "notes": list(sources.notes()),
        "reload": asdict(sources.reloaded()),
        "last_good_ms": fallback.kept_ms if fallback else None,
        "uptime": sources.uptime,
        "tasks": _task_counts(sources, counted),
        "buffer": buffer(sources),
        "outputs": outputs(sources),
        **{one.name: one.status() for one in sources.extensions},
    }


def _task_counts(sources: Sources, counted: TaskCounts) -> View:
    totals = sources.scheduler.totals
    return {
        "total": len(sources.scheduler.states()),
        "by_status": dict(counted.by_status),
        "paused": counted.paused,
        "runs": totals.runs,
        "success": totals.success,
        "failed": totals.failed,
        "missed": totals.missed,
        "skipped": dict(totals.skipped),
        "running": sources.scheduler.running,
        "waiting": sources.scheduler.waiting,
        "slots": sources.scheduler.slots,
    }


async def tasks(
    sources: Sources, *, limit: int, offset: int = 0, wanted: Mapping[str, str] | None = None
) -> View:
    """A page of tasks, in the configuration's order. Tasks added or removed meanwhile may be missing.

    Args:
        sources: The parts of the agent.
        limit: Maximum tasks on the page.
        offset: Number of tasks before the page.
        wanted: Only tasks with these values of `key`, `status`, `plugin` or `device_id`.
    """
    states = sources.scheduler.states()
    keys = list(states)
    if wanted:
        known = in_slices(keys)
        keys = [key async for key in known if key in states and _is_wanted(*states[key], wanted)]
    page = in_slices(keys[offset : offset + limit])
    rows = [_task(sources, key, *states[key]) async for key in page if key in states]
    others = [row for row in _unusable(sources) if _has(row, wanted or {})]
    after = max(0, offset - len(keys))
    rows += others[after : after + limit - len(rows)]
    return {"total": len(keys) + len(others), "tasks": rows}


def _is_wanted(task: Task, state: TaskState, wanted: Mapping[str, str]) -> bool:
    has = {"key": task.key, "status": str(state.status), "plugin": task.plugin}
    return _has(has | {"device_id": task.device_id}, wanted)


def _has(row: View, wanted: Mapping[str, str]) -> bool:
    return all(row[name] == value for name, value in wanted.items())


def _unusable(sources: Sources) -> list[View]:
    """Tasks of extensions that cannot run here, in the form of the others."""
    return [
        NEVER_RAN
        | {"key": f"{one.name}/{name}", "id": name, "source": one.name, "plugin": task.plugin}
        | {"device_id": task.device_id, "error": task.reason}
        for one in sources.extensions
        for name, task in one.unusable().items()
    ]


def _task(sources: Sources, key: str, task: Task, state: TaskState) -> View:
    last, record = state.last, sources.engine.record(key)
    now, now_ms = sources.clock.steady(), sources.clock.utc_ms()
    return {
        "key": key,
        "id": task.id,
        "source": task.source,
        "plugin": task.plugin,
        "device_id": task.device_id,
        "target": record.target if record else "",
        "interval": task.interval,
        "timeout": task.timeout,
        "priority": task.priority,
        "status": str(state.status),
        "up": last.up if last else None,
        "error": last.error if last else "",
        "error_kind": last.error_kind if last else "",
        "warning": task.warning,
        "paused": state.paused,
        "next_look": now_ms + round(max(0.0, state.next_look - now) * 1000)
        if state.paused
        else None,
        "last_started": last.started_ms if last else None,
        "last_duration": last.duration if last else None,
        "last_samples": last.samples if last else None,
        "series": last.series if last else None,
        "lateness": state.lateness,
        "runs": state.runs,
        "failed": state.failed,
        "failures_in_a_row": state.failures,
        "missed": state.missed,
        "skipped": dict(state.skipped),
        "left_out": dict(record.batcher.left_out) if record else {},
        "samples": state.samples,
        "busy": state.busy,
        "next_run": now_ms + round((state.next_due - now) * 1000) if state.next_due else None,
    }


def buffer(sources: Sources) -> View:
    """Waiting samples, and samples that were never accepted, by reason."""
    return asdict(sources.buffer.usage()) | {"lost": dict(sources.committer.lost)}


def outputs(sources: Sources) -> list[View]:
    """Every output with its ledger, including those without a writer while samples wait for them."""
    accounts, status = ledger(sources), sources.sender.status()
    orphans = sources.buffer.orphans()
    views = [_output(one) | {"ledger": accounts.pop(name, None)} for name, one in status.items()]
    others = [
        {"name": name, "phase": "orphaned" if name in orphans else "none", "reason": "",
         "orphaned_since": orphans.get(name), "ledger": account}
        for name, account in accounts.items()
        if account["waiting"] or account["letters"]
    ]  # fmt: skip
    return [*views, *others]


def _output(one: OutputStatus) -> View:
    return asdict(one) | {"phase": str(one.phase), "breaker": str(one.breaker)}


def ledger(sources: Sources) -> dict[str, View]:
    """For each output: accepted = delivered + waiting + dead_lettered + the sum of dropped, and
    dead_lettered = letters + the sum of letters_gone.
    """
    return {
        name: {
            "accepted": account.accepted,
            "delivered": account.delivered,
            "waiting": account.waiting,
            "dead_lettered": account.dead_lettered,
            "dropped": dict(account.dropped),
            "letters": account.letters,
            "letters_gone": dict(account.letters_gone),
            "recovered": account.recovered,
        }
        for name, account in sources.buffer.ledger.accounts().items()
    }


def processors(sources: Sources) -> dict[str, View]:
    """What each processor did with samples since the start, by its name."""
    totals = sources.engine.processing.chain.totals
    counts = {"dropped": totals.dropped, "made": totals.made, "lost": totals.lost}
    counts["errors"] = totals.errors
    configured = (one.name for one in sources.engine.processing.chain.processors)
    names = dict.fromkeys(chain(configured, *counts.values()))
    return {name: {what: counted[name] for what, counted in counts.items()} for name in names}


def plugins(sources: Sources) -> View:
    """Plugins that started, that did not start, and that are broken."""
    engine, updates = sources.engine, sources.updates
    return {
        "running": [_placed(one, updates) for one in updates.placed()],
        "started": dict(Counter(sources.instances.running())),
        "failed": sources.instances.failed(),
        "broken": [asdict(broken) for broken in sources.registry.broken()],
        "bugs": dict(engine.totals.bugs),
        "stuck_threads": dict(engine.invoker.overruns.stuck),
        "abandoned_runs": dict(engine.invoker.overruns.abandoned),
        "refused_samples": dict(engine.totals.refused),
    }


def _placed(one: Placed, updates: Updates) -> View:
    return {
        "name": one.name,
        "loaded": one.loaded,
        "installed": one.installed,
        "processes": [process._asdict() for process in one.processes],
        "moved": updates.moved.get(one.name, ""),
        "update_failed": updates.failed.get(one.name, ""),
    }
