"""The secrets of one configuration."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydantic import SecretStr

from orbital_runtime.secrets.asking import ask

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from orbital_runtime.secrets.providers import Providers
    from orbital_runtime.secrets.reference import Reference
    from orbital_sdk.secret_provider import SecretProviderConfig


@dataclass(frozen=True, slots=True)
class Round:
    """References that were asked for at once, and what they stand for."""

    values: Mapping[Reference, SecretStr]
    providers: Providers
    timeout: float

    def changed(self) -> bool:
        """Whether a secret that no file holds is another one now. Blocks.

        Whoever gives no answer counts as unchanged.
        """
        again = [one for one in self.values if not self._is_in_files(one)]
        found = ask(again, self.providers, self.timeout) if again else {}
        return any(
            isinstance(new, SecretStr) and new != self.values[one] for one, new in found.items()
        )

    def _is_in_files(self, reference: Reference) -> bool:
        asked = self.providers.asked(reference)
        return all(self.providers.files(one, reference.name) for one in asked)


@dataclass(frozen=True, slots=True)
class Secrets:
    """All rounds: that of the providers' own settings, and that of the rest."""

    rounds: tuple[Round, ...] = field(default=(), repr=False)

    @property
    def providers(self) -> Providers | None:
        """Those of the rest."""
        return self.rounds[-1].providers if self.rounds else None

    @property
    def settings(self) -> Mapping[str, SecretProviderConfig]:
        """Settings of providers, by name."""
        return self.providers.settings if self.providers else MappingProxyType({})

    def texts(self) -> Iterator[str]:
        """Every secret."""
        for one in self.rounds:
            yield from (value.get_secret_value() for value in one.values.values())

    def changed(self) -> bool:
        """As `Round.changed`."""
        return any(one.changed() for one in self.rounds)
