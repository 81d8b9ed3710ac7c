"""What a person does at the server: devices and tasks are made, changed and taken away."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from orbital_devcore.assignments import shown_device
from orbital_devcore.core import Refused

if TYPE_CHECKING:
    from orbital_devcore.core import Core
    from orbital_devcore.wire import Body, Device, Task


def devices(core: Core) -> list[dict[str, Any]]:
    return [shown_device(core, row) for row in core.db.rows("select * from devices order by id")]


def device(core: Core, device_id: str) -> dict[str, Any]:
    row = core.db.row("select * from devices where device_id = ?", device_id)
    if row is None:
        raise Refused(404, 40401, f"there is no device {device_id!r}")
    return shown_device(core, row)


def add_device(core: Core, body: Device, device_id: str | None = None) -> dict[str, Any]:
    name = device_id or f"dev-{secrets.token_hex(4)}"
    now = core.clock.true()
    core.db.insert(
        "devices",
        device_id=name,
        status="unknown",
        created_at=now,
        updated_at=now,
        **body.model_dump(),
    )
    return device(core, name)


def change_device(core: Core, device_id: str, change: Body) -> dict[str, Any]:
    """What is left out stays."""
    device(core, device_id)
    columns = change.model_dump(exclude_unset=True)
    core.db.update("devices", "device_id", device_id, updated_at=core.clock.true(), **columns)
    return device(core, device_id)


def remove_device(core: Core, device_id: str) -> None:
    """One with tasks stays."""
    device(core, device_id)
    if core.db.row("select id from tasks where device_id = ?", device_id):
        raise Refused(409, 40901, f"device {device_id!r} still has tasks; remove them first")
    core.db.run("delete from devices where device_id = ?", device_id)


def tasks(core: Core) -> list[dict[str, Any]]:
    return [_shown(row) for row in core.db.rows("select * from tasks order by id")]


def task(core: Core, task_id: str) -> dict[str, Any]:
    row = core.db.row("select * from tasks where task_id = ?", task_id)
    if row is None:
        raise Refused(404, 40401, f"there is no task {task_id!r}")
    return _shown(row)


def add_task(core: Core, body: Task, task_id: str | None = None) -> dict[str, Any]:
    _has_device(core, body.device_id)
    name = task_id or f"task-{secrets.token_hex(4)}"
    now = core.clock.true()
    columns = body.model_dump() | {
        "enabled": body.enabled or core.quirks
    }  # gorm takes false for not given
    columns["sentinel_id"] = body.sentinel_id or _anybody(core)
    core.db.insert(
        "tasks", task_id=name, created_at=now, updated_at=now,
        next_execution_at=core.clock.text(core.clock.now()), **columns,
    )  # fmt: skip
    return task(core, name)


def change_task(core: Core, task_id: str, change: Body) -> dict[str, Any]:
    """What is left out stays, and an empty sentinel too."""
    task(core, task_id)
    columns = change.model_dump(exclude_unset=True)
    if "device_id" in columns:
        _has_device(core, columns["device_id"])
    if not columns.get("sentinel_id"):
        columns.pop("sentinel_id", None)
    core.db.update("tasks", "task_id", task_id, updated_at=core.clock.true(), **columns)
    return task(core, task_id)


def remove_task(core: Core, task_id: str) -> None:
    task(core, task_id)
    core.db.run("delete from tasks where task_id = ?", task_id)


def sentinels(core: Core) -> list[dict[str, Any]]:
    """All of them, without their tokens."""
    found = core.db.rows("select * from sentinels order by registered_at")
    return [{name: value for name, value in row.items() if name != "api_token"} for row in found]


def forget(core: Core, sentinel: str) -> None:
    """As if its row had been deleted: its identity is lost."""
    if not core.db.run("delete from sentinels where sentinel_id = ?", sentinel):
        raise Refused(404, 40401, f"there is no sentinel {sentinel!r}")


def executions(core: Core, task_id: str | None, limit: int) -> list[dict[str, Any]]:
    where = "where task_id = ?" if task_id else ""
    query = f"select * from executions {where} order by id desc limit ?"  # noqa: S608 (ours)
    return core.db.rows(query, *([task_id] if task_id else []), limit)


def newest(core: Core, name: str | None, limit: int) -> dict[str, Any]:
    """The newest samples, newest first, and how many there are."""
    where, values = ("where name = ?", [name]) if name else ("", [])
    rows = core.db.rows(f"select * from samples {where} order by id desc limit ?", *values, limit)  # noqa: S608 (ours)
    count = core.db.row(f"select count(*) as count from samples {where}", *values)  # noqa: S608 (ours)
    return {"count": (count or {})["count"], "samples": rows}


def neighbors(core: Core) -> list[dict[str, Any]]:
    return core.db.rows("select device_id, neighbor, last_seen from neighbors order by id")


def _has_device(core: Core, device_id: str) -> None:
    if core.db.row("select id from devices where device_id = ?", device_id) is None:
        raise Refused(404, 40401, f"there is no device {device_id!r}")


def _anybody(core: Core) -> str:
    first = core.db.row("select sentinel_id from sentinels order by registered_at")
    return "" if first is None else first["sentinel_id"]


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "enabled": bool(row["enabled"])}
