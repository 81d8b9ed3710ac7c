"""Checks the tree with the models; returns the valid part."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, cast

from pydantic import ValidationError

from orbital_runtime.settings.model.collector import TaskSection
from orbital_runtime.settings.model.root import Settings
from orbital_sdk.problems import Loc, Problem, explain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orbital_runtime.settings.source.tree import Node

_ELSEWHERE: Final = {
    "task_id": "id",
    "plugin_name": "plugin",
    "device_config": "device",
    "plugin_config": "config",
    "interval_seconds": "interval",
    "timeout_seconds": "timeout",
    "retry_times": "retry_count",
    "retries": "retry_count",
}
"""Names of a task's keys in related programs."""


def validate(
    root: Node, problems: list[Problem], model: type[Settings] = Settings
) -> tuple[Settings, dict[int, TaskSection]]:
    """The valid part of the settings, so that other checks can run.

    Args:
        root: The whole configuration.
        problems: Problems are added to it.
        model: Of the whole file, with the sections of extensions.

    Returns:
        The settings, and their tasks by index in the file.
    """
    data = cast("dict[str, Any]", root.plain())
    tasks: dict[int, TaskSection] = {}
    if isinstance(data.get("tasks"), list):
        tasks = _tasks(data.pop("tasks"), root, problems)
    return _settings(data, problems, model).model_copy(
        update={"tasks": list(tasks.values())}
    ), tasks


def _settings(data: dict[str, Any], problems: list[Problem], model: type[Settings]) -> Settings:
    while True:
        try:
            return model.model_validate(data)
        except ValidationError as error:
            for problem in explain(error, model):
                problems.append(problem)
                _take_away(data, problem.loc)


def _take_away(data: dict[str, Any], loc: Loc) -> None:
    """Remove the deepest existing key of a path. A list is removed as a whole, so that indexes do not
    change.
    """
    parent, key, node = data, "", cast("Any", data)
    for part in loc:
        if not isinstance(node, dict) or part not in node:
            break
        parent, key = cast("dict[str, Any]", node), str(part)
        node = parent[key]
    parent.pop(key, None) if key else data.clear()


def _tasks(items: list[Any], root: Node, problems: list[Problem]) -> dict[int, TaskSection]:
    tasks: dict[int, TaskSection] = {}
    problems += _doubles(items, root)
    for index, item in enumerate(items):
        at: Loc = ("tasks", index)
        try:
            tasks[index] = TaskSection.model_validate(item)
        except ValidationError as error:
            problems += explain(error, TaskSection, prefix=at, renamed=_ELSEWHERE)
            _without_invalid(item, error, tasks, index)
    return tasks


def _doubles(items: list[Any], root: Node) -> Iterator[Problem]:
    """Problems of duplicate ids."""
    first: dict[str, Loc] = {}
    for index, item in enumerate(items):
        given = cast("dict[str, Any]", item).get("id") if isinstance(item, dict) else None
        if given is None or isinstance(given, dict | list):
            continue
        name, at = str(given), ("tasks", index, "id")
        earlier = root.find(first.setdefault(name, at))
        if first[name] != at and earlier is not None:
            message = f"another task is called {name} already, at {earlier.file}:{earlier.line}"
            yield Problem(message, at, "give it an id of its own")


def _without_invalid(
    item: Any, error: ValidationError, tasks: dict[int, TaskSection], index: int
) -> None:
    """The valid part of a task, so that the fields of its plugin are checked, too."""
    if not isinstance(item, dict):
        return
    rest = cast("dict[str, Any]", item)
    for detail in error.errors(include_url=False, include_input=False):
        if detail["loc"]:
            rest.pop(str(detail["loc"][0]), None)
    rest.setdefault("id", "unnamed")
    with suppress(ValidationError):  # no plugin: nothing more to check
        tasks[index] = TaskSection.model_validate(rest)
