"""What an extension adds to the configuration."""

from __future__ import annotations

import inspect
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from pydantic import Field, create_model

from orbital_runtime.settings.model.root import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.settings.model.base import Section
    from orbital_runtime.settings.note import Note
    from orbital_sdk.problems import Loc

DIRECT: Final = "direct"
"""The value of `sender.mode` that needs no extension."""


class Addition:
    """Sections and modes of the sender. No network access."""

    sections: Mapping[str, type[Section]] = MappingProxyType({})
    """Top-level sections, by key."""
    modes: Mapping[str, bool] = MappingProxyType({})
    """Values of `sender.mode`, and whether samples go to the outputs under `sender.direct` in each."""
    renamed: Mapping[Loc, Loc] = MappingProxyType({})
    """Renamed keys of older files: old -> new."""
    template: str = ""
    """Its part of the file that `sentinel config init` writes, commented out."""

    def builtin(self) -> str:
        """A configuration to use without a file; empty if there is none."""
        return ""

    def gives_tasks(self, settings: Settings) -> bool:
        """Whether tasks may come from the extension."""
        return False

    def usual_mode(self, settings: Settings) -> str:
        """The default of `sender.mode` if no output is configured; empty: none."""
        return ""

    def notes(self, settings: Settings) -> Iterable[Note]:
        """Notes about these settings."""
        return ()


def additions(registry: Registry) -> tuple[Addition, ...]:
    """The additions of all installed extensions."""
    return tuple(one.settings for one in registry.extensions())


@lru_cache
def settings_model(added: tuple[Addition, ...]) -> type[Settings]:
    """The whole configuration file, with these sections in it."""
    fields: dict[str, Any] = {
        key: (section, Field(default=section(), description=inspect.getdoc(section)))
        for one in added
        for key, section in one.sections.items()
    }
    return create_model("Settings", __base__=Settings, __doc__=Settings.__doc__, **fields)


def modes(added: Sequence[Addition]) -> dict[str, bool]:
    """Every value of `sender.mode`, and whether samples go to the outputs under `sender.direct` in it."""
    found = {DIRECT: True}
    for one in added:
        found.update(one.modes)
    return found


def usual_modes(settings: Settings, added: Sequence[Addition]) -> Iterator[str]:
    """The default modes for these settings."""
    return filter(None, (one.usual_mode(settings) for one in added))


def with_mode(settings: Settings, added: Sequence[Addition]) -> Settings:
    """The settings with the default mode, if `sender.mode` is left out and there is no output."""
    sender = settings.sender
    if "mode" in sender.model_fields_set or sender.direct:
        return settings
    mode = next(usual_modes(settings, added), sender.mode)
    return settings.model_copy(update={"sender": sender.model_copy(update={"mode": mode})})
