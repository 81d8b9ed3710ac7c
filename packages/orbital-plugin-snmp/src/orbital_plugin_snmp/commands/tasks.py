"""Tasks as the configuration has them, out of what a command was given."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import yaml

from orbital_plugin_snmp.commands.options import How

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SECRETS: Final = {
    "community": "${SNMP_COMMUNITY}",
    "auth_password": "${SNMP_AUTH_PASSWORD}",
    "priv_password": "${SNMP_PRIV_PASSWORD}",
}
"""What stands for a secret in a task: the agent takes it from its environment."""
DEFAULTS: Final = How()
OURS: Final = frozenset({"timeout", "retries"})
"""Patience of somebody who waits in front of a terminal, and not of an agent."""


def task_of(
    place: Mapping[str, Any],
    how: How,
    *,
    called: str,
    profiles: Sequence[str],
    interval: int,
) -> dict[str, Any]:
    """A task.

    Args:
        place: `host`, and `port` if it is another than usual.
        how: Options of the command; those left out, and secrets, are not in the task.
        called: What the device is called.
        profiles: Their names.
        interval: Seconds.
    """
    config = dict(place)
    for name, value in asdict(how).items():
        if value not in ("", getattr(DEFAULTS, name)) and name not in OURS:
            config[name] = SECRETS.get(name, value)
    return {
        "id": f"snmp-{_slug(called)}",
        "device_id": called.replace("${", "$${")[:128],
        "plugin": "snmp",
        "interval": f"{interval}s",
        "timeout": f"{max(1, interval - 1)}s",
        "enabled": True,
        "config": {**config, "profiles": list(profiles)},
    }


def as_yaml(tasks: Sequence[Mapping[str, Any]]) -> str:
    """A whole file with these tasks."""
    return yaml.safe_dump(
        {"tasks": [dict(task) for task in tasks]}, sort_keys=False, allow_unicode=True, width=100
    )


def _slug(text: str) -> str:
    """Text as a part of a task's id."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-.")[:100] or "device"
