"""Notes about keys without effect."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from orbital_runtime.plugins.registry import NotInstalled, Unusable
from orbital_runtime.settings.model.addition import Addition, additions, modes, usual_modes
from orbital_runtime.settings.note import Note
from orbital_sdk.problems import dotted
from orbital_sdk.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from orbital_runtime.directory.search import Folder
    from orbital_runtime.plugins.offers import Kind
    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.settings.model.root import Settings


def notes(settings: Settings, registry: Registry, folders: Sequence[Folder] = ()) -> list[Note]:
    """All notes; those of extensions first, then in the order of the file."""
    added = additions(registry)
    return [
        *_broken_extensions(registry),
        *(note for one in added for note in one.notes(settings)),
        *_tasks(settings, added),
        *_broken_plugins(settings, registry),
        *_unmet(settings, registry),
        *_delivery(settings, registry),
        *_folders(folders),
    ]


def _tasks(settings: Settings, added: Sequence[Addition]) -> Iterator[Note]:
    longest = settings.collector.max_execution_time
    for task in settings.tasks:
        if task.enabled and task.timeout and task.timeout > longest:
            yield Note(
                f"tasks.{task.id}.timeout",
                f"collector.max_execution_time ends its runs after {format_duration(longest)}",
            )
    given = any(one.gives_tasks(settings) for one in added)
    if not given and not any(task.enabled for task in settings.tasks):
        yield Note("tasks", "there is no enabled task, so nothing is collected")


def _broken_extensions(registry: Registry) -> Iterator[Note]:
    for name in registry.names("extension"):
        if why := _broken(registry.extension, name):
            yield Note(
                name,
                f"{why}; nothing of it runs until that is repaired and the agent started again",
            )


def _broken_plugins(settings: Settings, registry: Registry) -> Iterator[Note]:
    for name, count in Counter(task.plugin for task in settings.tasks if task.enabled).items():
        if why := _broken(registry.plugin, name):
            fail = "its task fails" if count == 1 else f"its {count} tasks fail"
            yield Note("tasks", f"{why}; {fail} until that is repaired and the agent started again")


def _unmet(settings: Settings, registry: Registry) -> Iterator[Note]:
    """Notes about used packages whose requirements are not met."""
    direct = settings.sender.direct.items()
    used: dict[tuple[Kind, str], str] = {
        **{("plugin", task.plugin): "tasks" for task in settings.tasks if task.enabled},
        **{
            ("writer", section.writer or name): dotted(("sender", "direct", name))
            for name, section in direct
            if section.enabled
        },
    }
    for (kind, name), key in used.items():
        for one in registry.unmet(kind, name):
            yield Note(
                key, f"the package of {kind} {name!r} needs {one}; install it again with pip"
            )


def _delivery(settings: Settings, registry: Registry) -> Iterator[Note]:
    sender, added = settings.sender, additions(registry)
    direct = modes(added).get(sender.mode, True)
    enabled = {name: section for name, section in sender.direct.items() if section.enabled}
    for name, section in enabled.items():
        key = dotted(("sender", "direct", name))
        if not direct:
            yield Note(key, f"is enabled, and gets nothing while sender.mode is {sender.mode}")
        elif why := _broken(registry.writer, section.writer or name):
            kept = "its samples are kept until that is repaired and the agent started again"
            yield Note(key, f"{why}; {kept}")
    if direct and not enabled:
        others = "".join(f", or set sender.mode: {mode}" for mode in usual_modes(settings, added))
        yield Note(
            "sender.direct",
            f"no output is enabled, so samples have nowhere to go: enable one{others}",
        )


def _broken(find: Callable[[str], object], name: str) -> str:
    """Why this cannot be used although it is installed; empty if it can, or is not installed."""
    try:
        find(name)
    except Unusable as error:
        return str(error)
    except NotInstalled:
        return ""
    return ""


def _folders(folders: Sequence[Folder]) -> Iterator[Note]:
    for folder in folders:
        if folder.problem:
            yield Note("plugins.directory", f"{folder.path.name}: {folder.problem}")
        elif folder.note:
            yield Note("plugins.directory", folder.note)
