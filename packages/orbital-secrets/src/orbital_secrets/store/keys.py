"""Where the key of the store stands.

A source gives Fernet keys (https://github.com/fernet/spec), the newest first. There are two of them only
while a rotation is under way, so that one that was interrupted can be repeated.
"""

from __future__ import annotations

import base64
import os
import stat
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Final, Protocol

from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from orbital_sdk import ConfigurationError
from orbital_secrets.store.files import replace_file

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path
    from types import ModuleType

    from pydantic import SecretStr

LARGEST: Final = 4096
"""Bytes of a file of keys."""
SERVICE: Final = "orbital-sentinel"
USER: Final = "store"
"""Both are the name of the entry in a keyring."""
COST: Final = 2**17
"""Of scrypt, with r=8 and p=1: 128 MiB and a third of a second (OWASP, Password Storage Cheat Sheet)."""


class KeySource(Protocol):
    """Gives and keeps the keys of a store."""

    def keys(self, salt: bytes) -> Sequence[bytes]:
        """The keys; none where there is no key yet.

        Raises:
            ConfigurationError: They cannot be read.
        """
        ...

    def put(self, keys: Sequence[bytes]) -> None:
        """Keep these keys.

        Raises:
            ConfigurationError: It is not possible here, and what to do instead.
        """
        ...


class KeyFile:
    """A file that only its owner may read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __str__(self) -> str:
        return str(self.path)

    def keys(self, salt: bytes) -> Sequence[bytes]:
        """A key on each line."""
        try:
            with self.path.open("rb") as file:
                if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                    raise ConfigurationError(
                        f"others may read {self.path}; run `chmod 600 {self.path}`"
                    )
                return file.read(LARGEST).split()
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise ConfigurationError(f"{self.path} cannot be read: {error.strerror}") from error

    def put(self, keys: Sequence[bytes]) -> None:
        """Replace the file."""
        replace_file(self.path, b"".join(key + b"\n" for key in keys))


class CredentialKey(KeyFile):
    """A systemd credential: a file that systemd decrypted for this service (systemd.exec(5))."""

    def keys(self, salt: bytes) -> Sequence[bytes]:
        """A key on each line. systemd cares for who may read it."""
        try:
            return self.path.read_bytes()[:LARGEST].split()
        except OSError as error:
            raise ConfigurationError(f"{self.path} cannot be read: {error.strerror}") from error

    def put(self, keys: Sequence[bytes]) -> None:
        """Refused: only systemd writes it."""
        raise ConfigurationError(
            f"the key is a systemd credential ({self.path.name}); write a new one with --to FILE, "
            "and encrypt it with systemd-creds"
        )


class KeyringKey:
    """The keyring of the user's desktop or system, by the package keyring."""

    module = "keyring"

    def __str__(self) -> str:
        return f"the keyring (service {SERVICE})"

    def keys(self, salt: bytes) -> Sequence[bytes]:
        """Keys with spaces between them."""
        with self._usable() as keyring:
            return (keyring.get_password(SERVICE, USER) or "").encode().split()

    def put(self, keys: Sequence[bytes]) -> None:
        """Replace the entry."""
        with self._usable() as keyring:
            keyring.set_password(SERVICE, USER, b" ".join(keys).decode())

    @contextmanager
    def _usable(self) -> Generator[ModuleType]:
        try:
            yield import_module(self.module)
        except ImportError as error:
            hint = "`pip install 'orbital-secrets[keyring]'`"
            raise ConfigurationError(f"the package keyring is not installed; {hint}") from error
        except Exception as error:
            raise ConfigurationError(f"{self} cannot be used: {error}") from error


class Passphrase:
    """A key that is derived from a passphrase and the salt of the store (scrypt, RFC 7914)."""

    def __init__(self, passphrase: SecretStr, *, cost: int = COST) -> None:
        self._passphrase = passphrase
        self._cost = cost
        self._derived: tuple[bytes, bytes] = b"", b""

    def __str__(self) -> str:
        return "the passphrase"

    def keys(self, salt: bytes) -> Sequence[bytes]:
        """The derived key; the last one is remembered."""
        if self._derived[0] != salt:
            text = self._passphrase.get_secret_value().encode()
            key = Scrypt(salt, length=32, n=self._cost, r=8, p=1).derive(text)
            self._derived = salt, base64.urlsafe_b64encode(key)
        return (self._derived[1],)

    def put(self, keys: Sequence[bytes]) -> None:
        """Refused: it stands in the configuration."""
        raise ConfigurationError(
            "the key comes from a passphrase, which stands in the configuration"
        )
