"""The base of providers of secrets, which give the values of `${secret:NAME}` in a configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeAlias, TypeVar

from pydantic import SecretStr

from orbital_sdk.contract.plugin import type_arguments
from orbital_sdk.errors import ConfigurationError
from orbital_sdk.fields import Fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

Answer: TypeAlias = SecretStr | ConfigurationError | None
"""A secret; why it cannot be given; or None: the provider has none of this name."""


class SecretProviderConfig(Fields):
    """Settings of a provider, which stand under `secrets.NAME`."""


P = TypeVar("P", bound=SecretProviderConfig)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a configuration is read."""

    environ: Mapping[str, str]
    folder: Path
    """The folder of the configuration file, where relative paths begin."""
    data: Path
    """The agent's data folder. It may not exist yet."""


class SecretProvider(Generic[P]):
    """Gives secrets by name. `get` is enough; a provider that answers many names at once has `get_all`.

    Both may block: they are called on a thread, which is given up at `secrets.timeout`. One instance lives
    as long as its settings, so it may keep a connection.
    """

    name: ClassVar[str]
    """Also the entry point's name in the group `orbital.secrets`, and the one to ask by name:
    `${vault:NAME}`."""
    summary: ClassVar[str] = ""
    """One sentence for lists."""
    contract: ClassVar[int] = 1
    """The contract of the SDK that it was written for. An agent that does not know this one refuses it."""
    config_model: ClassVar[type[SecretProviderConfig]] = SecretProviderConfig
    default: ClassVar[bool] = False
    """Whether `${secret:NAME}` asks it without any settings."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for argument in type_arguments(cls, SecretProvider):
            if issubclass(argument, SecretProviderConfig):
                cls.config_model = argument

    def __init__(self, config: P, around: Surroundings) -> None:
        self.config = config
        self.around = around

    def get(self, name: str) -> SecretStr | None:
        """The secret of this name, or None.

        Raises:
            ConfigurationError: It cannot be asked now, or not for such a name. The next provider is not
                asked then: not to know is not the same as not to have.
        """
        raise NotImplementedError(f"secret provider {self.name!r} has no get()")

    def get_all(self, names: Sequence[str]) -> Mapping[str, Answer]:
        """An answer for each name; one that is left out counts as None.

        Raises:
            ConfigurationError: None of them can be given.
        """
        return {name: self._answer(name) for name in names}

    def _answer(self, name: str) -> Answer:
        try:
            return self.get(name)
        except ConfigurationError as error:
            return error

    def files(self, name: str) -> Iterable[Path]:
        """Files that hold this secret: a change of one is a reload. Without any, the provider is asked
        again every `secrets.refresh`.
        """
        return ()

    def remedy(self, name: str) -> str:
        """What a user may do so that it has this secret; empty where there is nothing to say."""
        return ""
