"""Devices, as their tasks show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from orbital_console.explain import tasks
from orbital_console.explain.explainer import RANK
from orbital_console.explain.explanation import State  # noqa: TC001 (msgspec reads annotations when it runs)

if TYPE_CHECKING:
    from collections.abc import Iterable

View = dict[str, Any]


class Device(msgspec.Struct):
    """One device."""

    name: str
    state: State
    """The worst one of its tasks."""
    tasks: int = 0
    wrong: int = 0
    """Tasks that are not well."""
    plugins: list[str] = []
    samples: int = 0
    """Of the last runs."""
    last_started: int | None = None
    """The last run, milliseconds UTC."""
    error: str = ""
    """That of the worst task."""


def devices(views: Iterable[View]) -> list[Device]:
    """The devices of these tasks of the API, in the order of their first task."""
    found: dict[str, Device] = {}
    for view in views:
        name = view["device_id"]
        state = tasks.state(view)
        device = found.get(name)
        if device is None:
            device = found[name] = Device(name, state)
        _add(device, view, state)
    return list(found.values())


def _add(device: Device, view: View, state: State) -> None:
    error = view["paused"] or view["error"]
    if RANK[state] < RANK[device.state] or not device.error:
        device.state, device.error = min(state, device.state, key=RANK.__getitem__), error
    device.tasks += 1
    device.wrong += state not in ("ok", "waiting")
    if view["plugin"] not in device.plugins:
        device.plugins.append(view["plugin"])
    device.samples += view["last_samples"] or 0
    started = [at for at in (device.last_started, view["last_started"]) if at is not None]
    device.last_started = max(started, default=None)
