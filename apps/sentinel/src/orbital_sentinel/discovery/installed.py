"""Loads the probes of installed packages."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Final, cast

from orbital_runtime.guard.escape import contained, origin

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbital_sdk.probe import ProbeType

GROUP: Final = "orbital.probes"


def installed_probes(complain: Callable[[str], None]) -> dict[str, ProbeType]:
    """Probes by protocol; those that cannot be loaded are reported and left out."""
    found: dict[str, ProbeType] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda one: one.name):
        try:
            with contained:
                found[point.name] = cast("ProbeType", point.load())
        except Exception as error:  # noqa: BLE001 (third-party code must not break the command)
            complain(f"probe {point.name} ({point.value}) cannot be loaded: {origin(error)}")
    return found
