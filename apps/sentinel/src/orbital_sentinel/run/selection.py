"""Selects tasks of the configuration and of extensions by name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from orbital_runtime.paths import data_dir
from orbital_sdk.hints import did_you_mean
from orbital_sentinel.errors import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orbital_runtime.extensions import Extension
    from orbital_runtime.model import Task
    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.settings import Loaded


def select_tasks(names: Sequence[str], loaded: Loaded, registry: Registry) -> list[Task]:
    """The tasks of these names, in this order. Tasks of extensions are those that an agent got last.

    Raises:
        Failure: There is no such task.
        ConfigurationError: A task of an extension cannot run; the message says why.
    """
    local = {task.id: task for task in loaded.tasks}
    if all(name in local for name in names):
        return [local[name] for name in names]
    given = _given(loaded, registry)
    disabled = {task.id for task in loaded.settings.tasks if not task.enabled}
    found: list[Task] = []
    for name in names:
        if name in local:
            found.append(local[name])
        elif (make := given.get(name)) is not None:
            found.append(make())
        elif name in disabled:
            raise Failure(f"task {name} is disabled: set `enabled: true` in its configuration")
        else:
            hint = did_you_mean(name, [*local, *given])
            raise Failure(f"there is no enabled task {name!r}; {hint}")
    return found


def _given(loaded: Loaded, registry: Registry) -> Mapping[str, Callable[[], Task]]:
    """Functions that make the tasks of extensions, by id and by key."""
    kinds: list[type[Extension]] = registry.extensions()
    found: dict[str, Callable[[], Task]] = {}
    for kind in kinds:
        known = kind.known_tasks(loaded.settings, registry, data_dir(os.environ))
        found |= {f"{kind.name}/{name}": make for name, make in known.items()} | dict(known)
    return found
