"""Devices and tasks out of a YAML file.

devices:
  dev-router: {name: router, connection_config: {host: 192.0.2.1}}
tasks:
  task-ping: {device_id: dev-router, plugin_name: ping, interval_seconds: 30}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orbital_devcore import people, wire
from orbital_devcore.bodies import reasons

if TYPE_CHECKING:
    from pathlib import Path

    from orbital_devcore.core import Core

Id = Annotated[str, Field(max_length=64)]


class _Device(wire.Device):
    model_config = ConfigDict(extra="forbid")


class _Task(wire.Task):
    model_config = ConfigDict(extra="forbid")


class Demo(BaseModel):
    """What the file holds, by id."""

    model_config = ConfigDict(extra="forbid")

    devices: dict[Id, _Device] = Field(default_factory=dict)
    tasks: dict[Id, _Task] = Field(default_factory=dict)


def load(path: Path) -> Demo:
    """Read such a file.

    Raises:
        ValueError: It is not one; the message says where.
    """
    try:
        return Demo.model_validate(yaml.safe_load(path.read_text()) or {})
    except ValidationError as error:
        raise ValueError(reasons(error)) from error
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error


def place(core: Core, demo: Demo) -> None:
    """Make what is not there yet."""
    for name, device in demo.devices.items():
        if not _has(core, "devices", "device_id", name):
            people.add_device(core, device, name)
    for name, task in demo.tasks.items():
        if not _has(core, "tasks", "task_id", name):
            people.add_task(core, task, name)


def _has(core: Core, table: str, column: str, value: Any) -> bool:
    return core.db.row(f"select id from {table} where {column} = ?", value) is not None  # noqa: S608 (ours)
