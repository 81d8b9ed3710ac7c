"""Reads the file, the folder of tasks and the environment into one tree."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from orbital_runtime.settings.model.addition import settings_model
from orbital_runtime.settings.model.collector import TaskSection
from orbital_runtime.settings.source import files
from orbital_runtime.settings.source.builtin import builtin
from orbital_runtime.settings.source.document import parse
from orbital_runtime.settings.source.overrides import override
from orbital_runtime.settings.source.renamed import NODES, all_renamed, renew
from orbital_runtime.settings.source.tree import Node
from orbital_runtime.signature import signature
from orbital_sdk.hints import did_you_mean
from orbital_sdk.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orbital_runtime.settings.model.addition import Addition
    from orbital_runtime.settings.source.kept import Texts
    from orbital_runtime.signature import Signature
    from orbital_sdk.problems import Loc

BUILTIN: Final = "built-in configuration"


@dataclass(slots=True)
class Source:
    """What was read."""

    path: Path | None
    """The file; None for the built-in configuration."""
    root: Node
    watched: list[Path] = field(default_factory=list[Path])
    """Files and folders to watch for a reload."""
    seen: Signature = ()
    """Their signature before they were read."""
    problems: list[Problem] = field(default_factory=list[Problem])
    renamed: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Renamed keys of older files, with messages."""
    readable: bool = True
    """False: the tree is not worth checking."""
    place: Texts = files
    """Where texts are read from."""
    texts: dict[str, str] = field(default_factory=dict[str, str])
    """What was read, by absolute path."""

    def watch(self, path: Path) -> None:
        """Add a file before it is read."""
        self.watched.append(path)
        self.seen += signature(path)

    def read(self, path: Path) -> str | None:
        """The text of a file; None, and a problem, if it cannot be read."""
        text = self.place.read(path, self.problems)
        if text is not None:
            self.texts[str(path.absolute())] = text
        return text


def gather(
    path: Path | None,
    environ: Mapping[str, str],
    added: Sequence[Addition] = (),
    place: Texts = files,
) -> Source:
    """Read everything.

    Args:
        path: The file; None to search for one, and to use the built-in configuration if there is none.
        environ: All variables.
        added: What extensions add to it.
        place: Where texts are read from; left out: the files themselves.
    """
    path = path or files.first(environ)
    source = Source(path, Node({}, BUILTIN, 1), place=place)
    if path:
        source.watch(path)
    text = source.read(path) if path else builtin(environ, added=added)
    source.readable = text is not None and _parse(source, text, environ)
    if source.readable:
        keys = settings_model(tuple(added)).model_fields
        override(source.root, environ, source.problems, keys=keys)
        source.renamed += renew(source.root, NODES, all_renamed(added))
        _add_tasks(source, environ)
    return source


def _parse(source: Source, text: str, environ: Mapping[str, str]) -> bool:
    name = str(source.path or BUILTIN)
    root = parse(text, name, environ, source.problems)
    if root is None:
        return False
    if not isinstance(root.value, dict):
        message, hint = _no_sections(root)
        source.problems.append(Problem(message, hint=hint, file=name, line=root.line))
        root.value = {}
    source.root = root
    return True


def _no_sections(root: Node) -> tuple[str, str]:
    """A problem for a file without sections, which is probably a mistake; `{}` is allowed."""
    if root.value is None:
        return "holds no settings", "`sentinel config init` writes a file to begin with"
    return "must be sections, that is, lines like `sender:` with `key: value` lines below", ""


def _add_tasks(source: Source, environ: Mapping[str, str]) -> None:
    """Add the files of the tasks folder to `tasks`."""
    node = source.root.child("tasks_dir")
    name = node.value if node and isinstance(node.value, str) else ""
    beside = source.path.parent if source.path else Path()
    if source.path is None and not name:
        return
    folder = beside / (name or files.TASKS_DIR)
    source.watch(folder)
    for file in source.place.task_files(folder, source.problems, named=bool(name)):
        text = source.read(file)
        document = text and parse(text, str(file), environ, source.problems)
        if document:
            _append(source, document)


def _append(source: Source, document: Node) -> None:
    """Add a file of tasks: a `tasks:` section, a list, or one task."""
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
    if not isinstance(document.value, dict):
        return _items(source, document, ())
    if "tasks" not in document.value and document.value.keys() & TaskSection.model_fields:
        return [document]
    for key, node in document.value.items():
        if key != "tasks":
            hint = did_you_mean(key, ["tasks"])
            problem = Problem("unknown key in a file of tasks", (key,), hint, node.file, node.line)
            source.problems.append(problem)
    tasks = document.value.get("tasks")
    return _items(source, tasks, ("tasks",)) if tasks else []


def _items(source: Source, node: Node, at: Loc) -> list[Node]:
    if isinstance(node.value, list):
        return node.value
    if node.value is not None:
        message = "must be a list of tasks, that is, lines that begin with `- `"
        source.problems.append(Problem(message, at, file=node.file, line=node.line))
    return []
