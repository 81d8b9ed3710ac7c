"""`sentinel plugins list | show | schema | check | reload`: what is installed, and what runs of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from orbital_sentinel.commands import completion
from orbital_sentinel.commands.options import ConfigFile, Output  # noqa: TC001 (typer reads annotations when it runs)
from orbital_sentinel.errors import Failure
from orbital_sentinel.terminal.output import Format, as_json, say
from orbital_sentinel.terminal.table import table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from orbital_runtime.plugins.registry import Entry, Registry

app = typer.Typer(help="Plugins, writers and processors that are installed.", no_args_is_help=True)

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="Name, as `sentinel plugins list` shows it.",
        autocompletion=completion.installed_parts,
    ),
]
KindOption = Annotated[
    str, typer.Option(help="plugin, writer or processor, if two have the same name.")
]


@app.command("list")
def list_(*, config: ConfigFile = None, output: Output = Format.TEXT) -> None:
    """List all plugins, why a broken one is broken, and what a running sentinel runs of it.

    Those of `plugins.directory` are listed with their folder.
    """
    from dataclasses import asdict

    entries, running = _registry(config).list(), _running(config)
    if output is Format.JSON:
        as_json([asdict(e) | {"running": _runs(e, running)} for e in entries])
        return
    rows = [
        (e.name, e.kind, e.version, e.distribution, _about(e) + _place(_runs(e, running)))
        for e in entries
    ]
    columns = ("name", "kind", "version", "source", "about")
    table(columns, rows, spare=("source",), below=("about",))


@app.command()
def reload(name: Name, *, config: ConfigFile = None) -> None:
    """Have the running sentinel go over to the installed version of a plugin, without a restart.

    The plugin runs in a process of its own from then on. If the new version cannot start or cannot read a
    device, the old one goes on and the exit code is 1.
    """
    from urllib.parse import quote

    from orbital_sentinel.client.locate import client

    told = client(config, timeout=120).post(f"/api/v1/plugins/{quote(name, safe='')}/reload")
    say(told["done"])


@app.command()
def show(
    name: Name,
    *,
    kind: KindOption = "",
    config: ConfigFile = None,
    output: Output = Format.TEXT,
) -> None:
    """Show the fields of a plugin or writer, and the metrics of a plugin."""
    about = _manifest(name, kind, config)
    if output is Format.JSON:
        as_json(about)
        return
    meta = about["meta"]
    say(f"{meta['name']} {meta['version']}: {meta['description']}")
    _fields("Fields of a device", about.get("device_fields", []))
    _fields("Settings", about["config_fields"])
    if metrics := about.get("metrics"):
        say("\nMetrics")
        rows = [
            (m["name"], m["type"], m["unit"], ", ".join(m["labels"]), m["description"])
            for m in metrics
        ]
        columns = ("name", "type", "unit", "labels", "about")
        table(columns, rows, spare=("unit",), below=("about",))


@app.command()
def schema(
    name: Name,
    *,
    kind: KindOption = "",
    form: Annotated[
        bool, typer.Option("--form", help="As the list form of a plugin.yaml, in YAML.")
    ] = False,
    config: ConfigFile = None,
) -> None:
    """Print the JSON Schema of a plugin's or writer's fields."""
    if form:
        import yaml

        from orbital_sdk.schema.manifest import plugin_yaml

        registry = _registry(config)
        entry = _entry(name, kind, registry)
        listed = plugin_yaml(_class(entry, registry), version=entry.version)
        say(yaml.safe_dump(listed, sort_keys=False, allow_unicode=True).rstrip())
        return
    about = _manifest(name, kind, config)
    as_json({key: about[key] for key in ("device_schema", "config_schema") if key in about})


Given = Annotated[
    list[str] | None,
    typer.Option("--option", "-o", metavar="KEY=VALUE", help="A field of a device that answers."),
]


@app.command()
def check(
    plugin: Annotated[
        str,
        typer.Argument(
            metavar="FOLDER|NAME", help="Folder with a plugin.yaml, or a plugin of `plugins list`."
        ),
    ],
    *,
    option: Given = None,
    setting: Annotated[
        list[str] | None,
        typer.Option("--setting", "-s", metavar="KEY=VALUE", help="A setting of the plugin."),
    ] = None,
    unreachable: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="A field, in place of that of -o, of a device that does not answer.",
        ),
    ] = None,
    speak: Annotated[
        str,
        typer.Option(
            metavar="COMMAND",
            help="For a receiver: a shell command that has a device send something.",
        ),
    ] = "",
    config: ConfigFile = None,
) -> None:
    """Check that a plugin keeps its contract, in any language, in a process of its own.

    This is the suite of authors' own tests, through the wire. All that the plugin breaks is listed; the
    exit code is 1 if anything is.
    """
    from orbital_sentinel.process import loop
    from orbital_sentinel.run import launch
    from orbital_sentinel.run.adhoc import parsed
    from orbital_sentinel.run.plugin_check import findings, plugin_of

    launch.log_to_stderr()
    cls = plugin_of(plugin, _registry(config))
    device = parsed(option or [])
    away = device | parsed(unreachable) if unreachable else None
    found = findings(cls, device, parsed(setting or []), unreachable=away, speak=speak)
    if told := loop.run(found):
        raise Failure(told)
    say(f"{cls.name} keeps its contract.")


def _registry(config: Path | None) -> Registry:
    """What is installed, and the plugins of the directory that the configuration names."""
    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.settings import place_plugins

    registry = Registry.discover()
    place_plugins(config, os.environ, registry)
    return registry


def _running(config: Path | None) -> dict[str, dict[str, Any]]:
    """What a running sentinel says about its plugins, by name; nothing where none runs."""
    from orbital_sentinel.client.client import NotRunning, Refused
    from orbital_sentinel.client.locate import client

    try:
        told = client(config).get("/api/v1/plugins")
    except (NotRunning, Refused, Failure):
        return {}
    return {one["name"]: one for one in told["running"]}


def _runs(entry: Entry, running: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
    return running.get(entry.name) if entry.kind == "plugin" else None


def _place(running: dict[str, Any] | None) -> str:
    """Where it runs, in which version, and what is wrong with that; empty where it does not run."""
    if running is None:
        return ""
    count = len(running["processes"])
    where = "in the agent" if not count else f"in {count} process{'es' * (count > 1)} of its own"
    down = [f"one {process['down']}" for process in running["processes"] if process["down"]]
    failed = running["update_failed"] and f"its update was rolled back: {running['update_failed']}"
    return "; ".join(filter(None, (f"; {running['loaded']} runs {where}", *down, failed)))


def _about(entry: Entry) -> str:
    about = f"broken: {entry.broken}" if entry.broken else entry.summary
    return "; its package needs ".join((about, *entry.unmet))


def _entry(name: str, kind: str, registry: Registry) -> Entry:
    from orbital_sdk.hints import did_you_mean

    entries = [e for e in registry.list() if e.kind in ("plugin", "writer", "processor")]
    found = [e for e in entries if e.name == name and kind in ("", e.kind)]
    if not found:
        hint = did_you_mean(name, {e.name for e in entries})
        raise Failure(f"there is no plugin, writer or processor {name!r}; {hint}")
    if found[0].broken:
        raise Failure(found[0].broken)
    return found[0]


def _class(entry: Entry, registry: Registry) -> Any:
    find = {"plugin": registry.plugin, "writer": registry.writer, "processor": registry.processor}
    return find[entry.kind](entry.name)


def _manifest(name: str, kind: str, config: Path | None) -> dict[str, Any]:
    from orbital_sdk.schema.manifest import manifest

    registry = _registry(config)
    entry = _entry(name, kind, registry)
    return manifest(_class(entry, registry), version=entry.version)


def _fields(title: str, fields: list[dict[str, Any]]) -> None:
    if not fields:
        return
    say(f"\n{title}")
    columns = ("field", "type", "required", "default", "about")
    table(columns, _rows(fields), spare=("required",), below=("about",))


def _rows(fields: list[dict[str, Any]], above: str = "") -> Iterator[tuple[str, ...]]:
    """A row for each field, nested fields below their parent: `tls.ca_file`, `values[].name`."""
    for field in fields:
        name = f"{above}{field['name']}"
        required = "yes" if field["required"] else ""
        yield name, field["type"], required, _text(field.get("default")), _meaning(field)
        yield from _rows(field.get("fields", []), f"{name}[]." if "items" in field else f"{name}.")


def _meaning(field: dict[str, Any]) -> str:
    """Description and allowed values of a field."""
    choices = ", ".join(map(str, field.get("choices", ())))
    return (
        f"{field.get('description', '')} [{choices}]" if choices else field.get("description", "")
    )


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return f"[{', '.join(map(_text, cast('list[object]', value)))}]"
    if isinstance(value, dict):
        given = cast("dict[str, object]", value).items()
        return f"{{{', '.join(f'{name}: {_text(one)}' for name, one in given if one is not None)}}}"
    return str(value).lower() if isinstance(value, bool) else str(value)
