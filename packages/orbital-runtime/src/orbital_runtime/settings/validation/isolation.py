"""Settings of plugins' processes that cannot be followed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orbital_runtime.plugins.placement import PACKAGE, can_isolate
from orbital_runtime.plugins.registry import Unusable
from orbital_runtime.settings.problem import SettingsError
from orbital_runtime.settings.validation.check import looked_up
from orbital_sdk.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.settings.model.root import Settings
    from orbital_sdk.problems import Loc


def unusable_isolation(settings: Settings, registry: Registry) -> Iterator[Problem]:
    """Processes without the package that starts them, and names that no plugin has."""
    places: list[tuple[Loc, str | None]] = [
        (("collector", "isolation"), settings.collector.isolation)
    ]
    for name in settings.plugins.named:
        places.append((("plugins", name, "isolation"), settings.plugins.of(name).isolation))
        try:
            looked_up(registry.plugin, name, at=("plugins", name))
        except Unusable:  # others say why
            continue
        except SettingsError as error:
            yield from error.problems
    if can_isolate(registry):
        return
    for at, isolation in places:
        if isolation == "process":
            yield Problem(
                f"needs the package {PACKAGE}, which is not installed",
                at,
                f"`pip install {PACKAGE}`",
            )
