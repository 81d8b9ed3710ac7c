"""What extensions would do with a configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orbital_runtime.extensions import Extension, Preview
    from orbital_runtime.plugins.registry import Registry
    from orbital_runtime.settings import Loaded


def previews(loaded: Loaded, registry: Registry) -> Iterator[tuple[type[Extension], Preview]]:
    """Each extension that would do something, and what."""
    kinds: list[type[Extension]] = registry.extensions()
    for kind in kinds:
        if preview := kind.preview(loaded.settings):
            yield kind, preview
