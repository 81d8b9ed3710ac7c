"""Which tasks a sentinel has, what it reports of them, and the manual trigger."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from orbital_devcore.core import Refused

if TYPE_CHECKING:
    from orbital_devcore.core import Core
    from orbital_devcore.wire import Report

BEYOND: Final = 253_402_300_800
"""Seconds: the year 10000, which Go cannot write as JSON."""
OFFLINE_AFTER: Final = 300
"""Seconds without news after which a device counts as offline."""


def tasks(core: Core, sentinel: str) -> dict[str, Any]:
    """Every enabled task of this sentinel, joined with its device. Nobody unknown is told so."""
    mine = core.db.rows("select * from tasks where sentinel_id = ? and enabled = 1", sentinel)
    devices = {row["device_id"]: row for row in core.db.rows("select * from devices")}
    return {
        "config_version": 1,
        "tasks": [_joined(core, task, devices.get(task["device_id"])) for task in mine],
    }


def _joined(core: Core, task: dict[str, Any], device: dict[str, Any] | None) -> dict[str, Any]:
    config: dict[str, Any] = dict(task["config"] or {})
    if device is not None:
        if device["device_type"]:
            config["device_type"] = device["device_type"]
        config = {**(device["connection_config"] or {}), **config}
    shown: dict[str, Any] = {**task, "enabled": bool(task["enabled"]), "config": config}
    return shown if device is None else {**shown, "device": shown_device(core, device)}


def shown_device(core: Core, row: dict[str, Any]) -> dict[str, Any]:
    """A device as the API gives it; an absurd `last_seen` breaks every list that it is in."""
    seen = row["last_seen"]
    if seen is not None and seen >= BEYOND:
        raise Refused(500, None)
    late = seen is None or core.clock.now().timestamp() - seen > OFFLINE_AFTER
    status = "offline" if row["status"] == "online" and late else row["status"]
    moment = None if seen is None else core.clock.text(moment_of(seen))
    return {**row, "group_id": None, "status": status, "last_seen": moment}


def report(core: Core, task_id: str, body: Report) -> None:
    """One run: a row of its own each time, and the task's times move."""
    task = core.db.row("select * from tasks where task_id = ?", task_id)
    if task is None:
        raise core.missing("上报失败", "task not found")
    if len(body.status) > 32:
        raise Refused(500, 10001, "上报失败: ERROR: value too long for type character varying(32)")
    moment = core.clock.reported(body.executed_at)
    executed = core.clock.text(core.clock.now()) if moment is None else core.clock.kept(moment)
    run = body.model_dump() | {"executed_at": executed, "sentinel_id": task["sentinel_id"]}
    core.db.insert("executions", task_id=task_id, **run)
    later = (moment or core.clock.now()) + timedelta(seconds=task["interval_seconds"])
    following = core.clock.text(later) if moment is None else core.clock.kept(later)
    core.db.update(
        "tasks", "task_id", task_id,
        last_executed_at=executed, next_execution_at=following, updated_at=core.clock.true(),
    )  # fmt: skip


def trigger(core: Core, task_id: str) -> None:
    """Nothing marks a task as triggered but a `next_execution_at` that no report explains."""
    moment = core.clock.text(core.clock.now())
    changed = core.db.update(
        "tasks", "task_id", task_id, next_execution_at=moment, updated_at=core.clock.true()
    )
    if not changed:
        raise core.missing("触发失败", "task not found")


def moment_of(seconds: int) -> datetime:
    """A moment of Unix seconds, from the year 1 on."""
    return datetime.fromtimestamp(max(seconds, -62_135_596_800), UTC)
