"""The provider `store`: secrets in an encrypted file, set by `sentinel secrets`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Self

from pydantic import SecretStr, model_validator

from orbital_sdk.secret_provider import SecretProvider, SecretProviderConfig, Surroundings
from orbital_secrets.store.encrypted import EncryptedFile
from orbital_secrets.store.keys import CredentialKey, KeyFile, KeyringKey, KeySource, Passphrase

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from orbital_sdk.secret_provider import Answer

CREDENTIAL: Final = "orbital-sentinel.key"
"""Name of the systemd credential with the key."""


class StoreConfig(SecretProviderConfig):
    path: Path = Path("secrets.json")
    """The store. A relative path begins at the agent's data folder."""
    key: Literal["auto", "credential", "file", "keyring", "passphrase"] = "auto"
    """Where the key of the store stands. `auto`: the passphrase if one is set, the systemd credential
    `orbital-sentinel.key` if there is one, otherwise the file."""
    key_file: Path = Path("secrets.key")
    """The file of the key (0600). A relative path begins at the agent's data folder."""
    passphrase: SecretStr | None = None
    """The passphrase from which the key is derived."""

    @model_validator(mode="after")
    def _has_passphrase(self) -> Self:
        if self.key == "passphrase" and self.passphrase is None:
            raise ValueError("key: passphrase needs a passphrase")
        return self


class Store(SecretProvider[StoreConfig]):
    """`${secret:NAME}` from the encrypted store."""

    name = "store"
    summary = "An encrypted file, set by `sentinel secrets`"
    default = True

    def __init__(self, config: StoreConfig, around: Surroundings) -> None:
        super().__init__(config, around)
        self.file = EncryptedFile(around.data / config.path, self._key())

    def get_all(self, names: Sequence[str]) -> Mapping[str, Answer]:
        """Reads the store once."""
        entries = self.file.read()
        return {name: SecretStr(entries[name].value) for name in names if name in entries}

    def files(self, name: str) -> Iterable[Path]:
        """The store."""
        return [self.file.path]

    def remedy(self, name: str) -> str:
        """The command that sets it."""
        return f"`sentinel secrets set {name}` stores it"

    def _key(self) -> KeySource:
        folder = self.around.environ.get("CREDENTIALS_DIRECTORY", "")
        credential = Path(folder, CREDENTIAL)
        match self.config:
            case StoreConfig(key="passphrase" | "auto", passphrase=SecretStr() as passphrase):
                return Passphrase(passphrase)
            case StoreConfig(key="keyring"):
                return KeyringKey()
            case StoreConfig(key="credential"):
                return CredentialKey(credential)
            case StoreConfig(key="auto") if folder and credential.exists():
                return CredentialKey(credential)
            case _:
                return KeyFile(self.around.data / self.config.key_file)
