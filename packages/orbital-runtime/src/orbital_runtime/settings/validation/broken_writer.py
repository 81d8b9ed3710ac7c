"""A stand-in for an installed writer that cannot be used."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, cast

from orbital_sdk import ConfigurationError, Writer, WriterConfig, WriterMisconfigured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbital_sdk import Attempt, Batch, PluginHost, Written


class BrokenWriter(Writer[WriterConfig]):
    """Never starts: its output pauses and keeps all samples."""

    reason: ClassVar[str]
    """Why the writer cannot be used."""

    async def start(self, host: PluginHost) -> None:
        raise ConfigurationError(self.reason)

    async def write(self, batches: Sequence[Batch], attempt: Attempt) -> Written:
        raise WriterMisconfigured(self.reason)


@lru_cache
def broken_writer(name: str, reason: str) -> type[Writer[Any]]:
    """A stand-in; the same class for the same reason, so that a reload sees no change."""
    return cast(
        "type[Writer[Any]]", type("Broken", (BrokenWriter,), {"name": name, "reason": reason})
    )
