"""Adds tasks to a task file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, cast

import yaml

from orbital_sdk import ConfigurationError
from orbital_sdk.files import write_private

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Task = dict[str, Any]
LARGEST: Final = 64 << 20
"""Maximum size of a file that is read, in bytes."""


class _Dumper(yaml.SafeDumper):
    """Indents lists in mappings."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT001, FBT002 (as its base has it)
        super().increase_indent(flow, indentless=False)


def _as_yaml(tasks: Sequence[Task]) -> str:
    return yaml.dump(
        {"tasks": list(tasks)}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100
    )


def write(path: Path, tasks: Sequence[Task], *, replace: bool) -> int:
    """Append tasks to a file of mode 0600.

    Args:
        path: The file; created if missing.
        tasks: Those whose id is already in the file are skipped.
        replace: Overwrite the file instead.

    Returns:
        The number of tasks added.

    Raises:
        ConfigurationError: The file cannot be read or written, or has other content than tasks.
    """
    try:
        old = "" if replace or not path.exists() else _read(path)
        known = _tasks(old, path) if old.strip() else []
        ids = {one.get("id") for one in known}
        fresh = [one for one in tasks if one["id"] not in ids]
        if fresh or not path.exists():
            write_private(path, [_joined(old, known, fresh, path).encode()])
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise ConfigurationError(f"{path} cannot be written: {why}") from error
    return len(fresh)


def _read(path: Path) -> str:
    if path.stat().st_size > LARGEST:
        raise ConfigurationError(f"{path} has more than {LARGEST} bytes; name another file")
    return path.read_text(encoding="utf-8")


def _joined(old: str, known: Sequence[Task], fresh: Sequence[Task], path: Path) -> str:
    """The text with the tasks appended, which keeps its comments; verified by parsing the result."""
    if not known:
        return _as_yaml(fresh)
    head = old if old.endswith("\n") else f"{old}\n"
    items = _as_yaml(fresh).partition("\n")[2] if fresh else ""
    indents = re.findall(r"^( *)- ", old, re.MULTILINE)
    if indents and not indents[0]:
        items = re.sub(r"^  ", "", items, flags=re.MULTILINE)
    if _tasks(head + items, path) != [*known, *fresh]:
        raise _other(path)
    return head + items


def _tasks(text: str, path: Path) -> list[Task]:
    try:
        found: Any = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise _other(path) from error
    if found is None:
        return []
    tasks: object = cast("Task", found).get("tasks") if isinstance(found, dict) else None
    if not isinstance(tasks, list) or len(cast("Task", found)) != 1:
        raise _other(path)
    many = cast("list[object]", tasks)
    if not all(isinstance(one, dict) for one in many):
        raise _other(path)
    return cast("list[Task]", many)


def _other(path: Path) -> ConfigurationError:
    return ConfigurationError(
        f"{path} is not a file with `tasks:` and a plain list below it, so nothing can be added to it;"
        " name another file (tasks.d/found.yaml), or replace it with --force"
    )
