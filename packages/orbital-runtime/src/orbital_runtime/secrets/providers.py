"""The providers of one configuration, each made when it is first asked."""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from orbital_runtime.guard.escape import contained
from orbital_runtime.plugins.extras import package_of
from orbital_runtime.plugins.registry import Unusable
from orbital_runtime.secrets.reference import CHAIN
from orbital_sdk import ConfigurationError
from orbital_sdk.hints import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from orbital_runtime.plugins.registry import NotInstalled, Registry
    from orbital_runtime.secrets.reference import Reference
    from orbital_sdk.secret_provider import SecretProvider, SecretProviderConfig, Surroundings


def advice(error: NotInstalled) -> str:
    """What to do about a name that no provider has."""
    near = nearest(error.name, error.installed)
    return f"did you mean {near}?" if near else f"`pip install {package_of('secrets')}`"


class Providers:
    """Providers by name.

    Args:
        registry: What is installed.
        around: Where the configuration is read.
        settings: Of those that have any, checked; in the order of the file.
        order: Names for `${secret:NAME}`; empty: all with settings, then those that need none.
        before: Of the configuration read last: a provider with equal settings stays.
    """

    def __init__(
        self,
        registry: Registry,
        around: Surroundings,
        settings: Mapping[str, SecretProviderConfig],
        order: Sequence[str] = (),
        before: Providers | None = None,
    ) -> None:
        self.settings = settings
        self._given = order
        self._registry = registry
        self.around = around
        self.made: dict[str, SecretProvider[Any]] = {}
        """Those that were asked."""
        self._before = dict(before.made) if before else {}

    @cached_property
    def order(self) -> Sequence[str]:
        """The providers that `${secret:NAME}` asks."""
        return self._given or tuple(dict.fromkeys([*self.settings, *self._defaults()]))

    def asked(self, reference: Reference) -> Sequence[str]:
        """The providers that this reference asks, in order."""
        return self.order if reference.provider == CHAIN else (reference.provider,)

    def get(self, name: str) -> SecretProvider[Any]:
        """The provider of this name.

        Raises:
            ConfigurationError: It is not installed, cannot be used, or has settings that are missing.
        """
        if name not in self.made:
            self.made[name] = self._make(name)
        return self.made[name]

    def files(self, provider: str, name: str) -> Sequence[Path]:
        """Files of a provider that hold this secret, or may; none where it cannot be asked."""
        with suppress(Exception), contained:  # asking it for the secret says so
            return tuple(self.get(provider).files(name))
        return ()

    def _make(self, name: str) -> SecretProvider[Any]:
        kind = self._registry.provider(name)
        try:
            config = self.settings.get(name) or kind.config_model()
        except ValidationError as error:
            raise ConfigurationError(f"it needs settings, under secrets.{name}") from error
        earlier = self._before.get(name)
        same = kind, config, self.around
        if earlier is not None and (type(earlier), earlier.config, earlier.around) == same:
            return earlier
        return kind(config, self.around)

    def _defaults(self) -> list[str]:
        found: list[str] = []
        for name in self._registry.names("provider"):
            with suppress(Unusable):  # `sentinel plugins list` says why
                found += [name] * self._registry.provider(name).default
        return found
