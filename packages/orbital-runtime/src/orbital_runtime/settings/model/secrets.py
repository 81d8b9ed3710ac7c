"""The section about secrets."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from orbital_runtime.settings.model.base import Interval, Section, Timeout


class SecretsSection(Section):
    """Where `${secret:NAME}` comes from. Any other key is the name of a provider, with its settings."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, dict[str, Any]] = Field(init=False, repr=False)  # pyright: ignore[reportIncompatibleVariableOverride] (as pydantic documents)

    order: list[str] = Field(default_factory=list[str])
    """Providers that are asked, one after the other, until one has the secret. Empty: those with settings
    here, in their order, then those that need none."""
    timeout: Timeout = 10
    """Time for all providers together, at a start and at a reload."""
    refresh: Interval = 300
    """Time between two looks for changed secrets that no file holds."""

    @property
    def providers(self) -> dict[str, dict[str, Any]]:
        """Settings of providers, as they stand in the file."""
        return self.__pydantic_extra__ or {}
