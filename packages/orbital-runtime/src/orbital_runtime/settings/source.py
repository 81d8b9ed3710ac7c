"""Everything that makes up a configuration, in one tree: the file, its folder of tasks, the environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from orbital_runtime.settings import files
from orbital_runtime.settings.builtin import builtin
from orbital_runtime.settings.document import parse
from orbital_runtime.settings.models import Settings
from orbital_runtime.settings.override import override
from orbital_runtime.settings.problem import Problem
from orbital_runtime.settings.tree import Node

if TYPE_CHECKING:
    from collections.abc import Mapping

BUILTIN: Final = "built-in configuration"


@dataclass(slots=True)
class Source:
    """What was read."""

    path: Path | None
    """The file; None for the built-in configuration."""
    root: Node
    watched: list[Path] = field(default_factory=list[Path])
    """Files and folders whose change calls for a reload."""
    problems: list[Problem] = field(default_factory=list[Problem])
    readable: bool = True
    """False: there is no tree worth checking."""


def gather(path: Path | None, environ: Mapping[str, str]) -> Source:
    """Read all of it.

    Args:
        path: The file; None to search for one, and to use the built-in configuration if there is none.
        environ: All variables.
    """
    path = path or files.first(environ)
    source = Source(path, Node({}, BUILTIN, 1), [path] if path else [])
    text = files.read(path, source.problems) if path else builtin(environ)
    source.readable = text is not None and _parse(source, text, environ)
    if source.readable:
        override(source.root, environ, source.problems, keys=Settings.model_fields)
        _add_tasks(source, environ)
    return source


def _parse(source: Source, text: str, environ: Mapping[str, str]) -> bool:
    before = len(source.problems)
    name = str(source.path or BUILTIN)
    source.root = parse(text, name, environ, source.problems)
    if not isinstance(source.root.value, dict):
        if source.root.value is not None:
            message = (
                "must be sections, that is, lines like `sender:` with `key: value` lines below"
            )
            source.problems.append(Problem(message, file=name, line=source.root.line))
        source.root.value = {}
    return not any(p.message.startswith("not readable") for p in source.problems[before:])


def _add_tasks(source: Source, environ: Mapping[str, str]) -> None:
    """The files of the tasks folder, as if they stood under `tasks`."""
    named = source.root.child("tasks_dir")
    name = named.value if named else None
    beside = source.path.parent if source.path else Path()
    if source.path is None and not name:
        return
    folder = beside / str(name or files.TASKS_DIR)
    source.watched.append(folder)
    for file in files.task_files(folder, source.problems, named=bool(name)):
        text = files.read(file, source.problems)
        if text is not None:
            _append(source, parse(text, str(file), environ, source.problems))


def _append(source: Source, document: Node) -> None:
    """A file of tasks is a `tasks:` section, a bare list, or one task."""
    added = _tasks_of(source, document)
    root = source.root.value
    if not added or not isinstance(root, dict):
        return
    tasks = root.get("tasks")
    if tasks is None or tasks.value is None:
        root["tasks"] = Node(list(added), document.file, document.line)
    elif isinstance(tasks.value, list):
        tasks.value += added


def _tasks_of(source: Source, document: Node) -> list[Node]:
    if isinstance(document.value, list):
        return document.value
    section = document.value if isinstance(document.value, dict) else {}
    if section and "tasks" not in section:
        return [document]
    for key, node in section.items():
        if key != "tasks":
            message = "does not belong into a file of tasks; only `tasks` stands there"
            source.problems.append(Problem(message, (key,), file=node.file, line=node.line))
    tasks = section.get("tasks")
    if tasks is None or tasks.value is None:
        return []
    if isinstance(tasks.value, list):
        return tasks.value
    message = "must be a list, that is, lines that begin with `- `"
    source.problems.append(Problem(message, ("tasks",), file=tasks.file, line=tasks.line))
    return []
