"""Tasks by the names that somebody typed: of the configuration, and of Gravital Core."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from orbital_runtime.core.known import bound, names_of
from orbital_runtime.paths import data_dir
from orbital_sdk.hints import did_you_mean
from orbital_sentinel.errors import Failure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_runtime.model import Task
    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.settings import Loaded

CORE = "core/"


def select_tasks(names: Sequence[str], loaded: Loaded, registry: Registry) -> list[Task]:
    """The tasks of these names, in this order. Those of Core are known from the last list that an agent got.

    Raises:
        Failure: There is no such task.
        ConfigurationError: One of Core cannot run, and why.
    """
    local = {task.id: task for task in loaded.tasks}
    if all(name in local for name in names):
        return [local[name] for name in names]
    of_core = names_of(loaded.settings, data_dir(os.environ))
    disabled = {task.id for task in loaded.settings.tasks if not task.enabled}
    found: list[Task] = []
    for name in names:
        if name in local:
            found.append(local[name])
        elif (entry := of_core.get(name.removeprefix(CORE))) is not None:
            found += bound([entry], registry, loaded.settings)
        elif name in disabled:
            raise Failure(f"task {name} is disabled: set `enabled: true` in its configuration")
        else:
            hint = did_you_mean(name, [*local, *of_core])
            raise Failure(f"there is no enabled task {name!r}; {hint}")
    return found
