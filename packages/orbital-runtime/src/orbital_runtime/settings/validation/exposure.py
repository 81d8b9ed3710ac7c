"""Finds secrets in files that others can read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from orbital_runtime.settings.secrecy import is_secret_key, secret_keys
from orbital_runtime.settings.source.files import open_to_others
from orbital_sdk.problems import Loc, Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from orbital_runtime.model import Task
    from orbital_runtime.settings.model.root import Settings
    from orbital_runtime.settings.source.tree import Node
    from orbital_runtime.settings.validation.outputs import OutputSettings
    from orbital_runtime.settings.validation.processors import ProcessorSettings
    from orbital_sdk.secret_provider import SecretProviderConfig


def exposed(
    root: Node,
    settings: Settings,
    tasks: Mapping[int, Task],
    outputs: Iterable[OutputSettings],
    processors: Iterable[ProcessorSettings],
    *,
    providers: Mapping[str, SecretProviderConfig],
) -> list[Problem]:
    """One problem for each file with a secret that group or others can read.

    Secrets are declared by models. Without a model (a disabled task, a writer that is not installed) the
    name of the key decides.
    """
    files = {node.file for _, node in root.leaves() if node.line}
    readable = {file for file in files if open_to_others(Path(file))}
    if not readable:  # the usual case, and the walk below is long
        return []
    named: set[str | int] = {output.name for output in outputs}
    ways = [
        *secret_keys(settings),
        *_of_tasks(tasks),
        *(way for o in outputs for way in secret_keys(o.config, ("sender", "direct", o.name))),
        *(way for p in processors for way in secret_keys(p.config, p.at)),
        *(way for name, one in providers.items() for way in secret_keys(one, ("secrets", name))),
        *(way for way, _ in root.leaves() if _unasked(way, tasks, named) and is_secret_key(way)),
    ]
    found: dict[str, Problem] = {}
    for way in ways:
        node = root.find(way)
        if node is None or not node.literal or not node.value:
            continue
        if node.file in readable and node.file not in found:
            hint = f"run `chmod 600 {node.file}`, or write ${{NAME}} and set that variable"
            found[node.file] = Problem("is a secret, and others may read this file", way, hint)
    return list(found.values())


def _of_tasks(tasks: Mapping[int, Task]) -> Iterator[Loc]:
    """All paths of secrets of tasks."""
    for index, task in tasks.items():
        for way in (*secret_keys(task.device), *secret_keys(task.config)):
            yield ("tasks", index, "config", *way)
            yield ("tasks", index, "device", *way)
            yield ("plugins", "config", task.plugin, *way)


def _unasked(way: Loc, tasks: Mapping[int, Task], outputs: Collection[str | int]) -> bool:
    match way:
        case ("tasks", index, "config" | "device", *_):
            return index not in tasks
        case ("sender", "direct", name, *_):
            return name not in outputs
        case ("plugins", "config", name, *_):
            return all(task.plugin != name for task in tasks.values())
        case _:
            return False
