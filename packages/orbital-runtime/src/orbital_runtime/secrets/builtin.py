"""The providers that need no other package: environment variables and files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import SecretStr

from orbital_sdk import ConfigurationError
from orbital_sdk.secret_provider import SecretProvider, SecretProviderConfig

if TYPE_CHECKING:
    from collections.abc import Iterable

LARGEST: Final = 64 << 10
"""Bytes of a secret in a file."""


class Environment(SecretProvider[SecretProviderConfig]):
    """`${env:NAME}`: the variable NAME, as in `${NAME}`."""

    name = "env"
    summary = "Environment variables"

    def get(self, name: str) -> SecretStr | None:
        """The variable's value."""
        value = self.around.environ.get(name)
        return None if value is None else SecretStr(value)


class FileConfig(SecretProviderConfig):
    folder: Path = Path()
    """Where relative names begin. A relative folder begins at the configuration file's."""


class Files(SecretProvider[FileConfig]):
    """`${file:PATH}`: all of a file, but for line breaks at its end."""

    name = "file"
    summary = "A file for each secret, as Docker and Kubernetes mount them"

    def get(self, name: str) -> SecretStr | None:
        """The file's content."""
        return read(*self.files(name))

    def files(self, name: str) -> Iterable[Path]:
        """The one of this name."""
        return [self.around.folder / self.config.folder / name]


def read(path: Path) -> SecretStr | None:
    """The content of a file without line breaks at its end; None if there is no such file.

    Raises:
        ConfigurationError: It cannot be read, is too large, or is not text.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise ConfigurationError(f"{path} cannot be read: {why}") from error
    if len(content) > LARGEST:
        raise ConfigurationError(f"{path} is larger than {LARGEST >> 10} KiB")
    try:
        return SecretStr(content.decode("utf-8-sig").rstrip("\r\n"))
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path} is not UTF-8 text") from None  # the cause has its bytes
