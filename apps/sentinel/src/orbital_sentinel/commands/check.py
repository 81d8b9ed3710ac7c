"""`sentinel validate`: is this configuration right, and what would run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orbital_sentinel.options import ConfigFile, Output  # noqa: TC001 (typer reads annotations when it runs)
from orbital_sentinel.output import Format, as_json, say, table

if TYPE_CHECKING:
    from orbital_runtime.settings import Loaded
    from orbital_sentinel.buffer_check import Check


def validate(
    *,
    config: ConfigFile = None,
    buffer: Annotated[
        bool, typer.Option("--buffer", help="Check too whether samples can be kept on the disk.")
    ] = False,
    output: Output = Format.TEXT,
) -> None:
    """Check the configuration, and show what would run.

    Nothing is started and nobody on the network is asked. The exit code is 78 if something is wrong, and 1 if
    only the buffer's folder is.
    """
    from orbital_runtime.settings import SettingsError, load
    from orbital_sentinel.edge import BAD_CONFIGURATION, FAILED

    try:
        loaded = load(config, os.environ)
    except SettingsError as error:
        if output is not Format.JSON:
            raise
        as_json({"valid": False, "problems": [_problem(p) for p in error.problems]})
        raise SystemExit(BAD_CONFIGURATION) from error
    checked = _buffer(loaded) if buffer else []
    if output is Format.JSON:
        told = {"buffer": [check._asdict() for check in checked]} if buffer else {}
        as_json(_summary(loaded) | told)
    else:
        _tell(loaded)
        if checked:
            say("\nBuffer")
            table(("check", "result", "about"), checked)
    if any(check.result == "failed" for check in checked):
        raise SystemExit(FAILED)


def _buffer(loaded: Loaded) -> list[Check]:
    from orbital_sentinel.buffer_check import checks

    return list(checks(loaded.settings.buffer))


def _problem(problem: Any) -> dict[str, Any]:
    return {
        "file": problem.file,
        "line": problem.line,
        "key": problem.key,
        "message": problem.message,
        "hint": problem.hint,
    }


def _summary(loaded: Loaded) -> dict[str, Any]:
    return {
        "valid": True,
        "configuration": str(loaded.path) if loaded.path else None,
        "notes": [{"key": note.key, "message": note.message} for note in loaded.notes],
        "tasks": [
            {
                "id": task.id,
                "plugin": task.plugin,
                "device_id": task.device_id,
                "interval": task.interval,
                "timeout": task.timeout,
            }
            for task in loaded.tasks
        ],
        "outputs": [{"name": out.name, "writer": out.writer.name} for out in loaded.outputs],
    }


def _tell(loaded: Loaded) -> None:
    from orbital_sdk.units import format_duration

    say(f"{loaded.path or 'The built-in configuration'} is valid.")
    for note in loaded.notes:
        say(f"note: {note}")
    if loaded.tasks:
        say("\nWould run")
        rows = [
            (t.id, t.plugin, t.device_id, format_duration(t.interval), format_duration(t.timeout))
            for t in loaded.tasks
        ]
        table(("task", "plugin", "device", "every", "timeout"), rows)
    if loaded.outputs:
        say("\nWould deliver to")
        table(("output", "writer"), [(out.name, out.writer.name) for out in loaded.outputs])
