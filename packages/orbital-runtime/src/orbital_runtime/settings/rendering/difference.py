"""The changes of a reload as lines of text, without secrets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, cast

from pydantic import SecretStr

from orbital_runtime.settings.rendering.dump import masked
from orbital_runtime.settings.rendering.effective import effective
from orbital_sdk.secrecy import scrub

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orbital_runtime.settings.load import Loaded

_ABSENT: Final = object()


def difference(old: Loaded, new: Loaded) -> list[str]:
    """One line for each task or output that was added, removed or changed, and for each other changed key."""
    return [*_section("", _keyed(old), _keyed(new)), *_behind(old, new), *_plugins(old, new)]


def _behind(old: Loaded, new: Loaded) -> Iterator[str]:
    """Tasks with unchanged keys but changed settings, which may come from other files."""
    before = {task.id: task.config for task in old.tasks}
    for task in new.tasks:
        config = before.get(task.id, task.config)
        if type(config) is not type(task.config):  # its plugin is another, which is said below
            continue
        if config != task.config and config.model_dump() == task.config.model_dump():
            yield f"task {task.id}: a file that its settings name has changed"


def _plugins(old: Loaded, new: Loaded) -> Iterator[str]:
    """Folders of plugins that came, went or changed."""
    before = {folder.path: folder for folder in old.folders}
    for folder in new.folders:
        known = before.pop(folder.path, None)
        if folder == known:
            continue
        if folder.problem:
            goes_on = "; the one of before goes on" if folder.plugin else ""
            yield f"plugin {folder.name}: {folder.problem}{goes_on}"
        elif folder.plugin is not None:
            version = f" {folder.version}" if folder.version else ""
            yield f"plugin {folder.name}{version} of {folder.path}: {'changed' if known else 'added'}"
    for gone in before.values():
        yield f"plugin {gone.name} of {gone.path}: removed"


def _keyed(loaded: Loaded) -> dict[str, Any]:
    """Tasks and outputs by name, so that their order does not matter."""
    data = effective(loaded)
    direct = data["sender"].pop("direct")
    if not loaded.direct:  # they get nothing then
        direct = {name: output | {"enabled": False} for name, output in direct.items()}
    tasks = {str(task["id"]): task for task in data.pop("tasks")}
    return data | {"output": direct, "task": tasks}


def _section(prefix: str, old: dict[str, object], new: dict[str, object]) -> Iterator[str]:
    for key in dict.fromkeys([*old, *new]):
        before, after = old.get(key, _ABSENT), new.get(key, _ABSENT)
        if before == after:
            continue
        if prefix in ("task ", "output "):
            yield from _named(f"{prefix}{key}", before, after)
        elif isinstance(before, dict) and isinstance(after, dict):
            below = f"{key} " if key in ("task", "output") else f"{prefix}{key}."
            yield from _section(below, cast("Any", before), cast("Any", after))
        else:
            yield f"{prefix}{key}: {_change(before, after)}"  # pyright: ignore[reportUnknownArgumentType] (narrowed to a bare dict)


def _named(name: str, before: Any, after: Any) -> Iterator[str]:
    if before is _ABSENT:
        yield f"{name}: added"
    elif after is _ABSENT:
        yield f"{name}: removed"
    elif before.get("enabled") != after.get("enabled"):  # all of it comes or goes, as above
        yield f"{name}: switched {'on' if after.get('enabled') else 'off'}"
    else:
        yield from _section(f"{name}: ", before, after)


def _change(before: object, after: object) -> str:
    if isinstance(before, SecretStr) or isinstance(after, SecretStr):
        return "changed"
    old, new = _text(before), _text(after)
    return f"{old} -> {new}" if old != new else "changed"


def _text(value: object) -> str:
    if value is _ABSENT:
        return "unset"
    shown = masked(value, scrub)
    return shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False)
