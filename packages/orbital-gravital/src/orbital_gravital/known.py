"""Core's tasks for commands that run without an agent: the cached list of this identity."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from orbital_gravital.credentials import known
from orbital_gravital.sections import CoreSection
from orbital_gravital.tasks.cache import TaskCache
from orbital_gravital.tasks.spec import CoreTask, Speaker, bind, read, reason
from orbital_runtime.settings.problem import SettingsError
from orbital_runtime.settings.validation.binding import Binder
from orbital_sdk import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orbital_runtime.model import Task
    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.settings import Settings


def known_tasks(
    settings: Settings, registry: Registry, folder: Path
) -> dict[str, Callable[[], Task]]:
    """A function that makes the task, for each readable entry of the cached list; empty without a cache.

    Args:
        settings: Define the identity of this sentinel.
        registry: What is installed.
        folder: The data folder.
    """
    who = known(settings.section(CoreSection))
    if who is None:
        return {}
    binder = Binder(registry, settings, strict=False)
    entries = map(read, TaskCache(folder).load(who))
    return {e.task_id: partial(_bound, e, binder) for e in entries if isinstance(e, CoreTask)}


def _bound(entry: CoreTask, binder: Binder) -> Task:
    try:
        return bind(entry, binder, Speaker.of(entry.plugin_name, binder))
    except SettingsError as error:
        raise ConfigurationError(
            f"task {entry.task_id} of Core cannot run: {reason(error)}"
        ) from error
