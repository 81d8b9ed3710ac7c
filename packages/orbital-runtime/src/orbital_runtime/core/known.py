"""Core's tasks as a command knows them without an agent: those of the last list, of this identity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orbital_runtime.core.cache import TaskCache
from orbital_runtime.core.spec import CoreTask, bind, read, reason
from orbital_runtime.settings.credentials import known
from orbital_runtime.settings.problem import SettingsError
from orbital_runtime.settings.validation.binding import Binder
from orbital_sdk import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from orbital_runtime.model import Task
    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.settings import Settings


def names_of(settings: Settings, folder: Path) -> dict[str, CoreTask]:
    """Every task of the last list that can be read, by Core's id; none where there was no list yet.

    Args:
        settings: Say who this sentinel is.
        folder: The data folder.
    """
    who = known(settings.core)
    if who is None:
        return {}
    entries = map(read, TaskCache(folder).load(who))
    return {entry.task_id: entry for entry in entries if isinstance(entry, CoreTask)}


def bound(entries: Iterable[CoreTask], registry: Registry, settings: Settings) -> list[Task]:
    """These tasks, ready to run.

    Raises:
        ConfigurationError: One of them cannot, and why.
    """
    binder, tasks = Binder(registry, settings, strict=False), list["Task"]()
    for entry in entries:
        try:
            tasks.append(bind(entry, binder))
        except SettingsError as error:
            raise ConfigurationError(
                f"task {entry.task_id} of Core cannot run: {reason(error)}"
            ) from error
    return tasks
