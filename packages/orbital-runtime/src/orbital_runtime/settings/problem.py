"""Why a configuration cannot be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orbital_sdk import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orbital_sdk.problems import Problem


class SettingsError(ConfigurationError):
    """The configuration cannot be used. Holds every problem at once, and no secret."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: Sequence[Problem] = tuple(dict.fromkeys(problems))
        super().__init__("\n".join(map(str, self.problems)))
