"""`sentinel validate`: checks the configuration, and shows what would run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orbital_sentinel.commands.options import ConfigFile, Output  # noqa: TC001 (typer reads annotations when it runs)
from orbital_sentinel.terminal.output import Format, as_json, say
from orbital_sentinel.terminal.table import table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.sender.connection_test import Connection
    from orbital_runtime.settings import Loaded, ProcessorSettings
    from orbital_sentinel.buffer.check import Check


def validate(
    *,
    config: ConfigFile = None,
    buffer: Annotated[
        bool, typer.Option("--buffer", help="Also check that the disk buffer can be used.")
    ] = False,
    connect: Annotated[
        bool,
        typer.Option("--connect", help="Also check that the outputs accept samples."),
    ] = False,
    output: Output = Format.TEXT,
) -> None:
    """Check the configuration, and show what would run.

    Nothing is started and, without --connect, the network is not used, except for secrets of a server. The
    exit code is 78 if the configuration has errors, and 1 if only the buffer's folder or an output fails its
    check.
    """
    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.settings import SettingsError, load
    from orbital_sentinel.errors import BAD_CONFIGURATION, FAILED

    registry = Registry.discover()
    try:
        loaded = load(config, os.environ, registry=registry)
    except SettingsError as error:
        if output is not Format.JSON:
            raise
        as_json({"valid": False, "problems": [_problem(p) for p in error.problems]})
        raise SystemExit(BAD_CONFIGURATION) from error
    checked = _buffer(loaded) if buffer else []
    connected = _connections(loaded) if connect else []
    if output is Format.JSON:
        told = {"buffer": [check._asdict() for check in checked]} if buffer else {}
        asked = {"connections": [one._asdict() for one in connected]} if connect else {}
        as_json(_summary(loaded, registry) | told | asked)
    else:
        _tell(loaded, registry)
        if checked:
            say("\nBuffer")
            table(("check", "result", "about"), checked, below=("about",))
        if connected:
            say("\nConnections")
            columns = ("output", "address", "result", "about")
            table(columns, connected, spare=("address",), below=("about",))
    if any(each.result == "failed" for each in (*checked, *connected)):
        raise SystemExit(FAILED)


def _buffer(loaded: Loaded) -> list[Check]:
    from orbital_sentinel.buffer.check import check_buffer

    return list(check_buffer(loaded.settings.buffer))


def _connections(loaded: Loaded) -> list[Connection]:
    from orbital_sentinel.run.connections import check_connections

    return check_connections(loaded)


def _problem(problem: Any) -> dict[str, Any]:
    return {
        "file": problem.file,
        "line": problem.line,
        "key": problem.key,
        "message": problem.message,
        "hint": problem.hint,
    }


def _summary(loaded: Loaded, registry: Registry) -> dict[str, Any]:
    from orbital_sentinel.run.preview import previews

    views = {kind.name: preview.view for kind, preview in previews(loaded, registry)}
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
        "processors": [one.name for one in loaded.processors if not one.place],
        "task_processors": _names(loaded.processors, "task"),
        "output_processors": _names(loaded.processors, "output"),
        "outputs": [
            {"name": name, "writer": writer} for name, writer in _outputs(loaded, registry)
        ],
        **{name: views.get(name) for name in registry.names("extension")},
    }


def _names(processors: Iterable[ProcessorSettings], of: str) -> dict[str, list[str]]:
    """Names of the processors of single tasks, or outputs, by the name of these."""
    found: dict[str, list[str]] = {}
    for one in processors:
        if place := getattr(one, of):
            found.setdefault(place, []).append(one.name)
    return found


def _outputs(loaded: Loaded, registry: Registry) -> list[tuple[str, str]]:
    """Names and writers of the outputs. An extension that takes all samples is its own writer."""
    from orbital_sentinel.run.preview import previews

    mode = loaded.settings.sender.mode
    taking = [k for k, _ in previews(loaded, registry) if not k.settings.modes.get(mode, True)]
    configured = [(out.name, out.writer.name) for out in loaded.outputs]
    return [*((kind.name, kind.name) for kind in taking), *configured]


def _tell(loaded: Loaded, registry: Registry) -> None:
    from orbital_sdk.units import format_duration
    from orbital_sentinel.run.preview import previews

    say(f"{loaded.path or 'The built-in configuration'} is valid.")
    for note in loaded.notes:
        say(f"note: {note}")
    if loaded.tasks:
        say("\nWould run")
        rows = [
            (t.id, t.plugin, t.device_id, format_duration(t.interval), format_duration(t.timeout))
            for t in loaded.tasks
        ]
        columns = ("task", "plugin", "device", "every", "timeout")
        table(columns, rows, spare=("timeout", "device"))
    if loaded.processors:
        say("\nWould process with")
        rows = [(p.name, p.place or "all", p.processor.summary) for p in loaded.processors]
        table(("processor", "samples of", "about"), rows)
    if outputs := _outputs(loaded, registry):
        say("\nWould deliver to")
        table(("output", "writer"), outputs)
    for _, preview in previews(loaded, registry):
        say(f"\nWould {preview.role}")
