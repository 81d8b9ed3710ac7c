"""Completion of names in a shell: what the running sentinel has. Nothing is offered if it does not answer."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import typer  # noqa: TC002 (typer reads annotations when it runs)

from orbital_sentinel.commands.options import STATUSES

if TYPE_CHECKING:
    from collections.abc import Iterable

PATIENCE: Final = 1.0
"""Seconds for an answer: somebody waits at the keyboard."""
MOST: Final = 200
"""Names offered at most."""


def tasks(ctx: typer.Context, incomplete: str) -> list[str]:
    """Keys of tasks."""
    return _matching(incomplete, (one["key"] for one in _tasks(ctx)))


def outputs(ctx: typer.Context, incomplete: str) -> list[str]:
    """Names of outputs."""
    return _matching(incomplete, (one["name"] for one in _outputs(ctx)))


def subjects(ctx: typer.Context, incomplete: str) -> list[str]:
    """Tasks, devices and outputs."""
    found = _tasks(ctx)
    names = [one["name"] for one in _outputs(ctx)]
    names += [one[field] for field in ("key", "device_id") for one in found]
    return _matching(incomplete, names)


def used_plugins(ctx: typer.Context, incomplete: str) -> list[str]:
    """Plugins that have tasks."""
    return _matching(incomplete, (one["plugin"] for one in _tasks(ctx)))


def plugins_and_tasks(ctx: typer.Context, incomplete: str) -> list[str]:
    """Installed plugins, and tasks."""
    return [*installed_plugins(incomplete), *tasks(ctx, incomplete)]


def installed_plugins(incomplete: str) -> list[str]:
    """Names of installed plugins; their packages are not imported."""
    from importlib.metadata import entry_points

    return _matching(incomplete, (one.name for one in entry_points(group="orbital.plugins")))


def installed_parts(incomplete: str) -> list[str]:
    """Names of installed plugins, writers and processors."""
    from importlib.metadata import entry_points

    groups = ("orbital.plugins", "orbital.writers", "orbital.processors")
    return _matching(
        incomplete, (one.name for group in groups for one in entry_points(group=group))
    )


def statuses(incomplete: str) -> list[str]:
    """What a task can be."""
    return _matching(incomplete, STATUSES)


def _tasks(ctx: typer.Context) -> list[dict[str, Any]]:
    answer = _ask(ctx, "/api/v1/tasks?limit=10000")
    return answer["tasks"] if answer else []


def _outputs(ctx: typer.Context) -> list[dict[str, Any]]:
    return _ask(ctx, "/api/v1/outputs") or []


def _ask(ctx: typer.Context, route: str) -> Any:
    from orbital_sentinel.client.locate import client

    with suppress(Exception):  # a shell that completes has no place for messages
        return client(ctx.params.get("config"), timeout=PATIENCE).get(route)
    return None


def _matching(incomplete: str, names: Iterable[str]) -> list[str]:
    return [one for one in dict.fromkeys(names) if one.startswith(incomplete)][:MOST]
