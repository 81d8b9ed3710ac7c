"""What a configuration switches on that does nothing yet, and what it leaves without effect."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from orbital_runtime.plugins.registry import NotInstalled, Unusable
from orbital_runtime.settings.credentials import has_core
from orbital_sdk.problems import dotted
from orbital_sdk.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from orbital_runtime.plugins.found import Kind
    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.settings.model.root import Settings


REPORTS_ALONE: Final = (
    "is direct, so Core gets reports alone, and will show its devices as offline since it hears nothing of "
    "them; in the mode hybrid it gets their states, in core their samples, too"
)


@dataclass(frozen=True, slots=True)
class Note:
    """One key, and what happens instead of what it asks for."""

    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.key}: {self.message}"


def notes(settings: Settings, registry: Registry) -> list[Note]:
    """One for each such key, in the file's order."""
    return [
        *_core(settings),
        *_tasks(settings),
        *_broken_plugins(settings, registry),
        *_unmet(settings, registry),
        *_delivery(settings, registry),
        *_plugins(settings),
    ]


def _core(settings: Settings) -> Iterator[Note]:
    section, mode = settings.core, settings.sender.mode
    if section.insecure_skip_verify:
        yield Note(
            "core.insecure_skip_verify",
            "Core's certificate is not verified: anyone on the way can read and change everything",
        )
    if section.url.startswith("http:") and section.allow_insecure_http:
        yield Note(
            "core.allow_insecure_http",
            "the token goes over plain HTTP; anyone on the way can read it",
        )
    if has_core(section):
        if mode == "direct":
            yield Note("sender.mode", REPORTS_ALONE)
        return
    if mode != "direct":
        yield Note(
            "sender.mode",
            f"is {mode}, and there is no Core: set core.url, or use `sentinel register`"
            + ("; samples wait in the buffer" if mode == "core" else ""),
        )
    explicit = {
        "heartbeat": settings.model_fields_set,
        "task_fetch_interval": settings.collector.model_fields_set,
    }
    for name, given in explicit.items():
        if name in given:
            key = name if name == "heartbeat" else f"collector.{name}"
            yield Note(key, "has no effect without a Core; set core.url")


def _tasks(settings: Settings) -> Iterator[Note]:
    longest = settings.collector.max_execution_time
    for task in settings.tasks:
        if task.enabled and task.timeout and task.timeout > longest:
            yield Note(
                f"tasks.{task.id}.timeout",
                f"collector.max_execution_time ends its runs after {format_duration(longest)}",
            )
    if not has_core(settings.core) and not any(task.enabled for task in settings.tasks):
        yield Note("tasks", "there is no enabled task, so nothing is collected")


def _broken_plugins(settings: Settings, registry: Registry) -> Iterator[Note]:
    for name, count in Counter(task.plugin for task in settings.tasks if task.enabled).items():
        if why := _broken(registry.plugin, name):
            fail = "its task fails" if count == 1 else f"its {count} tasks fail"
            yield Note("tasks", f"{why}; {fail} until that is repaired and the agent started again")


def _unmet(settings: Settings, registry: Registry) -> Iterator[Note]:
    """Packages in use whose own requirements are not met: they may fail at any time, far from the cause."""
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
    sender = settings.sender
    enabled = {name: section for name, section in sender.direct.items() if section.enabled}
    for name, section in enabled.items():
        key = dotted(("sender", "direct", name))
        if sender.mode == "core":
            yield Note(key, "is enabled, and gets nothing while sender.mode is core")
        elif why := _broken(registry.writer, section.writer or name):
            kept = "its samples are kept until that is repaired and the agent started again"
            yield Note(key, f"{why}; {kept}")
    if sender.mode != "core" and not enabled:
        core = ", or set sender.mode: core" if has_core(settings.core) else ""
        yield Note(
            "sender.direct",
            f"no output is enabled, so samples have nowhere to go: enable one{core}",
        )


def _broken(find: Callable[[str], object], name: str) -> str:
    """Why this cannot be used although it is installed; empty if it can, or is not there at all."""
    try:
        find(name)
    except Unusable as error:
        return str(error)
    except NotInstalled:
        return ""
    return ""


def _plugins(settings: Settings) -> Iterator[Note]:
    plugins = settings.plugins
    manifests = Path(plugins.directory).glob("*/plugin.yaml")
    if "directory" in plugins.model_fields_set or any(manifests):
        yield Note(
            "plugins.directory",
            f"{plugins.directory} is not searched yet; plugins are found as installed packages",
        )
    if plugins.model_fields_set & {"auto_reload", "reload_interval"}:
        yield Note(
            "plugins.auto_reload",
            "reloads the configuration when its files change; a new version of a plugin needs a restart",
        )
