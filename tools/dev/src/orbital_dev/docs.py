"""The pages derived from the code: plugins, processors, writers, command line, messages, settings."""

from __future__ import annotations

import inspect
import json
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from orbital_dev import proto, wire
from orbital_dev.settings import updated
from orbital_sdk import manifest
from orbital_sentinel.app import app

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

HEAD = "<!-- Made by `make docs` from the code; changes here are lost. -->\n\n"


def write(docs: Path) -> list[Path]:
    """Make every page anew. Returns those that changed."""
    made = _made(docs)
    changed = _stale(docs, made)
    for name in changed:
        path = docs / name
        if name in made:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(made[name], encoding="utf-8")
        else:
            path.unlink()
    return [docs / name for name in changed]


def stale(docs: Path) -> list[str]:
    """Names of the pages that differ from what `write` would make."""
    return _stale(docs, _made(docs))


def _stale(docs: Path, made: Mapping[str, str]) -> list[str]:
    there = {f"reference/{path.name}" for path in (docs / "reference").glob("*.md")}
    return sorted(name for name in made.keys() | there if made.get(name) != _text(docs / name))


def _made(docs: Path) -> dict[str, str]:
    """Every page that is made from the code, and plugin.proto, by its path from `docs`."""
    made = {f"reference/{name}": text for name, text in pages()}
    made[f"../{proto.PATH}"] = proto.text()
    made["configuration.md"] = updated(_text(docs / "configuration.md") or "")
    return made


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def pages() -> Iterator[tuple[str, str]]:
    """File name and text of every page of `docs/reference`."""
    index: list[str] = []
    for kind in ("plugin", "processor", "writer"):
        for point in sorted(entry_points(group=f"orbital.{kind}s"), key=lambda p: p.name):
            if not point.dist or point.dist.name == "orbital-bench":
                continue
            yield (
                f"{kind}-{point.name}.md",
                HEAD + _part(kind, point.dist.name, manifest(point.load())),
            )
            index.append(f"* [{kind} `{point.name}`]({kind}-{point.name}.md)")
    yield "command-line.md", HEAD + _command_line()
    yield "wire.md", HEAD + wire.page(_table)
    index += [
        "* [every setting](../configuration.md)",
        "* [every command](command-line.md)",
        "* [every message that crosses a process border](wire.md)",
    ]
    yield "README.md", HEAD + "# Reference\n\n" + "\n".join(index) + "\n"


def _part(kind: str, distribution: str, about: Mapping[str, Any]) -> str:
    meta = about["meta"]
    lines = [f"# {kind.capitalize()} `{meta['name']}`", "", f"{meta['description']}.", ""]
    lines += [f"Distribution: `{distribution}`.", ""]
    for key, title in (("device_fields", "Device fields"), ("config_fields", "Settings")):
        if fields := about.get(key):
            lines += [
                f"## {title}",
                "",
                *_table(("field", "type", "default", "meaning"), _rows(fields)),
                "",
            ]
    if metrics := about.get("metrics"):
        rows = (
            (f"`{m['name']}`", m["type"], m.get("unit", ""), m.get("description", ""))
            for m in metrics
        )
        lines += ["## Metrics", "", *_table(("metric", "type", "unit", "meaning"), rows), ""]
    return "\n".join(lines)


def _rows(fields: Sequence[Mapping[str, Any]], above: str = "") -> Iterator[Sequence[str]]:
    """A row each, those of what is inside a field below it: `tls.ca_file`, `values[].name`."""
    for field in fields:
        name, default = f"{above}{field['name']}", field.get("default")
        shown = "" if default is None else f"`{json.dumps(default, default=str)}`"
        meaning = str(field.get("description", ""))
        yield f"`{name}`", _type(field), "required" if field["required"] else shown, meaning
        yield from _rows(field.get("fields", ()), f"{name}[]." if "items" in field else f"{name}.")


def _type(field: Mapping[str, Any]) -> str:
    """What may stand there: its type, or each choice."""
    choices = ", ".join(f"`{choice}`" for choice in field.get("choices", ()))
    return choices or str(field["type"])


def _table(head: Sequence[str], rows: Any) -> list[str]:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(_cell(c) for c in row) + " |" for row in rows]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _command_line() -> str:
    root = typer.main.get_command(app)
    return "\n".join(["# Every command", "", *_command(root, "sentinel")])


def _command(command: Any, name: str) -> Iterator[str]:
    context = typer.Context(command)
    yield from (f"## `{name}`", "", inspect.cleandoc(command.help or ""), "")
    rows = [_parameter(each) for each in command.params if not each.hidden]
    if rows:
        yield from (*_table(("argument or option", "default", "meaning"), rows), "")
    if not isinstance(command, TyperGroup):
        return
    for below in sorted(command.list_commands(context)):  # with those that plugins and writers add
        each = command.get_command(context, below)
        if each is not None and not each.hidden:
            yield from _command(each, f"{name} {below}")


def _parameter(parameter: Any) -> Sequence[str]:
    value = parameter.metavar or ""
    if parameter.param_type_name == "argument":
        names = value or parameter.name.upper()
    else:
        names = f"{', '.join(parameter.opts)} {value}".rstrip()
    return f"`{names}`", _default(parameter), parameter.help or ""


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    value = parameter.default
    return "" if value is None or value is False or value == "" else f"`{value}`"
