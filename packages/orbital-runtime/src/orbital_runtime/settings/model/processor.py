"""The section of a processor, which may stand in three places."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from orbital_runtime.settings.model.base import OpenSection


class ProcessorSection(OpenSection):
    """What happens to samples; the processor's own keys stand beside `name`."""

    name: Annotated[str, Field(min_length=1)]
    """Name of the processor."""
