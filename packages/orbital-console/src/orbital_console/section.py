"""The section that the console adds to the configuration."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from orbital_runtime.settings.model.base import Section
from orbital_sdk.units import ByteSize  # noqa: TC001 (pydantic reads annotations when it runs)


class ConsoleSection(Section):
    """The console: pages for people, and the history that they show."""

    enabled: bool = True
    """Remember runs and values, and serve pages. Without it, `sentinel explain` has no history."""
    memory: Annotated[ByteSize, Field(ge=1 << 20)] = 32 << 20
    """Memory for the history at most, half of it for runs; the oldest go first."""
